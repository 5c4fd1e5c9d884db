"""The models: parameters, and a function for each kind from windows to scores. Fitting is `qrng.training.models`'s.

- sum-of-squares: Σ z² of the features; fitted to healthy windows
- mahalanobis: zᵀ C⁻¹ z; healthy windows
- rbf: one-class support vectors with the kernel exp(−γ ‖z − z'‖²); healthy windows
- fidelity: one-class support vectors with the fidelity of two quantum states as kernel; healthy windows
- network: tanh units on z; healthy and degraded windows
- variational: a trained quantum circuit's expectations, read out linearly, a quantum neural network; the same
- gan: a discriminator's doubts of words, its opponent a quantum circuit; healthy windows

z are the features over the healthy ones' deviations, clipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError
from qrng.health.models.features import FEATURES, Floats, Shape, features
from qrng.health.models.maps import ansatz, feature_map
from qrng.quantum.born import word_bits, words
from qrng.quantum.circuits import States, signs, states

__all__ = ["CLIP", "KINDS", "Model", "discriminate", "fidelities", "gaussian", "standardised"]

CLIP = 8.0
"""Standard deviations at which a feature is clipped, so that no angle turns round."""
_AT_ONCE = 512  # windows of a batch

Parameters = Mapping[str, Any]


def standardised(raw: Floats, p: Parameters) -> Floats:
    """Features over the deviations of the healthy windows."""
    return np.asarray(np.clip((raw - p["mean"]) / p["deviation"], -CLIP, CLIP), np.float64)


def gaussian(a: Floats, b: Floats, gamma: float) -> Floats:
    """exp(−γ ‖a − b‖²) for rows a against rows b."""
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.exp(-gamma * np.maximum(square, 0)), np.float64)


def fidelities(a: States, b: States) -> Floats:
    """Fidelity of the pure states in rows a with those in rows b, their inner products' squared moduli."""
    return np.asarray(np.abs(b @ a.conj().T).T ** 2, np.float64)


def _sum_of_squares(p: Parameters, z: Floats) -> Floats:
    return np.asarray((z**2).sum(axis=1), np.float64)


def _mahalanobis(p: Parameters, z: Floats) -> Floats:
    return np.asarray(np.einsum("ni,ij,nj->n", z, p["inverse"], z), np.float64)


def _rbf(p: Parameters, z: Floats) -> Floats:
    return np.asarray(-gaussian(z, p["support"], float(p["gamma"])) @ p["weights"], np.float64)


def _fidelity(p: Parameters, z: Floats) -> Floats:
    here = states(FEATURES, feature_map(z, float(p["bandwidth"])), len(z))
    return np.asarray(-fidelities(here, p["support_states"]) @ p["weights"], np.float64)


def _network(p: Parameters, z: Floats) -> Floats:
    return np.asarray(np.tanh(z @ p["first"] + p["first_bias"]) @ p["second"] + p["second_bias"], np.float64)


def _variational(p: Parameters, z: Floats) -> Floats:
    final = states(FEATURES, ansatz(z, p["angles"], float(p["scale"])), len(z))
    observable = p["readout"] @ np.stack([signs(FEATURES, q) for q in range(FEATURES)])
    return np.asarray(np.abs(final) ** 2 @ observable + p["bias"], np.float64)


_BY_FEATURES: dict[str, Callable[[Parameters, Floats], Floats]] = {
    "sum-of-squares": _sum_of_squares,
    "mahalanobis": _mahalanobis,
    "rbf": _rbf,
    "fidelity": _fidelity,
    "network": _network,
    "variational": _variational,
}

KINDS = (*_BY_FEATURES, "gan")
"""Every kind of model."""


def discriminate(p: Parameters, bits: int) -> Floats:
    """log odds of the discriminator, for each word of so many bits, that it comes from the source."""
    x = np.stack([signs(bits, q) for q in range(bits)], axis=1)
    return np.asarray(np.tanh(x @ p["first"] + p["first_bias"]) @ p["second"] + p["second_bias"], np.float64)


class Model:
    """A fitted model, as a score plug-in (`qrng.health.score.ScoreModel`).

    Attributes:
        kind: one of KINDS.
        shape: what its windows are.
        parameters: arrays of float64.
        window: symbols of a window.
    """

    def __init__(self, kind: str, shape: Shape, parameters: Mapping[str, npt.NDArray[Any]]) -> None:
        """ParameterError for an unknown kind or parameters that don't make a model of it."""
        if kind not in KINDS:
            raise ParameterError(f"no kind of model named {kind!r}: choose one of {', '.join(KINDS)}")
        self.kind, self.shape, self.window = kind, shape, shape.window
        self.parameters = {name: np.asarray(array, np.float64) for name, array in parameters.items()}
        if not all(np.isfinite(array).all() for array in self.parameters.values()):
            raise ParameterError(f"the parameters of a {kind} model must be finite")
        try:
            if kind == "gan":
                self._doubt = -discriminate(self.parameters, word_bits(shape.bits_per_symbol, shape.lanes))
            self._ready: dict[str, Any] = dict(self.parameters)
            if kind == "fidelity":
                support = self.parameters["support"]
                gates = feature_map(support, float(self.parameters["bandwidth"]))
                self._ready["support_states"] = states(FEATURES, gates, len(support))
            self.scores(np.zeros((1, shape.window), np.uint8))
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise ParameterError(f"these are not the parameters of a {kind} model ({error})") from error

    @property
    def size(self) -> int:
        """Numbers among the parameters."""
        return sum(array.size for array in self.parameters.values())

    def scores(self, windows: npt.NDArray[Any]) -> Floats:
        """Score of each window (windows, window)."""
        parts = [self._scores(windows[at : at + _AT_ONCE]) for at in range(0, len(windows), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _scores(self, windows: npt.NDArray[Any]) -> Floats:
        if self.kind == "gan":
            doubts = self._doubt[words(windows, self.shape.bits_per_symbol, self.shape.lanes)]
            return np.asarray(doubts.mean(axis=1), np.float64)
        z = standardised(features(windows, self.shape), self.parameters)
        return _BY_FEATURES[self.kind](self._ready, z)

    def score(self, window: npt.NDArray[Any]) -> float:
        """See ScoreModel."""
        return float(self.scores(window[None])[0])
