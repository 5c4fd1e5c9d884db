"""The two sequences that the estimators of SP 800-90B see: literal symbols and their bit string.

Section 3.1.3 asks for both: the samples as they are, and for non-binary samples the bit string made of them.
Symbols are mapped down to 0 … k−1 where the alphabet has gaps; the bit string is taken from the unmapped ones.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from qrng import bits
from qrng._native import ffi, lib, readable
from qrng.entropy.sp800_90b.repeats import Repeats, find
from qrng.errors import ParameterError
from qrng.samples import Samples

__all__ = ["MAX_BITS", "Sequence", "bit_string", "histogram", "literal"]

LITERAL = "literal"
BITSTRING = "bitstring"
MAX_BITS = 2**31 - 2
"""Longest sequence that the counts of the C core hold."""
MAX_WIDTH = 8  # bits: the standard's estimators are for symbols of at most 8 bits (section 6.4)


def histogram(symbols: bits.Symbols) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """How often each of the values 0 to 255 occurs in a uint8 array: 256 counts."""
    counts = np.zeros(256, np.uint64)
    lib.qrng_entropy_histogram(ffi.from_buffer("uint64_t[]", counts), readable(symbols), symbols.size)
    return counts


@dataclass(frozen=True, eq=False)
class Sequence:
    """Symbols 0 … alphabet_size−1, as one estimator sees them.

    Attributes:
        on: "literal" for the samples, "bitstring" for the bits that they are made of.
        length: number of symbols (L in the standard).
        alphabet_size: number of distinct symbols (k); 2 for a bit string.
        packed: one bit a symbol, most significant bit first; None unless `alphabet_size` is 2.
        values: one symbol a byte; None where only `packed` is held.
    """

    on: str
    length: int
    alphabet_size: int
    packed: bits.Bytes | None
    values: bits.Symbols | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def symbols(self) -> bits.Symbols:
        """The symbols, one a byte (uint8)."""
        if self.values is not None:
            return self.values
        return bits.unpack(self.packed, self.length)

    @property
    def width(self) -> int:
        """Bits that the symbols 0 … alphabet_size−1 need."""
        return max(1, (self.alphabet_size - 1).bit_length())

    @property
    def repeats(self) -> Repeats:
        """Repeated tuples, sorted out once for the two estimates that need them, on whichever thread asks first."""
        with self._lock:
            return self._repeats

    @cached_property
    def _repeats(self) -> Repeats:
        return find(self.values, self.packed, self.length, self.width)

    @cached_property
    def ones(self) -> int:
        """Ones in a binary sequence."""
        return bits.count(self.packed, self.length)

    @cached_property
    def mode(self) -> int:
        """How often the most common symbol occurs."""
        if self.packed is not None:
            return max(self.ones, self.length - self.ones)
        return int(histogram(self.symbols).max())


def literal(samples: Samples) -> Sequence:
    """The samples themselves; symbols are mapped down if the alphabet has gaps.

    Raises:
        ParameterError: symbols of more than 8 bits, which the standard's estimators do not take.
    """
    if samples.bits_per_symbol > MAX_WIDTH:
        raise ParameterError(
            f"symbols of {samples.bits_per_symbol} bits: SP 800-90B estimators take at most {MAX_WIDTH}; "
            "reduce each symbol to 8 bits first (section 6.4)"
        )
    if samples.bits_per_symbol == 1:
        ones = bits.count(samples.packed, samples.count)
        if 0 < ones < samples.count:
            return Sequence(LITERAL, samples.count, 2, samples.packed)
    symbols = samples.symbols()
    present = np.flatnonzero(histogram(symbols))
    gaps = present.size > 0 and int(present[-1]) != present.size - 1
    if gaps:
        rank = np.zeros(256, np.uint8)
        rank[present] = np.arange(present.size, dtype=np.uint8)
        symbols = rank[symbols]
    packed = None
    if present.size <= 2:
        packed = bits.pack(symbols)
    return Sequence(LITERAL, samples.count, int(present.size), packed, symbols)


def bit_string(samples: Samples) -> Sequence:
    """The bits of the unmapped samples, most significant bit of each symbol first."""
    return Sequence(BITSTRING, samples.bit_length, 2, samples.packed)
