"""The network of the learned bettor, its loss and its gradient; csrc/health/learned.c runs it.

    stake = 0.49 softsign(w2 . softsign(W1 z)),    softsign(v) = v / (1 + |v|)

with z the sums of (ones − zeros), decayed on eight scales, each over its deviation for fair bits. No constant
terms: turning every bit over turns the stake over.
"""

from __future__ import annotations

import numpy as np

from qrng.training.families import BLOCK, Floats

__all__ = ["HIDDEN", "INPUTS", "LIMIT", "SCALES", "TAPS", "inputs", "loss_and_gradient", "stakes", "start"]

SCALES = 8
TAPS = 16
INPUTS = SCALES + TAPS
HIDDEN = 16
LIMIT = 0.49


def inputs(ones: Floats) -> Floats:
    """Inputs (count, blocks, INPUTS) that are known before each block of `ones` (count, blocks)."""
    keep = 1 - 2.0 ** -np.arange(SCALES)
    unit = np.sqrt((1 - keep**2) / BLOCK)
    change = 2 * ones - BLOCK
    recent = np.zeros((len(ones), SCALES))
    out = np.zeros((*ones.shape, INPUTS))
    for t in range(ones.shape[1]):
        out[:, t, :SCALES] = recent * unit
        recent = recent * keep + change[:, t, None]
    for tap in range(TAPS):
        out[:, tap + 2 :, SCALES + tap] = change[:, : -(tap + 2)] * unit[0]
    return out


def start(rng: np.random.Generator) -> Floats:
    """Small random weights, W1 row by row and then w2."""
    return np.concatenate([rng.normal(0, 0.1, HIDDEN * INPUTS), rng.normal(0, 0.1, HIDDEN)])


def _softsign(v: Floats) -> Floats:
    return np.asarray(v / (1 + np.abs(v)), np.float64)


def stakes(weights: Floats, z: Floats) -> Floats:
    """Stake for each row of inputs z (rows, INPUTS)."""
    hidden = _softsign(z @ weights[: HIDDEN * INPUTS].reshape(HIDDEN, INPUTS).T)
    return LIMIT * _softsign(hidden @ weights[HIDDEN * INPUTS :])


def loss_and_gradient(weights: Floats, z: Floats, ones: Floats, size: Floats) -> tuple[float, Floats]:
    """Mean over rows of −(log payoff) / (2 BLOCK size²), and its gradient.

    The payoff is that of the claim of one bit a bit, (1 + 2 stake)^ones (1 − 2 stake)^zeros. Division by the
    growth that a constant bias of this size would allow makes weak effects count as much as strong ones.
    """
    first, second = weights[: HIDDEN * INPUTS].reshape(HIDDEN, INPUTS), weights[HIDDEN * INPUTS :]
    v = z @ first.T
    hidden = _softsign(v)
    u = hidden @ second
    stake = LIMIT * _softsign(u)
    scale = 1 / (2 * BLOCK * size**2) / len(ones)
    value = -np.sum(scale * (ones * np.log1p(2 * stake) + (BLOCK - ones) * np.log1p(-2 * stake)))
    by_stake = -scale * (2 * ones / (1 + 2 * stake) - 2 * (BLOCK - ones) / (1 - 2 * stake))
    by_u = by_stake * LIMIT / (1 + np.abs(u)) ** 2
    by_v = np.outer(by_u, second) / (1 + np.abs(v)) ** 2
    return float(value), np.concatenate([(by_v.T @ z).ravel(), hidden.T @ by_u])
