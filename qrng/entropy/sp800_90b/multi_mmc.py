"""Multi Markov model with counting prediction estimate, SP 800-90B section 6.3.9."""

from __future__ import annotations

from qrng._native import lib
from qrng.entropy.sp800_90b.contexts import predict_bits, predict_symbols
from qrng.entropy.sp800_90b.estimate import Estimate, Estimator
from qrng.entropy.sp800_90b.prediction import estimate_from, need, prediction
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "multi_mmc"
SECTION = "6.3.9"
FIRST_BITS, FIRST_BITS_WIDE = 19, 18  # log2 of the slots for the contexts of a million good symbols, and of wide ones


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a symbol against Markov models of orders 1 to 16.

    Raises:
        NotApplicable: fewer than 4 symbols.
    """
    need(sequence, 4)
    result = prediction()
    if sequence.packed is not None:
        size = lib.qrng_entropy_multi_mmc_bits_scratch_bytes()
        predict_bits(lib.qrng_entropy_multi_mmc_bits, size, sequence, result)
    else:
        first_bits = FIRST_BITS_WIDE if sequence.width > 6 else FIRST_BITS
        predict_symbols(lib.qrng_entropy_multi_mmc, sequence, result, first_bits)
    return estimate_from(NAME, SECTION, sequence, sequence.length - 2, result)


ESTIMATOR = Estimator(NAME, SECTION, estimate, cost=(100, 30))
