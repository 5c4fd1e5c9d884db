"""A hybrid generative adversarial network: a quantum circuit makes words, a classical network tells them from real.

The generator is a Born machine (`qrng.quantum.born`), trained by exact gradients on −Σ p(word) log D(word), the
discriminator one hidden layer on the words' bits (after Dallaire-Demers, Killoran, Phys. Rev. A 98, 012324, 2018;
here the expectations are exact and nothing is sampled). The generator becomes a twin of the source (`twin:`), the
discriminator a score.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError
from qrng.health.models.features import Floats, Shape
from qrng.health.models.model import discriminate
from qrng.quantum import born
from qrng.quantum.circuits import gradient, signs
from qrng.training.descent import Adam

__all__ = ["fit_gan"]

_HIDDEN = 12
_STEPS = 400
_PER_STEP = 3
"""Steps of the discriminator to one of the generator: with one to one and equal rates they circle each other."""


def fit_gan(windows: npt.NDArray[Any], shape: Shape, seed: int) -> dict[str, Floats]:
    """Parameters of a `gan` model; ParameterError for symbols of more than 10 bits."""
    bits = born.word_bits(shape.bits_per_symbol, shape.lanes)
    if bits > born.WIDEST:
        raise ParameterError(f"a gan is fitted to symbols of at most {born.WIDEST} bits, not {bits}")
    seen = np.bincount(born.words(windows, shape.bits_per_symbol, shape.lanes).ravel(), minlength=2**bits)
    real = seen / seen.sum()
    rng = np.random.default_rng(seed)
    angles = rng.normal(0, 0.1, 2 * born.LAYERS * bits)
    weights = rng.normal(0, 0.3, bits * _HIDDEN + 2 * _HIDDEN + 1)
    inputs = np.stack([signs(bits, q) for q in range(bits)], axis=1)
    of = born.angle_gates(bits)
    by_generator, by_discriminator = Adam(len(angles), 0.01), Adam(len(weights), 0.02)
    for step in range(_STEPS):
        share = 1 - step / _STEPS
        made = born.probabilities(bits, angles)
        for _ in range(_PER_STEP):
            weights = by_discriminator.step(weights, _slope(weights, inputs, real, made), share)
        belief = np.logaddexp(0, -discriminate(_named(weights, bits), bits))  # −log D
        _, slope = gradient(bits, born.circuit(bits, angles), belief, np.ones(1), of)
        angles = by_generator.step(angles, slope, share)
    return {"angles": angles, **_named(weights, bits)}


def _named(weights: Floats, bits: int) -> dict[str, Any]:
    first, first_bias, second, second_bias = np.split(weights, np.cumsum([bits * _HIDDEN, _HIDDEN, _HIDDEN]))
    return {
        "first": first.reshape(bits, _HIDDEN),
        "first_bias": first_bias,
        "second": second,
        "second_bias": second_bias,
    }


def _slope(weights: Floats, inputs: Floats, real: Floats, made: Floats) -> Floats:
    """Gradient of −Σ real log D − Σ made log (1 − D) by the discriminator's weights."""
    p = _named(weights, inputs.shape[1])
    hidden = np.tanh(inputs @ p["first"] + p["first_bias"])
    belief = 1 / (1 + np.exp(-np.clip(hidden @ p["second"] + p["second_bias"], -50, 50)))
    by_logit = (real + made) * belief - real
    by_hidden = np.outer(by_logit, p["second"]) * (1 - hidden**2)
    return np.concatenate([(inputs.T @ by_hidden).ravel(), by_hidden.sum(0), hidden.T @ by_logit, [by_logit.sum()]])
