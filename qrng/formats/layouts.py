"""Readers of the plain layouts: packed bits, one symbol a byte, ASCII zeros and ones, and the `.qrng` container.

Every reader gives packed blocks, most significant bit first, of as many symbols as asked for (a multiple of 8, so that
a block ends with a byte), and one last block with what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from qrng import bits
from qrng.container import ContainerReader
from qrng.errors import ParameterError
from qrng.formats.stream import Stream

__all__ = ["Ascii", "Block", "Container", "Packed", "Reader", "Symbols", "Width", "blocks_of"]

Block = tuple[bits.Bytes, int]
"""Packed symbols, and how many."""
Width = int | None
"""Bits a symbol as asked for; None leaves it to the layout."""


class Reader(Protocol):
    """What a layout offers: facts known before reading, then blocks."""

    bits_per_symbol: int
    lanes: int
    count: int | None
    facts: Mapping[str, Any]
    label: str

    @property
    def side_data(self) -> Mapping[str, Any]:
        """What was recorded beside the symbols, known once they have been read."""
        return {}

    def blocks(self, symbols: int) -> Iterator[Block]:
        """Packed blocks of `symbols` symbols (a multiple of 8), the last one shorter."""
        ...


class Packed(Reader):
    """Eight bits to a byte; symbols are cut from the bit stream, first bit = most significant.

    A tail of less than 8 bits that makes no whole symbol is padding and must be zero.
    """

    facts: Mapping[str, Any] = {}

    def __init__(self, stream: Stream, width: Width, lanes: int | None, *, lsb: bool = False) -> None:
        self.bits_per_symbol = width or 1
        self.lanes = lanes or 1
        self.count: int | None = None if stream.size is None else 8 * stream.size // self.bits_per_symbol
        self.label = f"packed bits, {'least' if lsb else 'most'} significant first"
        self._stream = stream
        self._lsb = lsb

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        width = self.bits_per_symbol
        while data := self._stream.read(symbols * width // 8):
            packed = bits.reverse_bytes(data) if self._lsb else np.frombuffer(data, np.uint8).copy()
            count, rest = divmod(8 * len(data), width)
            if rest and (rest >= 8 or bits.count(packed[-1:], start=8 - rest)):
                raise self._stream.fail(f"expected whole symbols of {width} bits, {rest} bits are left over")
            yield packed[: bits.bytes_for(count * width)], count


class Container(Reader):
    """The `.qrng` container: width, lanes and provenance are its own."""

    label = "qrng container"
    count: int | None = None

    def __init__(self, stream: Stream, width: Width, lanes: int | None) -> None:
        self._container = ContainerReader(stream.read, stream.name)
        for name, asked in (("bits_per_symbol", width), ("lanes", lanes)):
            stored = getattr(self._container, name)
            if asked is not None and asked != stored:
                raise ParameterError(f"{stream.name}: the container says {name}={stored}, which {asked} contradicts")
        self.bits_per_symbol = self._container.bits_per_symbol
        self.lanes = self._container.lanes
        self.facts: Mapping[str, Any] = {"recorded": self._container.provenance}

    @property
    def side_data(self) -> Mapping[str, Any]:
        """As in `Reader`."""
        return self._container.side_data

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        payloads = self._container.payloads()
        content = Stream("", lambda: lambda n: next(payloads, b""), restartable=False)
        step, width = symbols * self.bits_per_symbol // 8, self.bits_per_symbol
        given = 0
        data = content.read(step)
        while data:
            following = content.read(step)
            packed = np.frombuffer(data, np.uint8).copy()
            count = 8 * len(data) // width if following else (self._container.count or 0) - given
            yield packed, count
            given += count
            data = following


class Symbols(Reader):
    """One symbol in each byte, its low bits; a byte too wide is an error."""

    facts: Mapping[str, Any] = {}
    label = "one symbol a byte"

    def __init__(self, stream: Stream, width: Width, lanes: int | None, *, sniffed: bool = False) -> None:
        if width is not None and width > 8:
            raise ParameterError(
                f"{stream.name}: a byte holds no symbol of {width} bits; the layout 'symbols' has up to 8"
            )
        self.bits_per_symbol = width or (1 if sniffed else self._widest(stream))
        self.lanes = lanes or 1
        self.count: int | None = stream.size
        self._stream = stream

    @staticmethod
    def _widest(stream: Stream) -> int:
        if not stream.restartable:
            raise ParameterError(f"{stream.name}: the width of symbols from a pipe must be given: bits_per_symbol")
        top = 0
        while top < 0x80 and (block := stream.read(Stream.step)):
            top = max(top, max(block))
        stream.rewind()
        return max(1, top.bit_length())

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        width = self.bits_per_symbol
        while data := self._stream.read(symbols):
            values = np.frombuffer(data, np.uint8)
            wide = values >= 2**width
            if wide.any():
                where = self._stream.offset - len(data) + int(wide.argmax())
                raise self._stream.fail(f"expected a symbol of {width} bits, found a byte that needs more", where)
            yield bits.pack(values, width), len(values)


class Ascii(Reader):
    """Characters 0 and 1, white space anywhere between them."""

    facts: Mapping[str, Any] = {}
    label = "ascii 0/1"
    count: int | None = None

    def __init__(self, stream: Stream, width: Width, lanes: int | None) -> None:
        self.bits_per_symbol = width or 1
        self.lanes = lanes or 1
        self._stream = stream

    def _digits(self) -> Iterator[bits.Bytes]:
        while data := self._stream.read(self._stream.step):
            codes = _CODES[np.frombuffer(data, np.uint8)]
            if (codes == _OTHER).any():
                where = self._stream.offset - len(data) + int((codes == _OTHER).argmax())
                raise self._stream.fail('expected "0", "1" or white space', where)
            yield codes[codes <= 1]

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        width = self.bits_per_symbol
        for digits in blocks_of(self._digits(), symbols * width):
            count, rest = divmod(len(digits), width)
            if rest:
                raise self._stream.fail(f"expected whole symbols of {width} bits, {rest} bits are left over")
            yield bits.pack(digits), count


_SPACE, _OTHER = 2, 3
_CODES = np.full(256, _OTHER, np.uint8)
_CODES[list(b" \t\r\n\f\v")] = _SPACE
_CODES[list(b"01")] = (0, 1)


def blocks_of(parts: Iterator[Any], length: int) -> Iterator[Any]:
    """Regroup arrays into arrays of `length` entries, the last one shorter, none empty."""
    held: list[Any] = []
    have = 0
    for part in parts:
        rest = part
        while have + len(rest) >= length:
            cut = length - have
            yield np.concatenate([*held, rest[:cut]])
            held, have, rest = [], 0, rest[cut:]
        if len(rest):
            held.append(rest)
            have += len(rest)
    if have:
        yield np.concatenate(held)
