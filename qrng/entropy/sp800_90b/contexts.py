"""Scratch memory for the two predictors that count contexts (SP 800-90B sections 6.3.9 and 6.3.10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qrng._native import check, ffi, lib, readable
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["predict_bits", "predict_symbols"]

_MOST_BITS = 23  # log2 of the slots, of both tables


def predict_bits(run: Callable[..., Any], scratch_bytes: int, sequence: Sequence, result: Any) -> None:
    """Run a predictor of packed bits with its tables."""
    scratch = np.empty(scratch_bytes // 8 + 1, np.uint64)  # aligned
    run(result, readable(sequence.packed), sequence.length, ffi.from_buffer(scratch))


def predict_symbols(run: Callable[..., int], sequence: Sequence, result: Any, first_bits: int) -> None:
    """Run a predictor of symbols, beginning anew until the contexts of these data fit.

    Of the scratch for next symbols only what the C core's growing table reaches is ever in memory.

    Args:
        run: the predictor.
        sequence: what it predicts.
        result: where the C core puts the result.
        first_bits: log2 of the slots for contexts that are tried first.
    """
    symbols = readable(sequence.symbols)
    for size in range(first_bits, _MOST_BITS + 1):
        scratch = np.empty(lib.qrng_entropy_contexts_scratch_bytes(size, _MOST_BITS) // 8 + 1, np.uint64)
        status = run(result, symbols, sequence.length, ffi.from_buffer(scratch), size, _MOST_BITS)
        if status != lib.QRNG_EFULL:
            break
    check(status, "the contexts of these data do not fit: assess shorter segments")
