"""A bit sequence as the kernels read it, with what several tests need of it, computed once."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nist_sts import kernels
from nist_sts.kernels import Counts, Measured, Request
from qrng import bits
from qrng._native import ffi, lib, readable
from qrng.errors import ParameterError

__all__ = ["MAX_LENGTH", "Sequence"]

MAX_LENGTH = 1 << 32
"""Longest sequence, in bits."""
_PATTERNS = kernels.patterns(1, 0).kernel


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
        self._measured: dict[Request, Measured] = {}
        self.words: npt.NDArray[np.uint64] = np.empty(int(lib.qrng_sts_words(n)), np.uint64)
        lib.qrng_sts_load(ffi.from_buffer("uint64_t[]", self.words, require_writable=True), source, start, n)

    @classmethod
    def from_string(cls, text: str) -> Sequence:
        """A sequence from "0" and "1" characters, as SP 800-22 writes its examples."""
        if set(text) - {"0", "1"}:
            raise ParameterError("a bit string holds nothing but 0 and 1")
        return cls(bits.pack(np.frombuffer(text.encode(), np.uint8) & 1), len(text))

    def measure(self, requests: tuple[Request, ...]) -> None:
        """Have the kernels answer what is not known yet, all of it in one call outside the interpreter's lock.

        Patterns are counted once, for the longest length asked for.
        """
        new = [request for request in requests if not self._answers(request)]
        rings = [request.numbers for request in new if request.kernel == _PATTERNS]
        if len(rings) > 1:
            new = [request for request in new if request.kernel != _PATTERNS]
            new.append(kernels.patterns(max(m for m, _ in rings), max(kept for _, kept in rings)))
        asked = tuple(dict.fromkeys(new))
        if asked:
            self._measured.update(zip(asked, kernels.measure(self.words, self.n, asked), strict=True))

    def _answers(self, request: Request) -> bool:
        """Whether the answer is known, of patterns as part of another one."""
        if request.kernel != _PATTERNS:
            return request in self._measured
        m, kept = request.numbers
        rings = (known.numbers for known in self._measured if known.kernel == _PATTERNS)
        return any(longest >= m and most >= kept for longest, most in rings)

    def measured(self, request: Request) -> Measured:
        """The answer to one request, which the kernels are asked if nobody did before."""
        if request not in self._measured:
            self._measured[request] = kernels.measure(self.words, self.n, (request,))[0]
        return self._measured[request]

    @property
    def ones(self) -> int:
        """Number of ones."""
        return self.measured(kernels.ONES).value

    @cached_property
    def walk(self) -> tuple[int, int, int]:
        """Highest, lowest (0 included) and last place of the walk of +1 for a one, -1 for a zero."""
        highest, lowest, last = self.measured(kernels.WALK).counts.view(np.int64).tolist()
        return highest, lowest, last

    @cached_property
    def cycles(self) -> Cycles:
        """Cycles of the walk between its zeros."""
        found = self.measured(kernels.CYCLES)
        return Cycles(found.value, found.counts[:19], found.counts[19:].reshape(9, 6))

    def patterns(self, m: int) -> Counts:
        """How often each pattern of m (0 to 32) bits occurs in the sequence closed to a ring: 2^m counts."""
        longest, ring = self._ring(m, m)
        return ring.counts[longest + 1 :][1 << m : 2 << m]

    def squares(self, m: int) -> int:
        """Sum of the squared counts of all patterns of m (0 to 32) bits in the sequence closed to a ring."""
        # At most n^2 <= 2^64, which is 0 modulo 2^64; another sum can't be.
        return int(self._ring(m, 0)[1].counts[m]) or 1 << 64

    def _ring(self, m: int, kept: int) -> tuple[int, Measured]:
        """Length of the longest patterns and what is known of them, with at least m bits counted and `kept` kept."""
        for request, found in self._measured.items():
            if request.kernel == _PATTERNS and request.numbers[0] >= m and request.numbers[1] >= kept:
                return request.numbers[0], found
        m = max(m, 1)
        return m, self.measured(kernels.patterns(m, kept))
