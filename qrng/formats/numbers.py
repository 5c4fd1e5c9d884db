"""Readers of numbers: ADC samples in binary, and CSV.

ADC samples are cut out of the converter's words: signed ones become offset binary (the most negative is symbol 0), and
with `bits_per_symbol` = effective bits b they must lie in the range of a b-bit converter, right-aligned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from qrng.errors import FormatError, ParameterError
from qrng.formats.integers import Array, Integers
from qrng.formats.layouts import Width
from qrng.formats.stream import Stream

__all__ = ["ADC_TYPES", "Adc", "Csv"]

ADC_TYPES: dict[str, np.dtype[Any]] = {
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "int16le": np.dtype("<i2"),
    "int16be": np.dtype(">i2"),
    "uint16le": np.dtype("<u2"),
    "uint16be": np.dtype(">u2"),
}
"""Layouts of ADC samples: sign, size and byte order."""

_MAX_LINE = 1 << 20


class Adc(Integers):
    """Words of an analogue-to-digital converter."""

    def __init__(self, stream: Stream, width: Width, lanes: int | None, layout: str) -> None:
        self._stream = stream
        self._dtype = ADC_TYPES[layout]
        word = 8 * self._dtype.itemsize
        if width is not None and width > word:
            raise ParameterError(f"{stream.name}: {layout} samples have at most {word} effective bits, not {width}")
        self.label = f"{layout} samples"
        self.facts = {}
        self.count = None if stream.size is None else stream.size // self._dtype.itemsize
        self._half = 2 ** ((width or word) - 1) if self._dtype.kind == "i" else 0
        self._decide(stream.name, width or word, lanes, 1, stream.restartable)

    def _arrays(self) -> Iterator[tuple[Array, int]]:
        size, done = self._dtype.itemsize, 0
        while data := self._stream.read(self._stream.step):
            if len(data) % size:
                raise self._stream.fail(f"expected whole samples of {size} bytes, {len(data) % size} are left over")
            yield np.frombuffer(data, self._dtype).astype(np.int32) + self._half, done
            done += len(data) // size

    def _rewind(self) -> None:
        self._stream.rewind()

    def _fail(self, what: str, index: int) -> FormatError:
        bits = self.bits_per_symbol
        return self._stream.fail(f"expected a sample of {bits} effective bits", index * self._dtype.itemsize)


class Csv(Integers):
    """Rows of integers that are not negative; columns are lanes. Lines starting with # and one header line are skipped.

    The separator is that of the first row: comma, semicolon, tab or spaces. The width is that of the widest value (a
    pass over the file) unless it is given.
    """

    label = "csv"
    digits = 10  # of a number, at most
    count: int | None = None

    def __init__(self, stream: Stream, width: Width, lanes: int | None) -> None:
        self._stream = stream
        self.facts = {}
        self._start()
        self._decide(stream.name, width, lanes, self._columns, stream.restartable)

    def _start(self) -> None:
        """Skip what comes before the first row, and learn its form."""
        self._line = 1
        header = True
        while True:
            line = self._stream.peek(_MAX_LINE)
            if not line:
                raise FormatError(f"{self._stream.name}: expected rows of integers, found none")
            line = line.split(b"\n", 1)[0]
            if line.strip() and not line.startswith(b"#"):
                if re.fullmatch(rb"[\s\d,;]*", line):
                    break
                if not header or not re.search(rb"[A-Za-z_]", line):
                    raise self._fail_line("expected integers that are not negative, with separators between them")
                header = False
            self._stream.read(len(line) + 1)
            self._line += 1
        mark = next((s for s in (b",", b";", b"\t") if s in line), None)
        self._columns = len(line.split(mark))
        between = rb"[ \t]+" if mark is None else rb"[ ]*" + mark + rb"[ ]*"
        number = rb"\d{1," + str(self.digits).encode() + rb"}"
        rest = rb"(?:" + between + number + rb"){" + str(self._columns - 1).encode() + rb"}"
        self._row = re.compile(rb"[ ]*" + number + rest + rb"[ ]*\r?")
        self._mark = mark

    def _arrays(self) -> Iterator[tuple[Array, int]]:
        done, tail = 0, b""
        while data := self._stream.read(Stream.step):
            *lines, tail = (tail + data).split(b"\n")
            if len(tail) > _MAX_LINE:
                raise self._fail_line(f"a line of more than {_MAX_LINE} bytes")
            array = self._numbers(lines)
            if array.size:
                yield array, done
                done += array.size
        array = self._numbers([tail] if tail.strip() else [])
        if array.size:
            yield array, done

    def _numbers(self, lines: list[bytes]) -> Array:
        rows = []
        for line in lines:
            if line.strip():
                if not self._row.fullmatch(line):
                    raise self._fail_line(f"expected {self._columns} integers that are not negative")
                rows.append(line)
            self._line += 1
        text = (self._mark or b" ").join(row.strip() for row in rows)
        return np.array(text.split(self._mark) if text else [], np.bytes_).astype(np.int64)

    def _rewind(self) -> None:
        self._stream.rewind()
        self._start()

    def _fail_line(self, what: str) -> FormatError:
        return FormatError(f"{self._stream.name}: line {self._line}: {what}")

    def _fail(self, what: str, index: int) -> FormatError:
        return FormatError(f"{self._stream.name}: number {index}, counted from 0: {what}")
