"""Multi most common in window prediction estimate, SP 800-90B section 6.3.7."""

from __future__ import annotations

from qrng._native import lib, readable
from qrng.entropy.sp800_90b.estimate import Estimate, Estimator
from qrng.entropy.sp800_90b.prediction import estimate_from, need, prediction
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "multi_mcw"
SECTION = "6.3.7"
WINDOWS = (63, 255, 1023, 4095)  # step 1


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a symbol against a guess of the most common symbol of one of four windows.

    Raises:
        NotApplicable: fewer than 4096 symbols, so that the longest window predicts nothing.
    """
    need(sequence, WINDOWS[-1] + 1)
    result = prediction()
    if sequence.packed is not None:
        lib.qrng_entropy_multi_mcw_bits(result, readable(sequence.packed), sequence.length)
    else:
        lib.qrng_entropy_multi_mcw(result, readable(sequence.symbols), sequence.length, sequence.alphabet_size)
    return estimate_from(NAME, SECTION, sequence, sequence.length - WINDOWS[0], result)


ESTIMATOR = Estimator(NAME, SECTION, estimate, cost=(12, 4))
