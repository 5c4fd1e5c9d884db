"""Bit strings in bytes. Packed means: bit 0 is the most significant bit of byte 0, as `numpy.packbits` has it.

This is the only module that shifts bits; all others pass packed buffers or arrays of symbols.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qrng._native import check, ffi, lib, readable, writable
from qrng.errors import ParameterError

__all__ = [
    "MAX_WIDTH",
    "Bytes",
    "Symbols",
    "bytes_for",
    "copy",
    "count",
    "extract",
    "narrow",
    "pack",
    "reverse_bytes",
    "unpack",
]

MAX_WIDTH = 32
"""Widest symbol, in bits."""

Bytes = npt.NDArray[np.uint8]
Symbols = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]


def bytes_for(bits: int) -> int:
    """Bytes that hold `bits` packed bits."""
    return -(-bits // 8)


def _check_range(buffer: Any, start: int, n: int) -> None:
    if start < 0 or n < 0:
        raise ParameterError(f"bit range {start}+{n} is negative")
    if start + n > 8 * len(buffer):
        raise ParameterError(f"bits {start} to {start + n} asked of a buffer of {8 * len(buffer)} bits")


def pack(symbols: npt.ArrayLike, width: int = 1) -> Bytes:
    """Pack symbols of `width` bits, most significant bit first.

    Args:
        symbols: one-dimensional array of integers in [0, 2**width).
        width: bits a symbol, 1 to 32.

    Returns:
        uint8 array of ceil(len * width / 8) bytes; padding bits are zero.

    Raises:
        ParameterError: a symbol needs more than `width` bits, or is no integer.
    """
    array = np.asarray(symbols)
    if not 1 <= width <= MAX_WIDTH:
        raise ParameterError(f"symbol width {width} is outside 1 to {MAX_WIDTH} bits")
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise ParameterError(f"symbols must be one row of integers, not {array.ndim}-dimensional {array.dtype}")
    if array.dtype.kind == "i" and array.size and int(array.min()) < 0:
        raise ParameterError("symbols must not be negative")
    small = width <= 8
    kind = np.uint8 if small else np.uint32
    if array.size and array.dtype.itemsize > np.dtype(kind).itemsize and int(array.max()) >= 1 << width:
        raise ParameterError(f"a symbol needs more than {width} bits")
    values = np.ascontiguousarray(array, dtype=kind)
    out = np.empty(bytes_for(values.size * width), np.uint8)
    if small:
        status = lib.qrng_bits_pack8(writable(out), readable(values), values.size, width)
    else:
        source = ffi.from_buffer("uint32_t[]", values)
        status = lib.qrng_bits_pack32(writable(out), source, values.size, width)
    check(status, f"a symbol needs more than {width} bits")
    return out


def unpack(packed: Any, n: int, width: int = 1, start: int = 0) -> Symbols:
    """`n` symbols of `width` bits from bit `start` of a packed buffer.

    Returns:
        uint8 array for widths to 8, uint32 for 9 to 32.

    Raises:
        ParameterError: the buffer is too short, or the width is outside 1 to 32.
    """
    if not 1 <= width <= MAX_WIDTH:
        raise ParameterError(f"symbol width {width} is outside 1 to {MAX_WIDTH} bits")
    source = readable(packed)
    _check_range(source, start, n * width)
    if width <= 8:
        small = np.empty(n, np.uint8)
        lib.qrng_bits_unpack8(writable(small), source, start, n, width)
        return small
    wide = np.empty(n, np.uint32)
    lib.qrng_bits_unpack32(ffi.from_buffer("uint32_t[]", wide, require_writable=True), source, start, n, width)
    return wide


def copy(target: Any, target_bit: int, source: Any, source_bit: int, n: int) -> None:
    """Copy `n` bits between packed buffers at any bit offsets; other bits of `target` are kept. No overlap."""
    to, start = writable(target), readable(source)
    _check_range(to, target_bit, n)
    _check_range(start, source_bit, n)
    lib.qrng_bits_copy(to, target_bit, start, source_bit, n)


def extract(packed: Any, start: int, n: int) -> Bytes:
    """`n` bits from bit `start` as a new packed array; padding bits are zero."""
    source = readable(packed)
    _check_range(source, start, n)
    out = np.zeros(bytes_for(n), np.uint8)
    lib.qrng_bits_copy(writable(out), 0, source, start, n)
    return out


def count(packed: Any, n: int | None = None, start: int = 0) -> int:
    """Ones among `n` bits (default: to the end) from bit `start`."""
    source = readable(packed)
    if n is None:
        n = 8 * len(source) - start
    _check_range(source, start, n)
    return int(lib.qrng_bits_count(source, start, n))


def reverse_bytes(packed: Any) -> Bytes:
    """Reverse the bit order inside each byte: least-significant-first packing to ours, and back."""
    source = readable(packed)
    out = np.empty(len(source), np.uint8)
    lib.qrng_bits_reverse_bytes(writable(out), source, len(source))
    return out


def narrow(symbols: Symbols, width: int, bits: int = 8, *, high: bool) -> Bytes:
    """The `bits` (1 to 8) most significant, or least significant, bits of symbols of `width` bits, as uint8."""
    if not 1 <= bits <= min(8, width) or width > MAX_WIDTH:
        raise ParameterError(f"{bits} bits can't be taken of symbols of {width}")
    part = symbols >> np.uint32(width - bits) if high else symbols & np.uint32((1 << bits) - 1)
    return part.astype(np.uint8)
