"""A bit sequence as the kernels read it, with what several tests need of it, computed once."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nist_sts.kernels import Counts, ring_patterns
from qrng import bits
from qrng._native import ffi, lib, readable
from qrng.errors import ParameterError

__all__ = ["MAX_LENGTH", "Sequence"]

MAX_LENGTH = 1 << 32
"""Longest sequence, in bits."""


class Cycles(NamedTuple):
    """Cycles of the walk between its zeros; an unfinished last one counts.

    Attributes:
        number: J.
        visits: visits[x + 9], how often the walk is at x, |x| <= 9.
        classes: classes[x + 4, k], cycles with k visits (5: five or more) to x, |x| <= 4.
    """

    number: int
    visits: Counts
    classes: Counts


class Sequence:
    """n bits under test.

    Attributes:
        n: length in bits, 1 to 2**32.
        words: uint64 array, bit i at bit 63 - i % 64 of word i // 64, zeros behind the end.
    """

    def __init__(self, packed: Any, n: int | None = None, start: int = 0) -> None:
        """Load `n` bits (default: to the end) from bit `start` of a packed buffer, highest bit first.

        Raises:
            ParameterError: the buffer is too short, or n is outside 1 to 2**32.
        """
        source = readable(packed)
        if n is None:
            n = 8 * len(source) - start
        if not 1 <= n <= MAX_LENGTH:
            raise ParameterError(f"a sequence has 1 to 2^32 bits, not {n}")
        if start < 0 or start + n > 8 * len(source):
            raise ParameterError(f"bits {start} to {start + n} asked of a buffer of {8 * len(source)} bits")
        self.n = n
        self._patterns: dict[int, Counts] = {}
        self.words: npt.NDArray[np.uint64] = np.empty(int(lib.qrng_sts_words(n)), np.uint64)
        lib.qrng_sts_load(self.pointer, source, start, n)

    @classmethod
    def from_string(cls, text: str) -> Sequence:
        """A sequence from "0" and "1" characters, as SP 800-22 writes its examples."""
        if set(text) - {"0", "1"}:
            raise ParameterError("a bit string holds nothing but 0 and 1")
        return cls(bits.pack(np.frombuffer(text.encode(), np.uint8) & 1), len(text))

    @property
    def pointer(self) -> Any:
        """C pointer (`uint64_t *`) to the words."""
        return ffi.from_buffer("uint64_t[]", self.words, require_writable=True)

    @cached_property
    def ones(self) -> int:
        """Number of ones."""
        return int(lib.qrng_sts_ones(self.pointer, self.n))

    @cached_property
    def walk(self) -> tuple[int, int, int]:
        """Highest, lowest (0 included) and last place of the walk of +1 for a one, -1 for a zero."""
        extremes = ffi.new("int64_t[3]")
        lib.qrng_sts_walk(self.pointer, self.n, extremes)
        return int(extremes[0]), int(extremes[1]), int(extremes[2])

    @cached_property
    def cycles(self) -> Cycles:
        """Cycles of the walk between its zeros."""
        visits, classes = np.zeros(19, np.uint64), np.zeros((9, 6), np.uint64)
        counts = (ffi.from_buffer("uint64_t[]", array, require_writable=True) for array in (visits, classes))
        return Cycles(int(lib.qrng_sts_cycles(self.pointer, self.n, *counts)), visits, classes)

    def patterns(self, m: int) -> Counts:
        """How often each pattern of m (0 to 32) bits occurs in the sequence closed to a ring: 2^m counts.

        Counted once for the longest m asked for so far: on a ring, each shorter pattern is the sum of its two
        continuations.
        """
        longer = min((k for k in self._patterns if k >= m), default=None)
        if m == 0:
            return np.array([self.n], np.uint64)
        if longer is None:
            self._patterns[m] = ring_patterns(self.pointer, self.n, m)
            return self._patterns[m]
        while longer > m:
            longer -= 1
            both = self._patterns[longer + 1]
            self._patterns[longer] = both[0::2] + both[1::2]
        return self._patterns[m]
