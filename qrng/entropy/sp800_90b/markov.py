"""Markov estimate, SP 800-90B section 6.3.3: the likeliest 128 bits of a first-order chain."""

from __future__ import annotations

import math

from qrng._native import ffi, lib, readable
from qrng.entropy.sp800_90b.estimate import Estimate, Estimator, NotApplicable
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "markov"
SECTION = "6.3.3"
STEPS = 128  # length of the sequences compared, step 4


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a bit of the likeliest sequence of 128 bits, at most 1.

    Details: p_0, p_1, p_00 (0 followed by 0), p_01, p_10, p_11, p_hat_max (probability of the likeliest sequence).

    Raises:
        NotApplicable: fewer than two symbols.
    """
    if sequence.length < 2:
        raise NotApplicable("needs at least 2 symbols")
    c = ffi.new("uint64_t[4]")
    lib.qrng_entropy_transitions(c, readable(sequence.packed), sequence.length)
    p_00, p_01 = _split(int(c[0]), int(c[1]))
    p_10, p_11 = _split(int(c[2]), int(c[3]))
    p_0 = (sequence.length - sequence.ones) / sequence.length  # the last symbol counts here
    p_1 = 1.0 - p_0
    bits = [
        -sum(times * math.log2(p) for times, p in factors)
        for factors in _candidates(p_0, p_1, p_00, p_01, p_10, p_11)
        if all(p > 0.0 for _, p in factors)
    ]
    least = min([float(STEPS), *bits])
    details = {"p_0": p_0, "p_1": p_1, "p_00": p_00, "p_01": p_01, "p_10": p_10, "p_11": p_11, "p_hat_max": 2.0**-least}
    return Estimate(NAME, SECTION, sequence.on, min(least / STEPS, 1.0), details)


def _split(to_0: int, to_1: int) -> tuple[float, float]:
    """Transition probabilities out of one state; both 0 for a state that is never left."""
    if to_0 + to_1 == 0:
        return 0.0, 0.0
    p = to_0 / (to_0 + to_1)
    return p, 1.0 - p


def _candidates(
    p_0: float, p_1: float, p_00: float, p_01: float, p_10: float, p_11: float
) -> tuple[tuple[tuple[int, float], ...], ...]:
    """The six sequences of step 4 as (times, probability) pairs."""
    return (
        ((1, p_0), (127, p_00)),
        ((1, p_0), (64, p_01), (63, p_10)),
        ((1, p_0), (1, p_01), (126, p_11)),
        ((1, p_1), (1, p_10), (126, p_00)),
        ((1, p_1), (64, p_10), (63, p_01)),
        ((1, p_1), (127, p_11)),
    )


ESTIMATOR = Estimator(NAME, SECTION, estimate, binary_only=True)
