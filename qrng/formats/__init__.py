"""Captures: raw symbols in files, of any layout and size, read in order::

    with open_capture("capture.bin.gz", bits_per_symbol=8) as capture:
        print(capture.describe())
        for samples in capture.chunks():
            ...

- packed-msb, packed-lsb: 8 bits to a byte, most or least significant first
- symbols: one symbol a byte, as the NIST tool reads
- ascii: characters 0 and 1, white space ignored
- json: an array of integers or bit strings, or `raw_integers` with `bits_per_number`
- npy, npz: one NumPy array of booleans or integers: a row, or shots × lanes
- csv: rows of integers, columns = lanes
- int8, uint8, int16le, int16be, uint16le, uint16be: words of an ADC; `bits_per_symbol` = effective bits
- hdf5: one dataset of integers (extra `hdf5`): a row, or shots × lanes
- ptu, timetags-npy, timetags-text: time tags of a detector, with `tags` to say how they become symbols
- qrng: our own container (docs/reference/container.md)

Each may be inside gzip or zstd. The layout is sniffed unless it is given.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.errors import FormatError, ParameterError
from qrng.formats.arrays import LIMIT, Json, Npy, npz_member
from qrng.formats.hdf5 import Hdf5
from qrng.formats.layouts import Ascii, Container, Packed, Reader, Symbols
from qrng.formats.numbers import ADC_TYPES, Adc, Csv
from qrng.formats.sniff import sniff
from qrng.formats.stream import StoredFile, Stream
from qrng.formats.timetags import TAG_LAYOUTS, Framing, TimeTags
from qrng.samples import Samples

__all__ = ["ADC_TYPES", "LAYOUTS", "Capture", "Framing", "open_capture"]

LAYOUTS = (
    *("packed-msb", "packed-lsb", "symbols", "ascii", "json", "npy", "npz", "csv"),
    *ADC_TYPES,
    *("hdf5", "qrng"),
    *TAG_LAYOUTS,
)
"""Names of the layouts, as `--layout` takes them."""


_WHOLE = 1 << 30  # bytes of symbols that a small compressed file may grow to in memory


class Capture:
    """An open capture. Made by `open_capture`; read once, from beginning to end.

    Attributes:
        name: path, "stdin", or the name of the file object.
        layout: one of LAYOUTS.
        sniffed: True if the layout was found, False if it was given.
        compression: "gzip", "zstd" or None.
        bits_per_symbol: width of a symbol in bits.
        lanes: interleaved streams.
        count: symbols, None where that isn't known before reading.
        provenance: JSON-ready facts: file, layout, and what the file records of itself.
    """

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        own: bool,
        layout: str | None,
        width: int | None,
        lanes: int | None,
        dataset: str | None,
        live: bool,
        tags: Framing | None,
    ) -> None:
        self.name = name
        self._file = file
        self._own = own
        self._used = False
        self._random_access = False
        self._stored = StoredFile(file, name, plain=live)
        content = self._stored.content()
        self.compression = self._stored.compression
        self.sniffed = layout is None
        self.layout = layout or sniff(content)
        self._reader = self._open(content, width, lanes, dataset, tags)
        self.bits_per_symbol = self._reader.bits_per_symbol
        self.lanes = self._reader.lanes
        self.count = self._reader.count
        self._sha256: str | None = None
        self.provenance: dict[str, Any] = {
            "file": name,
            "layout": self.layout,
            "compression": self.compression,
            **self._reader.facts,
        }
        recorded = self._reader.facts.get("recorded", {})
        self.provenance |= {key: recorded[key] for key in ("simulated", "reproducible") if key in recorded}

    def _open(
        self, content: Stream, width: int | None, lanes: int | None, dataset: str | None, tags: Framing | None
    ) -> Reader:
        if tags is not None and self.layout not in TAG_LAYOUTS:
            raise ParameterError(
                f"{self.name}: tags cuts time tags into symbols; give one of their layouts, {', '.join(TAG_LAYOUTS)}, "
                f"not {self.layout}"
            )
        match self.layout:
            case "packed-msb" | "packed-lsb":
                return Packed(content, width, lanes, lsb=self.layout == "packed-lsb")
            case "symbols":
                return Symbols(content, width, lanes, sniffed=self.sniffed)
            case "ascii":
                return Ascii(content, width, lanes)
            case "json":
                return Json(content, width, lanes)
            case "npy":
                return Npy(content, width, lanes)
            case "npz":
                return Npy(npz_member(self._seekable(content), self.name, dataset), width, lanes)
            case "hdf5":
                return Hdf5(self._seekable(content), self.name, width, lanes, dataset)
            case "csv":
                return Csv(content, width, lanes)
            case "qrng":
                return Container(content, width, lanes)
            case "ptu" | "timetags-npy" | "timetags-text":
                return TimeTags(content, self.layout, tags, width, lanes)
            case adc:
                return Adc(content, width, lanes, adc)

    def _seekable(self, content: Stream) -> BinaryIO:
        """The file itself for layouts that need random access; a compressed or piped one is loaded, within a limit."""
        self._random_access = self._stored.seekable and self.compression is None
        if self._random_access:
            return self._file
        return io.BytesIO(content.whole(LIMIT, "decompress it to a file first"))

    @property
    def sha256(self) -> str | None:
        """Hex digest of the file as stored; None until it has been read to the end."""
        return self._sha256

    def describe(self) -> str:
        """One line for people: layout, compression, width, lanes, sniffed or given."""
        parts = [self._reader.label, self.compression, _bits(self.bits_per_symbol)]
        if self.lanes > 1:
            parts.append(f"{self.lanes} lanes")
        parts.append("sniffed" if self.sniffed else "as given")
        return ", ".join(part for part in parts if part)

    def chunks(self, symbols: int = 1 << 20) -> Iterator[Samples]:
        """The capture in order, in pieces of `symbols` symbols (rounded up to a multiple of 8), the last one shorter.

        Raises:
            FormatError: where the file does not parse, is truncated, or holds no symbol.
            ParameterError: the capture was read before.
        """
        if symbols < 1:
            raise ParameterError(f"a chunk has at least one symbol, not {symbols}")
        if self._used:
            raise ParameterError(f"{self.name}: a capture is read once; open it again")
        self._used = True
        return self._chunks(8 * bits.bytes_for(symbols))

    def _chunks(self, symbols: int) -> Iterator[Samples]:
        first = 0
        for packed, count in self._reader.blocks(symbols):
            yield Samples(packed, count, self.bits_per_symbol, self.lanes, first, provenance=self.provenance)
            first += count
        if not first:
            raise FormatError(f"{self.name}: expected symbols, found none")
        self.count = first
        self._sha256 = self._stored.digest(anew=self._random_access)

    @property
    def side_data(self) -> Mapping[str, npt.NDArray[Any]]:
        """What was recorded beside the symbols; known once they have been read to the end, empty before."""
        return dict(self._reader.side_data) if self._sha256 else {}

    def read_all(self) -> Samples:
        """The whole capture in memory, with its side data.

        Raises:
            FormatError: as `chunks`; or it is compressed and grows beyond _WHOLE bytes of packed symbols.
        """
        chunks, size = [], 0
        for chunk in self.chunks():
            size += chunk.packed.size
            if size > _WHOLE and (self.compression or self.layout in ("npz", "hdf5")):
                raise FormatError(
                    f"{self.name}: at symbol {chunk.first}: a compressed capture of more than {_WHOLE >> 20} MiB "
                    "can't be held in memory; decompress it to a file if you trust it"
                )
            chunks.append(chunk)
        packed = np.concatenate([chunk.packed for chunk in chunks]) if len(chunks) > 1 else chunks[0].packed
        assert self.count is not None
        return Samples(packed, self.count, self.bits_per_symbol, self.lanes, 0, self.side_data, self.provenance)

    def close(self) -> None:
        """Close the file, if `open_capture` opened it."""
        if self._own:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _bits(n: int) -> str:
    return "1 bit a symbol" if n == 1 else f"{n} bits a symbol"


def open_capture(
    source: str | os.PathLike[str] | BinaryIO,
    layout: str | None = None,
    bits_per_symbol: int | None = None,
    lanes: int | None = None,
    dataset: str | None = None,
    live: bool = False,
    tags: Framing | None = None,
) -> Capture:
    """Open a capture of raw symbols for reading.

    Args:
        source: a path, "-" for standard input, or a binary file object (which stays open afterwards).
        layout: one of LAYOUTS; None to sniff it.
        bits_per_symbol: width of a symbol, 1 to 32. None: 1 for packed, ascii, and shots in JSON; the widest value
            for one symbol a byte, JSON, CSV, NumPy and HDF5 integers, which takes a pass over the file, so that of a
            pipe the width must be given; all bits of an ADC word; what a container says.
        lanes: interleaved streams. None: the symbols of a JSON shot, the columns of an array, what a container says;
            else 1.
        dataset: which array of an .npz archive or HDF5 file, if it has several.
        live: the source is a device: take its bytes as they come, without a look at magic numbers.
        tags: how time tags are cut into symbols; needed for their layouts, and for no other.

    Raises:
        FormatError: the file is empty, a directory, truncated, or does not parse; says where and what was expected.
        ParameterError: an unknown layout, a width or a number of lanes out of range.
        MissingExtraError: zstd or HDF5 without the extra of that name.
        OSError: the file can't be opened or read.
    """
    if layout is not None and layout not in LAYOUTS:
        raise ParameterError(f"no layout named {layout!r}: choose one of {', '.join(LAYOUTS)}")
    if live and layout is None:
        raise ParameterError("the layout of a live device is not sniffed: it must be given")
    if bits_per_symbol is not None and not 1 <= bits_per_symbol <= bits.MAX_WIDTH:
        raise ParameterError(f"symbol width {bits_per_symbol} is outside 1 to {bits.MAX_WIDTH} bits")
    if lanes is not None and lanes < 1:
        raise ParameterError(f"there is at least one lane, not {lanes}")
    own = False
    file: BinaryIO
    if source == "-":
        file, name = sys.stdin.buffer, "stdin"
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.is_dir():
            raise FormatError(f"{path}: is a directory, expected a capture file")
        file, name, own = path.open("rb", buffering=0), str(path), True
    else:
        file, name = source, str(getattr(source, "name", "stream"))
    try:
        return Capture(file, name, own, layout, bits_per_symbol, lanes, dataset, live, tags)
    except BaseException:
        if own:
            file.close()
        raise
