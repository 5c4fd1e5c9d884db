"""Seedless extractors, exact for independent bits of one unknown bias, and for exchangeable bits: von Neumann (Appl.
Math. Ser. 12 (1951) 36), Elias (Ann. Math. Statist. 43 (1972) 865), Peres (Ann. Statist. 20 (1992) 590).

They give no error bound and protect against no drift, memory or correlation; min-entropy alone is not enough. Output
is of variable length, which tells of the number of ones. Von Neumann needs only that P(01) = P(10) in each pair given
the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from qrng import bits
from qrng._native import check, ffi, lib, readable, wipe
from qrng.errors import EntropyError, ParameterError
from qrng.extractors.seeds import readable_bytes

__all__ = ["Elias", "Peres", "VonNeumann"]


class _Seedless(ABC):
    """A map from n raw bits to at most n, of variable length."""

    name: ClassVar[str]

    @abstractmethod
    def _run(self, out: Any, raw: Any, n: int) -> int:
        """Write to out, return the number of bits."""

    def extract(self, raw: Any, n: int | None = None) -> tuple[bytearray, int]:
        """All that `raw` gives.

        Args:
            raw: packed bytes.
            n: number of bits in them; all if None.

        Returns:
            Packed bytes, and the number of bits in them; bits that pad the last byte are zero.

        Raises:
            ParameterError: `raw` is no packed buffer, or holds fewer than n bits.
        """
        source = readable_bytes(raw, "raw")
        if n is None:
            n = 8 * len(source)
        if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= 8 * len(source):
            raise ParameterError(f"raw holds {8 * len(source)} bits: n = {n!r} is not a number of them")
        space = ffi.new("uint8_t[]", bits.bytes_for(n) + 8)
        try:
            count = self._run(space, readable(source), n)
            return bytearray(ffi.buffer(space, bits.bytes_for(count))), count
        finally:
            wipe(ffi.buffer(space))

    def extract_exactly(self, m: int, raw: Any, n: int | None = None) -> bytearray:
        """The first m bits of what `raw` gives.

        Raises:
            EntropyError: it gives fewer.
        """
        out, count = self.extract(raw, n)
        if isinstance(m, bool) or not isinstance(m, int) or m < 0:
            raise ParameterError(f"m must be a number of bits, not {m!r}")
        if count < m:
            raise EntropyError(f"{self!r} gave {count} bits where {m} were asked for: give more raw bits")
        first = bytearray(bits.extract(out, 0, m).tobytes())
        wipe(out)
        return first

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class VonNeumann(_Seedless):
    """The first bit of each unequal pair; an odd last bit is dropped. p (1 - p) bits out for a bit in."""

    name: ClassVar[str] = "von-neumann"

    def _run(self, out: Any, raw: Any, n: int) -> int:
        return int(lib.qrng_von_neumann(out, raw, 0, n))


class Elias(_Seedless):
    """The rank of each block among the words of its weight, cut into powers of two; a last partial block is dropped.

    Args:
        block: bits of a block, 2 to 64. At 64, of the entropy h = 0.881 of bits with p = 0.3 it yields 0.804.
    """

    name: ClassVar[str] = "elias"

    def __init__(self, block: int = 64) -> None:
        if isinstance(block, bool) or not isinstance(block, int) or not 2 <= block <= 64:
            raise ParameterError(f"a block of Elias' extractor has 2 to 64 bits, not {block!r}")
        self.block = block

    def _run(self, out: Any, raw: Any, n: int) -> int:
        count = ffi.new("uint64_t *")
        check(lib.qrng_elias(count, out, raw, 0, n, self.block), "a block has 2 to 64 bits")
        return int(count[0])

    def __repr__(self) -> str:
        return f"Elias({self.block})"


class Peres(_Seedless):
    """Von Neumann's extractor, then itself on the sums of the pairs and on the first bits of the equal ones.

    Args:
        depth: levels of the recursion, 1 (von Neumann) to 32. At 10, bits with p = 0.3 yield 0.826 each.
    """

    name: ClassVar[str] = "peres"

    def __init__(self, depth: int = 10) -> None:
        if isinstance(depth, bool) or not isinstance(depth, int) or not 1 <= depth <= 32:
            raise ParameterError(f"the depth of Peres' extractor is 1 to 32, not {depth!r}")
        self.depth = depth

    def _run(self, out: Any, raw: Any, n: int) -> int:
        scratch = ffi.new("uint8_t[]", lib.qrng_peres_scratch_bytes(n, self.depth))
        try:
            return int(lib.qrng_peres(out, raw, 0, n, self.depth, scratch))
        finally:
            wipe(ffi.buffer(scratch))

    def __repr__(self) -> str:
        return f"Peres({self.depth})"
