"""LZ78Y prediction estimate, SP 800-90B section 6.3.10."""

from __future__ import annotations

from qrng._native import lib
from qrng.entropy.sp800_90b.contexts import predict_bits, predict_symbols
from qrng.entropy.sp800_90b.estimate import Estimate, Estimator
from qrng.entropy.sp800_90b.prediction import estimate_from, need, prediction
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "lz78y"
SECTION = "6.3.10"
LONGEST = 16  # B, step 1
FIRST_BITS = 17  # log2 of the slots for the 65,536 prefixes (step 3)


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a symbol against a dictionary of what followed strings of 1 to 16 symbols.

    Raises:
        NotApplicable: fewer than 19 symbols.
    """
    need(sequence, LONGEST + 3)
    result = prediction()
    if sequence.packed is not None:
        size = lib.qrng_entropy_lz78y_bits_scratch_bytes()
        predict_bits(lib.qrng_entropy_lz78y_bits, size, sequence, result)
    else:
        predict_symbols(lib.qrng_entropy_lz78y, sequence, result, FIRST_BITS)
    return estimate_from(NAME, SECTION, sequence, sequence.length - LONGEST - 1, result)


ESTIMATOR = Estimator(NAME, SECTION, estimate, cost=(75, 6))
