"""What readers of numbers share: the width found or checked, and the place of a number that doesn't fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.errors import FormatError, ParameterError
from qrng.formats.layouts import Block, Reader, Width, blocks_of

__all__ = ["Integers"]

Array = npt.NDArray[Any]


class Integers(Reader, ABC):
    """A reader of integers, one a symbol, in rows of `natural` lanes.

    Subclasses open their file, then call `_decide`, and give the numbers in `_arrays`, again after `_rewind`.
    """

    label = ""
    bits_per_symbol: int
    lanes: int
    count: int | None
    facts: Mapping[str, Any]

    def _decide(self, name: str, width: Width, lanes: int | None, natural: int, restartable: bool) -> None:
        """Set width and lanes; without a given width, that of the widest number."""
        if lanes is not None and natural % lanes and natural > 1:
            raise FormatError(f"{name}: a row has {natural} symbols, which {lanes} lanes don't divide")
        self.lanes = lanes or natural
        if width is None:
            if not restartable:
                raise ParameterError(f"{name}: the width of symbols from a pipe must be given: bits_per_symbol")
            top = 0
            for array, start in self._arrays():
                self._check(array, start, bits.MAX_WIDTH)
                top = max(top, int(array.max()))
            self._rewind()
            width = max(1, top.bit_length())
        self.bits_per_symbol = width

    @abstractmethod
    def _arrays(self) -> Iterator[tuple[Array, int]]:
        """Arrays of numbers, none empty, each with the index of its first."""

    @abstractmethod
    def _rewind(self) -> None:
        """Back to the first number."""

    @abstractmethod
    def _fail(self, what: str, index: int) -> FormatError:
        """An error at the number with that index."""

    def _check(self, array: Array, start: int, width: int) -> None:
        bad = np.zeros(array.size, np.bool_)
        if array.dtype.kind == "i":
            bad |= array < 0
        if array.dtype.kind != "b" and width < 8 * array.dtype.itemsize:
            bad |= array >= 2**width
        if bad.any():
            raise self._fail(f"expected an integer of {width} bits, not negative", start + int(bad.argmax()))

    def _checked(self) -> Iterator[Array]:
        for array, start in self._arrays():
            self._check(array, start, self.bits_per_symbol)
            yield array

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        for array in blocks_of(self._checked(), symbols):
            yield bits.pack(array, self.bits_per_symbol), len(array)
