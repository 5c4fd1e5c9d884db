"""Lag prediction estimate, SP 800-90B section 6.3.8."""

from __future__ import annotations

import numpy as np

from qrng import bits
from qrng._native import check, lib, readable, writable
from qrng.entropy.sp800_90b.estimate import Estimate, Estimator
from qrng.entropy.sp800_90b.prediction import estimate_from, need, prediction
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "lag"
SECTION = "6.3.8"


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a symbol against a guess that a symbol up to 128 places back comes again.

    Raises:
        NotApplicable: fewer than 3 symbols.
    """
    need(sequence, 3)
    n, width = sequence.length, 1
    planes = sequence.packed
    if planes is None:
        width = sequence.width
        planes = np.empty(width * bits.bytes_for(n), np.uint8)
        lib.qrng_entropy_planes(writable(planes), readable(sequence.symbols), n, width)
    result = prediction()
    check(lib.qrng_entropy_lag(result, readable(planes), n, width), "the lag predictor takes symbols of 1 to 8 bits")
    return estimate_from(NAME, SECTION, sequence, n - 1, result)


ESTIMATOR = Estimator(NAME, SECTION, estimate, cost=(17, 5))
