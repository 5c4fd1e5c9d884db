"""Products of polynomials over GF(2), by the kernels that extraction uses.

    >>> from qrng import gf2
    >>> bin(gf2.multiply(0b111, 0b11))  # (z^2 + z + 1)(z + 1) = z^3 + 1
    '0b1001'

Karatsuba's method (Karatsuba, Ofman, Soviet Physics Doklady 7 (1963) 595) for short factors, the additive FFT over
GF(2^64) (Cantor, J. Combin. Theory A 50 (1989) 285; Gao, Mateer, IEEE Trans. Inf. Theory 56 (2010) 6265) for long ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qrng._native import check, ffi, lib, wipe
from qrng.errors import ParameterError

__all__ = ["multiply"]

_Words = NDArray[np.uint64]
_WORD = 8  # bytes


def multiply(a: Any, b: Any) -> Any:
    """The product of two polynomials over GF(2), both in one of three forms.

    - ints of at least 0: the coefficient of z^i is bit i;
    - packed bytes, least significant first, as `int.from_bytes(..., "little")` reads them: bit i % 8 of byte i // 8;
    - one-dimensional arrays of uint64: bit i % 64 of word i // 64.

    In the last two the time depends on the lengths alone, and working space is wiped.

    Args:
        a, b: factors of up to 2^30 bits.

    Returns:
        An int; a bytearray of len(a) + len(b) bytes; an array of len(a) + len(b) words. A factor without bytes or
        words is the zero polynomial.

    Raises:
        ParameterError: the factors are of different forms or of another one, an int is negative, or a factor is too
            long.
    """
    if type(a) is int and type(b) is int:
        if a < 0 or b < 0:
            raise ParameterError("a polynomial is an int of at least 0: the sign has no meaning here")
        x, y = (number.to_bytes(-(-number.bit_length() // 8), "little") for number in (a, b))
        return int.from_bytes(_product_of_bytes(x, y), "little")
    arrays = [isinstance(factor, np.ndarray) and factor.dtype == np.uint64 for factor in (a, b)]
    if all(arrays):
        if a.ndim != 1 or b.ndim != 1:
            raise ParameterError("a polynomial is an array of one dimension")
        return _product(np.ascontiguousarray(a), np.ascontiguousarray(b))
    if any(arrays) or isinstance(a, int) or isinstance(b, int):
        raise ParameterError("both factors must be ints of at least 0, packed bytes, or arrays of uint64")
    return _product_of_bytes(_bytes_of(a), _bytes_of(b))


def _bytes_of(factor: Any) -> memoryview:
    try:
        view = memoryview(factor)
        return view.cast("B") if view.itemsize == 1 else _refuse(factor)
    except (TypeError, ValueError):
        return _refuse(factor)


def _refuse(factor: Any) -> memoryview:
    raise ParameterError(
        "a polynomial is an int of at least 0, contiguous packed bytes or an array of uint64, not "
        f"{type(factor).__name__}"
    ) from None


def _product_of_bytes(x: Any, y: Any) -> bytearray:
    factors = [np.zeros(-(-len(packed) // _WORD), "<u8") for packed in (x, y)]  # whole words
    for words, packed in zip(factors, (x, y), strict=True):
        words.view(np.uint8)[: len(packed)] = np.frombuffer(packed, np.uint8)
    product = _product(*(words.astype(np.uint64, copy=False) for words in factors)).astype("<u8", copy=False)
    try:
        return bytearray(product.view(np.uint8)[: len(x) + len(y)])
    finally:
        for words in (*factors, product):
            wipe(words)


def _product(a: _Words, b: _Words) -> _Words:
    out = np.zeros(len(a) + len(b), np.uint64)
    if not len(a) or not len(b):
        return out
    size = lib.qrng_gf2_scratch_bytes(len(a), len(b))
    if size == 0:
        raise ParameterError(f"a polynomial has at most {64 * lib.QRNG_GF2_MAX_WORDS} coefficients")
    scratch = np.empty(size, np.uint8)
    x, y, z = (ffi.cast("uint64_t *", ffi.from_buffer(words)) for words in (a, b, out))
    status = lib.qrng_gf2_multiply(z, x, len(a), y, len(b), ffi.from_buffer(scratch), size)
    wipe(scratch)
    check(status, "the kernel was changed during a product: multiply again")
    return out
