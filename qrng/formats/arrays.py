"""Readers of array files: JSON, .npy and .npz.

JSON is loaded at once, so it has a limit; NumPy files stream (format: numpy.lib.format, versions 1.0 and 2.0), with
every length checked before it is believed and pickled objects refused.
"""

from __future__ import annotations

import ast
import json
import lzma
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.errors import FormatError
from qrng.formats.integers import Integers
from qrng.formats.layouts import Block, Reader, Width
from qrng.formats.stream import Stream

__all__ = ["Json", "Npy", "npz_member", "one_line"]

LIMIT = 1 << 26
"""Bytes of JSON, or of a compressed .npz, that are loaded at once."""

_SCAN = 1 << 20
_MAX_NPY_HEADER = 10_000  # as numpy.load has it


class Json(Reader):
    """An array of integers (symbols) or of bit strings (shots), or an object with `raw_integers`.

    A shot of w bits, as a bit string or as an integer with `bits_per_number` = w, gives w symbols of one bit in w
    lanes, most significant first; `bits_per_symbol` b groups them into w / b symbols a shot.
    """

    count: int | None

    def __init__(self, stream: Stream, width: Width, lanes: int | None) -> None:
        text = stream.whole(LIMIT, "save the capture as .npy or packed bits instead")
        value = _parse(text, stream)
        self.facts: Mapping[str, Any] = {}
        if isinstance(value, dict):
            facts = _scalars(value)
            self.facts = {"recorded": facts} if facts else {}
            value, shot = _numbers(value, stream)
        else:
            shot = None
        if not isinstance(value, list):
            raise FormatError(f"{stream.name}: expected a JSON array or object, found {type(value).__name__}")
        if not value:
            raise FormatError(f"{stream.name}: the array is empty, expected integers or bit strings")
        if isinstance(value[0], str):
            self._packed, shot, shots = _strings(value, stream.name)
            self.label = "json bit strings"
        else:
            array = _integers(value, stream.name)
            self.label = "json integers"
            shots = array.size
            if shot is not None:
                _refuse_wide(array, shot, stream.name)
                self._packed = bits.pack(array, shot)
            else:
                self.bits_per_symbol = width or max(1, int(array.max()).bit_length())
                _refuse_wide(array, self.bits_per_symbol, stream.name)
                self._packed = bits.pack(array, self.bits_per_symbol)
                self.lanes = lanes or 1
                self.count = self._total = shots
                return
        self.bits_per_symbol = width or 1
        self.lanes = _lanes_of(shot, self.bits_per_symbol, lanes, stream.name)
        self.count = self._total = shots * shot // self.bits_per_symbol

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        total = self._total
        for start in range(0, total, symbols):
            count = min(symbols, total - start)
            width = self.bits_per_symbol
            yield bits.extract(self._packed, start * width, count * width), count


def _parse(text: bytes, stream: Stream) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number of JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        cut = ": the file is truncated" if error.pos >= len(text.rstrip()) else ""
        raise stream.fail(f"expected JSON: {error.msg}{cut}", error.pos) from None
    except (ValueError, RecursionError) as error:  # not UTF-8, NaN, endless digits, endless nesting
        raise FormatError(f"{stream.name}: expected JSON: {error}") from None


def _numbers(value: dict[str, Any], stream: Stream) -> tuple[Any, int]:
    if "raw_integers" not in value:
        hint = (
            '; "floats" are refused, because a scaled float does not say which raw bits it came from'
            if "floats" in value
            else ""
        )
        raise FormatError(f'{stream.name}: expected an array, or an object with "raw_integers"{hint}')
    shot = value.get("bits_per_number")
    if type(shot) is not int or not 1 <= shot <= bits.MAX_WIDTH:
        raise FormatError(f'{stream.name}: expected "bits_per_number" from 1 to {bits.MAX_WIDTH} beside "raw_integers"')
    return value["raw_integers"], shot


