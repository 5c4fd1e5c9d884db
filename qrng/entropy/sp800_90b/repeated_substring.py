"""Length of the longest repeated substring as a test for IID, SP 800-90B section 5.2.5."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qrng.entropy.sp800_90b.chi_square import proportions
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["RepeatedSubstring", "repeated_substring_test"]

LOG_KEPT = math.log(0.999)  # step 6: fail if a repeat of this length has probability below 0.001


@dataclass(frozen=True)
class RepeatedSubstring:
    """Collision probability of two symbols, longest repeat W, probability of one at least as long, verdict."""

    p_col: float
    w: int
    probability: float
    passed: bool


def repeated_substring_test(sequence: Sequence) -> RepeatedSubstring:
    """Is the longest repeat no longer than independent symbols would have?

    Pairs of substrings overlap, so that the probability is an approximation; the test rejects less than 0.001.
    """
    p = proportions(sequence)
    p_col = float(np.sum(p * p))
    w = sequence.repeats.v
    positions = sequence.length - w + 1
    pairs = positions * (positions - 1) // 2
    if p_col >= 1.0:
        return RepeatedSubstring(1.0, w, 1.0, True)
    none = pairs * math.log1p(-(p_col**w))  # log of the probability of no repeat
    return RepeatedSubstring(p_col, w, -math.expm1(none), none <= LOG_KEPT)
