"""Fits the models of `qrng.health.models` to windows of a healthy source; the same seed gives the same model.

Two kinds learn from degraded windows too: the healthy ones with faults injected (families of DEGRADED, strengths
drawn log-uniformly), half of the windows each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError
from qrng.faults.models import Bias, Drift, Fault, Markov
from qrng.health.models.features import FEATURES, Floats, Shape, features
from qrng.health.models.maps import LAYERS, ansatz, feature_map, trained_angles
from qrng.health.models.model import KINDS, Model, fidelities, gaussian, standardised
from qrng.quantum.circuits import gradient, signs, states
from qrng.training.descent import descend
from qrng.training.gan import fit_gan
from qrng.training.support_vectors import one_class

__all__ = ["BANDWIDTH", "DEGRADED", "LEAST_WINDOWS", "degraded", "fit"]

Windows = npt.NDArray[Any]

LEAST_WINDOWS = 50
"""Healthy windows to fit to, at least."""
DEGRADED = ("bias", "drift", "markov")
"""Families of faults that the kinds `network` and `variational` are shown."""
BANDWIDTH = 0.2
"""Of the feature map: where its kernel neither concentrates nor turns flat (docs/reference/quantum-models.md)."""
_MOST_VECTORS = 300  # windows that a kernel matrix is made of
_ANGLE = 0.4  # radians of a deviation in the variational circuit
_HIDDEN = 6
_NETWORK_STEPS = 1500
_CIRCUIT_STEPS = 150


def degraded(windows: Windows, shape: Shape, seed: int) -> Windows:
    """The windows with faults injected, each with one fault of one family, its amount from 0.05 to 0.5."""
    rng = np.random.default_rng(seed)
    out = windows.copy()
    value = 2**shape.bits_per_symbol - 1
    for k, row in enumerate(out):
        amount, fault_seed = float(2.0 ** rng.uniform(np.log2(0.05), -1)), int(rng.integers(1 << 31))
        faults: tuple[Fault, ...] = (
            Bias(seed=fault_seed, amount=amount, value=value * (fault_seed % 2)),
            Drift(seed=fault_seed, amount=amount, value=value * (fault_seed % 2), length=shape.window),
            Markov(seed=fault_seed, amount=amount),
        )
        out[k] = faults[k % len(faults)].transformer(shape.lanes, shape.bits_per_symbol)(row.copy(), 0)
    return out


def fit(kind: str, shape: Shape, windows: Windows, seed: int = 1, bandwidth: float = BANDWIDTH) -> Model:
    """A model of one of KINDS.

    Args:
        kind: one of `qrng.health.models.model.KINDS`.
        shape: what the windows are.
        windows: healthy ones (n, shape.window), which no calibration may use again.
        seed: of every random choice.
        bandwidth: of the quantum kernel's feature map.

    Raises:
        ParameterError: an unknown kind, too few windows, or symbols too wide for the kind.
    """
    if kind not in KINDS:
        raise ParameterError(f"no kind of model named {kind!r}: choose one of {', '.join(KINDS)}")
    if windows.ndim != 2 or len(windows) < LEAST_WINDOWS or windows.shape[1] != shape.window:
        raise ParameterError(f"a model is fitted to {LEAST_WINDOWS} windows or more of {shape.window} symbols")
    if kind == "gan":
        return Model(kind, shape, fit_gan(windows, shape, seed))
    raw = features(windows, shape)
    p: dict[str, Any] = {"mean": raw.mean(axis=0), "deviation": np.maximum(raw.std(axis=0), 1e-9)}
    z = standardised(raw, p)
    if kind == "mahalanobis":
        p["inverse"] = np.linalg.inv(np.cov(z.T) + 1e-3 * np.eye(FEATURES))
    elif kind in ("rbf", "fidelity"):
        p |= _vectors(kind, z[:_MOST_VECTORS], bandwidth)
    elif kind in ("network", "variational"):
        bad = standardised(features(degraded(windows, shape, seed), shape), p)
        both, labels = np.concatenate([z, bad]), np.repeat([0.0, 1.0], [len(z), len(bad)])
        p |= (_network if kind == "network" else _variational)(both, labels, np.random.default_rng(seed))
    return Model(kind, shape, p)


def _vectors(kind: str, z: Floats, bandwidth: float) -> dict[str, Any]:
    """Support vectors and weights, with the kernel's one parameter."""
    if kind == "rbf":
        square = ((z[:, None] - z) ** 2).sum(axis=2)
        gamma = 1 / float(np.median(square[np.triu_indices(len(z), 1)]))
        extra, kernel = {"gamma": np.array(gamma)}, gaussian(z, z, gamma)
    else:
        found = states(FEATURES, feature_map(z, bandwidth), len(z))
        extra, kernel = {"bandwidth": np.array(bandwidth)}, fidelities(found, found)
    alpha = one_class(kernel)
    held = alpha > 1e-12
    return {"support": z[held], "weights": alpha[held], **extra}


def _blame(logit: Floats, labels: Floats) -> Floats:
    """Derivative of the mean logistic loss by each logit."""
    return np.asarray((1 / (1 + np.exp(-np.clip(logit, -50, 50))) - labels) / len(labels), np.float64)


def _network(z: Floats, labels: Floats, rng: np.random.Generator) -> dict[str, Any]:
    ends = np.cumsum([FEATURES * _HIDDEN, _HIDDEN, _HIDDEN, 1])

    def parts(w: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        first, first_bias, second, second_bias = np.split(w, ends[:-1])
        return first.reshape(FEATURES, _HIDDEN), first_bias, second, second_bias

    def slope(w: Floats) -> Floats:
        first, first_bias, second, second_bias = parts(w)
        hidden = np.tanh(z @ first + first_bias)
        by_logit = _blame(hidden @ second + second_bias, labels)
        by_hidden = np.outer(by_logit, second) * (1 - hidden**2)
        return np.concatenate([(z.T @ by_hidden).ravel(), by_hidden.sum(0), hidden.T @ by_logit, [by_logit.sum()]])

    trained = parts(descend(rng.normal(0, 0.3, int(ends[-1])), slope, _NETWORK_STEPS, 0.02))
    return dict(zip(("first", "first_bias", "second", "second_bias"), trained, strict=True))


def _variational(z: Floats, labels: Floats, rng: np.random.Generator) -> dict[str, Any]:
    count, batch = 2 * LAYERS * FEATURES, 64
    basis = np.stack([signs(FEATURES, q) for q in range(FEATURES)])

    def slope(w: Floats) -> Floats:
        angles, readout, bias = w[:count], w[count:-1], w[-1]
        rows = rng.integers(0, len(z), batch)
        gates = ansatz(z[rows], angles, _ANGLE)
        expected = np.abs(states(FEATURES, gates, batch)) ** 2 @ basis.T
        by_logit = _blame(expected @ readout + bias, labels[rows])
        _, by_angles = gradient(FEATURES, gates, readout @ basis, by_logit, trained_angles(FEATURES))
        return np.concatenate([by_angles, by_logit @ expected, [by_logit.sum()]])

    start = np.concatenate([rng.normal(0, 0.3, count), rng.normal(0, 0.5, FEATURES), [0.0]])
    w = descend(start, slope, _CIRCUIT_STEPS, 0.05)
    return {"angles": w[:count], "readout": w[count:-1], "bias": w[-1], "scale": np.array(_ANGLE)}