def _scalars(value: dict[str, Any]) -> dict[str, Any]:
    """What the file says of itself beside the numbers: short strings and finite numbers."""
    known: dict[str, Any] = {}
    for key, item in value.items():
        short = isinstance(item, str) and len(item) <= 200
        number = isinstance(item, int) or (isinstance(item, float) and math.isfinite(item))
        if (short or number) and len(key) <= 64 and len(known) < 64:
            known[key] = item
    return known


def _integers(value: list[Any], name: str) -> npt.NDArray[np.uint32]:
    for i, item in enumerate(value):
        if type(item) is not int:
            raise FormatError(f"{name}: entry {i}: expected an integer, found {type(item).__name__}")
        if not 0 <= item < 2**bits.MAX_WIDTH:
            raise FormatError(f"{name}: entry {i}: expected an integer from 0 to 2^{bits.MAX_WIDTH} - 1")
    return np.array(value, np.uint32)


def _strings(value: list[Any], name: str) -> tuple[bits.Bytes, int, int]:
    """Packed bits, bits a shot, shots."""
    shot = len(value[0])
    for i, item in enumerate(value):
        if not isinstance(item, str) or item.strip("01") or not item:
            raise FormatError(f"{name}: entry {i}: expected a string of 0s and 1s")
        if len(item) != shot:
            raise FormatError(f"{name}: entry {i}: expected {shot} bits as in entry 0, found {len(item)}")
    digits = np.frombuffer("".join(value).encode(), np.uint8) - ord("0")
    return bits.pack(digits), (1 if len(value) == 1 else shot), (shot if len(value) == 1 else len(value))


def _refuse_wide(array: npt.NDArray[Any], width: int, name: str) -> None:
    wide = array >= 2**width
    if wide.any():
        raise FormatError(f"{name}: entry {int(wide.argmax())}: expected an integer of {width} bits")


def _lanes_of(shot: int, width: int, asked: int | None, name: str) -> int:
    """Lanes of shots of `shot` bits cut into symbols: all, or a divisor that was asked for."""
    if width > shot and shot == 1:
        return asked or 1
    if shot % width:
        raise FormatError(f"{name}: a shot has {shot} bits, which symbols of {width} bits don't divide")
    natural = shot // width
    if asked is not None and natural % asked and shot > 1:
        raise FormatError(f"{name}: a shot has {natural} symbols, which {asked} lanes don't divide")
    return asked or natural


