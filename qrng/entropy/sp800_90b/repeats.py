"""Repeated tuples of a sequence, which the t-tuple and LRS estimates share (SP 800-90B sections 6.3.5 and 6.3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qrng import bits
from qrng._native import check, ffi, lib, readable
from qrng.errors import ParameterError

__all__ = ["Repeats", "find"]

_WINDOW = 64  # bits
_BINS = 4096
_KEYS = 1 << 20  # windows sorted at a time at least, or an eighth of them, so that the text is read some eight times;
_MANY_KEYS = 1 << 24  # above this number a 32nd of them: two bits of memory for a bit of text
_SUFFIX_BYTES = 1 << 32  # memory that a suffix array may take


@dataclass(frozen=True)
class Repeats:
    """What the two estimates need.

    Attributes:
        u: least length whose most common tuple occurs fewer than 35 times.
        v: length of the longest repeated substring; 0 if no symbol occurs twice.
        tuple_proportion: largest (count / positions)^(1/i) over lengths i < u; 0 if u is 1.
        repeat_proportion: largest (proportion of equal pairs)^(1/i) over lengths u to v; 0 if v < u.
    """

    u: int
    v: int
    tuple_proportion: float
    repeat_proportion: float


def find(symbols: bits.Symbols | None, packed: bits.Bytes | None, length: int, width: int) -> Repeats:
    """Repeats of `length` symbols, given one a byte, packed at `width` bits a symbol, or (None) either way.

    Sorted 64-bit windows do where no repeat is longer; the suffix array does always, but takes some 10 bytes a symbol.

    Raises:
        ParameterError: the suffix array is needed and would take more than 4 GiB.
    """
    if packed is None:
        packed = bits.pack(symbols if symbols is not None else (), width)
    found = _by_windows(packed, length, width)
    if found is None:
        needed = 8 * length + lib.qrng_entropy_suffix_scratch_bytes(length)
        if needed > _SUFFIX_BYTES:
            raise ParameterError(
                f"{length} symbols with a repeat of {_WINDOW} bits or more: their suffix array takes "
                f"{needed / 2**30:.0f} GiB, more than {_SUFFIX_BYTES >> 30}; assess shorter segments (--segment N)"
            )
        found = _by_suffixes(bits.unpack(packed, length, width) if symbols is None else symbols)
    largest, pairs = found
    longest = int(np.flatnonzero(largest)[-1]) if largest.any() else 0
    out = ffi.new("qrng_tuples *")
    lib.qrng_entropy_tuple_proportions(out, _u64(largest), _u64(pairs), longest, length)
    return Repeats(int(out.u), longest, float(out.tuple), float(out.repeat))


def _u64(array: Any) -> Any:
    return ffi.from_buffer("uint64_t[]", array)


def _by_windows(packed: bits.Bytes, length: int, width: int) -> tuple[Any, Any] | None:
    bins = np.zeros(_BINS, np.uint64)
    lib.qrng_entropy_window_bins(_u64(bins), readable(packed), length, width)
    fullest = int(bins.max())
    part = max(min(length // 8, _MANY_KEYS), length // 32)
    capacity = max(min(_KEYS, length), part, fullest, 1)
    keys, spare = np.empty(capacity + 1, np.uint64), np.empty(max(fullest, 1), np.uint64)
    largest, pairs = np.zeros(_WINDOW + 1, np.uint64), np.zeros(_WINDOW + 1, np.uint64)
    status = lib.qrng_entropy_window_repeats(
        _u64(largest), _u64(pairs), readable(packed), length, width, _u64(bins), _u64(keys), capacity, _u64(spare)
    )
    if status == lib.QRNG_EFULL:
        return None
    check(status, "repeats are found in at most 2^31 - 1 symbols: assess shorter segments")
    return largest, pairs


def _by_suffixes(symbols: bits.Symbols) -> tuple[Any, Any]:
    n = symbols.size
    order, common = np.empty(n + 1, np.int32), np.empty(n + 1, np.int32)
    sa, lcp = ffi.from_buffer("int32_t[]", order), ffi.from_buffer("int32_t[]", common)
    scratch = np.empty(lib.qrng_entropy_suffix_scratch_bytes(n) // 4 + 1, np.int32)
    longest = ffi.new("uint64_t *")
    status = lib.qrng_entropy_suffix_sort(sa, lcp, longest, readable(symbols), n, ffi.from_buffer(scratch))
    check(status, "repeats are found in at most 2^31 - 2 symbols: assess shorter segments")
    del scratch
    entries = int(longest[0]) + 2
    largest, pairs = np.zeros(entries, np.uint64), np.zeros(entries, np.uint64)
    stack = np.empty(2 * entries, np.uint64)
    lib.qrng_entropy_suffix_repeats(_u64(largest), _u64(pairs), sa, lcp, n, _u64(stack))
    return largest, pairs
