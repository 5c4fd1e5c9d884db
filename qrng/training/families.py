"""Degradations to train on: how the bias of a bit, or of a parity of bits, moves over time.

A parity is balanced in a healthy source just as a bit is, so a Markov source or one with a lagged copy is, to
the network, a constant bias of another stream. Held out of training, for the evaluation in benchmarks/:
afterpulse, dead time, XOR, square-wave locking, phase noise, bursts, lane errors, crosstalk, replay, LFSR.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK", "FAMILIES", "sequences"]

FAMILIES = ("bias", "drift", "markov", "lag", "sine")
"""Families trained on; markov and lag are constant biases of a parity."""

BLOCK = 64
"""Bits between two bets."""

Floats = npt.NDArray[np.float64]


def _profile(family: str, blocks: int, rng: np.random.Generator) -> Floats:
    """Excess of P(1) over 1/2 in each block, of root mean square 1 before it is scaled."""
    if family == "drift":
        knots = rng.normal(size=rng.integers(2, 9))
        shape = np.interp(np.linspace(0, 1, blocks), np.linspace(0, 1, len(knots)), knots)
    elif family == "sine":
        period = 2.0 ** rng.uniform(2, 8)  # in blocks
        shape = np.sin(2 * np.pi * (np.arange(blocks) / period + rng.random()))
    else:
        shape = np.full(blocks, rng.choice([-1.0, 1.0]))
    return np.asarray(shape / np.sqrt(np.mean(shape**2)), np.float64)


def sequences(count: int, blocks: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Ones in each block of `count` sequences, and the size of each sequence's effect.

    Returns:
        float64 array (count, blocks) of ones among BLOCK bits; float64 array (count,) of the root mean square
        excess of P(1) over 1/2, from 0.015 to 0.2, log-uniform.
    """
    size = 2.0 ** rng.uniform(np.log2(0.015), np.log2(0.2), count)
    excess = np.stack([s * _profile(FAMILIES[i % len(FAMILIES)], blocks, rng) for i, s in enumerate(size)])
    ones = rng.binomial(BLOCK, 0.5 + np.clip(excess, -0.45, 0.45))
    return ones.astype(np.float64), size