def _npy_facts(text: bytes, stream: Stream, at: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, Fortran order and type from the literal in an npy header."""
    try:
        facts = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise stream.fail(f"expected an npy header: {type(error).__name__}", at) from None
    if not isinstance(facts, dict) or set(facts) != {"descr", "fortran_order", "shape"}:
        raise stream.fail("expected descr, fortran_order and shape in the npy header", at)
    shape, descr = facts["shape"], facts["descr"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise stream.fail("expected a tuple of lengths as the shape of the array", at)
    if not isinstance(descr, str) or not re.fullmatch(r"[<>=|]?(b1|[ui][1248])", descr):
        kind = "objects (pickle)" if "O" in str(descr) else str(descr)[:40]
        raise stream.fail(f"expected an array of integers or booleans, found {kind}", at)
    return shape, bool(facts["fortran_order"]), np.dtype(descr)


class Npy(Integers):
    """A NumPy array of booleans or integers: one dimension, or shots × lanes in C order.

    The width is that of the widest value (a pass over the file) unless it is given.
    """

    label = "npy"

    def __init__(self, stream: Stream, width: Width, lanes: int | None) -> None:
        self._stream = stream
        self.facts = {}
        self._header()
        self._total = math.prod(self._shape)
        self.count = self._total
        if not self._total:
            raise FormatError(f"{stream.name}: the array is empty, expected symbols")
        natural = self._shape[1] if len(self._shape) == 2 else 1
        found = 1 if width is None and self._dtype.kind == "b" else width
        self._decide(stream.name, found, lanes, natural, stream.restartable)

    def _header(self) -> None:
        stream = self._stream
        start = stream.offset
        magic = stream.exactly(8, "npy header")
        version = (magic[6], magic[7])
        if magic[:6] != b"\x93NUMPY" or version not in ((1, 0), (2, 0)):
            raise stream.fail("expected an npy file of version 1.0 or 2.0", start)
        digits = 2 if version == (1, 0) else 4
        size = stream.exactly(digits, "npy header")
        length = int.from_bytes(size, "little")
        if length > _MAX_NPY_HEADER:
            raise stream.fail(f"an npy header of {length} bytes, more than {_MAX_NPY_HEADER}", start + 8)
        text = stream.exactly(length, "npy header")
        shape, fortran, dtype = _npy_facts(text, stream, start + 8)
        if len(shape) not in (1, 2) or (fortran and len(shape) == 2):
            order = " in Fortran order" if fortran else ""
            raise stream.fail(
                f"expected symbols in one row, or shots × lanes in C order, found {shape}{order}", start + 8
            )
        self._shape, self._dtype = shape, dtype
        size_known = None if stream.size is None else stream.size - stream.offset
        if size_known is not None and size_known != math.prod(shape) * dtype.itemsize:
            raise stream.fail(f"expected {math.prod(shape) * dtype.itemsize} bytes of data, the file has {size_known}")

        self._data = stream.offset

    def _arrays(self) -> Iterator[tuple[npt.NDArray[Any], int]]:
        stream, size = self._stream, self._dtype.itemsize
        done = 0
        while done < self._total:
            n = min(self._total - done, _SCAN // size)
            array = np.frombuffer(stream.exactly(n * size, "array data"), self._dtype)
            if self._dtype.kind == "b":
                array = array.view(np.uint8)
                if (array > 1).any():
                    raise self._fail("expected a boolean", done + int((array > 1).argmax()))
            yield array, done
            done += n
        if stream.peek(1):
            raise stream.fail(f"expected the end after {self._total} array entries")

    def _rewind(self) -> None:
        self._stream.rewind()
        self._header()

    def _fail(self, what: str, index: int) -> FormatError:
        return self._stream.fail(what, self._data + index * self._dtype.itemsize)


_ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
)
"""What the standard library raises on damaged archives; NotImplementedError is a RuntimeError."""


def one_line(error: Exception) -> str:
    """What the library says, in one line."""
    return " ".join(str(error).split())[:200]


def npz_member(file: BinaryIO, name: str, wanted: str | None = None) -> Stream:
    """One array of an .npz archive as a stream: the only one, or the one named `wanted`."""
    try:
        opened = zipfile.ZipFile(file)
        members = [m for m in opened.infolist() if m.filename.endswith(".npy")]
    except _ZIP_DAMAGE as error:
        raise FormatError(f"{name}: expected an npz (zip) archive: {one_line(error)}") from None
    found = ", ".join(m.filename.removesuffix(".npy") for m in members[:5]) or "none"
    if wanted is not None:
        members = [m for m in members if m.filename == f"{wanted}.npy"]
        if not members:
            raise FormatError(f"{name}: no array named {wanted!r} in the archive; there are {found}")
    if len(members) != 1:
        raise FormatError(f"{name}: expected one array in the archive, found {len(members)}: {found}")

    def start() -> Any:
        try:
            part = opened.open(members[0])
        except _ZIP_DAMAGE as error:
            raise FormatError(f"{name}: {members[0].filename!r} can't be read: {one_line(error)}") from None

        def read(n: int) -> bytes:
            try:
                return part.read(n)
            except _ZIP_DAMAGE as error:
                raise FormatError(f"{name}: {members[0].filename!r} is damaged: {one_line(error)}") from None

        return read

    return Stream(f"{name}[{members[0].filename!r}]", start, restartable=True, size=members[0].file_size)
