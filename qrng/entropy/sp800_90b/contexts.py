"""Scratch memory for the two predictors that count contexts (SP 800-90B sections 6.3.9 and 6.3.10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qrng._native import check, ffi, lib, readable
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["predict_bits", "predict_symbols"]

_FIRST_BITS = 18  # log2 of the slots tried first, enough for a million bytes of a good source
_MOST_BITS = 23


def predict_bits(run: Callable[..., Any], scratch_bytes: int, sequence: Sequence, result: Any) -> None:
    """Run a predictor of packed bits with its tables."""
    scratch = np.empty(scratch_bytes // 8 + 1, np.uint64)  # aligned
    run(result, readable(sequence.packed), sequence.length, ffi.from_buffer(scratch))


def predict_symbols(run: Callable[..., int], sequence: Sequence, result: Any) -> None:
    """Run a predictor of symbols; the tables grow until the contexts of these data fit."""
    symbols, size = readable(sequence.symbols), _FIRST_BITS
    while True:
        size = min(size + 1, _MOST_BITS)
        scratch = np.empty(lib.qrng_entropy_contexts_scratch_bytes(size, size) // 8 + 1, np.uint64)
        status = run(result, symbols, sequence.length, ffi.from_buffer(scratch), size, size)
        if status != lib.QRNG_EFULL or size == _MOST_BITS:
            break
    check(status, "the contexts of these data do not fit: assess shorter segments")
