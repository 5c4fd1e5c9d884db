"""The `.qrng` capture container: raw symbols, what is known of them, and a seal that shows damage.

docs/reference/container.md specifies the bytes. Written and read as a stream, in bounded memory; a file that was cut
or altered anywhere is an error. The checksums are against accident: whoever can write the file can also reseal it.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.errors import FormatError, ParameterError
from qrng.samples import Samples

__all__ = ["FORMAT", "MAGIC", "ContainerReader", "ContainerWriter"]

MAGIC = b"\x89QRNG\r\n\x1a"
"""Not text, not ASCII, and broken by any transfer that rewrites line ends, as PNG has it."""
FORMAT = "qrng-capture/1"

_HEADER, _DATA, _TRAILER, _SIDE = b"HEAD", b"DATA", b"TAIL", b"siDe"
_MAX_DATA = 1 << 24
_MAX_SIDE = 1 << 28  # bytes of side data that a reader holds
_SIDE_TYPES = ("|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8")
_MAX_JSON = 1 << 20
_BUFFER = 1 << 20


class ContainerWriter:
    """Writes samples to a binary stream as one container; `finish` seals it.

    Args:
        stream: binary stream, written from its position on.
        bits_per_symbol, lanes: as in `Samples`; every block written must have the same.
        provenance: JSON-ready facts on where the symbols come from.
    """

    def __init__(
        self,
        stream: BinaryIO,
        bits_per_symbol: int,
        lanes: int = 1,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self._stream = stream
        self._width = bits_per_symbol
        self._lanes = lanes
        self._seal = hashlib.sha256()
        self._count = 0
        self._buffer = np.zeros(_BUFFER, np.uint8)
        self._filled = 0  # bits
        header = {
            "format": FORMAT,
            "bits_per_symbol": bits_per_symbol,
            "lanes": lanes,
            "provenance": dict(provenance or {}),
        }
        self._put(MAGIC)
        payload = json.dumps(header, allow_nan=False, sort_keys=True).encode()
        if len(payload) > _MAX_JSON:
            raise ParameterError(f"a provenance of {len(payload)} bytes is more than the {_MAX_JSON} a header may hold")
        self._chunk(_HEADER, payload)

    def write(self, samples: Samples) -> None:
        """Append samples and their side data; ParameterError if width or lanes differ."""
        if (samples.bits_per_symbol, samples.lanes) != (self._width, self._lanes):
            raise ParameterError(
                f"a container of {self._width}-bit symbols in {self._lanes} lanes can't take "
                f"{samples.bits_per_symbol}-bit symbols in {samples.lanes} lanes"
            )
        done, total = 0, samples.bit_length
        while done < total:
            step = min(8 * _BUFFER - self._filled, total - done)
            bits.copy(self._buffer, self._filled, samples.packed, done, step)
            self._filled += step
            done += step
            if self._filled == 8 * _BUFFER:
                self._flush()
        self._count += samples.count
        for name, array in samples.side_data.items():
            self.write_side_data(name, array)

    def write_side_data(self, name: str, array: npt.NDArray[Any]) -> None:
        """Append to the array of that name, recorded beside the symbols; ParameterError if it is no row of numbers."""
        little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        if little.dtype.str not in _SIDE_TYPES or little.ndim != 1:
            raise ParameterError(
                f"side data {name!r} must be a row of numbers, not {array.ndim}-dimensional {array.dtype}"
            )
        head = json.dumps({"name": name, "type": little.dtype.str}, sort_keys=True).encode() + b"\n"
        step = _BUFFER // little.dtype.itemsize
        for start in range(0, little.size, step):
            self._chunk(_SIDE, head + little[start : start + step].tobytes())

    def finish(self) -> None:
        """Write what is buffered and the trailer. Nothing can be written afterwards."""
        self._flush()
        seal = {"count": self._count, "sha256": self._seal.hexdigest()}
        self._chunk(_TRAILER, json.dumps(seal, sort_keys=True).encode())

    def _flush(self) -> None:
        if self._filled:
            self._chunk(_DATA, self._buffer[: bits.bytes_for(self._filled)].tobytes())
            self._buffer[:] = 0
            self._filled = 0

    def _chunk(self, kind: bytes, payload: bytes) -> None:
        head = kind + struct.pack(">I", len(payload))
        self._put(head)
        self._put(payload)
        self._put(struct.pack(">I", zlib.crc32(payload, zlib.crc32(head))))

    def _put(self, data: bytes) -> None:
        self._seal.update(data)
        self._stream.write(data)


class ContainerReader:
    """Reads a container from a function `read(n)` that gives n bytes, fewer only at the end.

    Attributes:
        bits_per_symbol, lanes, provenance: as in `Samples`.
        count: symbols, known once `payloads` has been read to the end; None before.
        side_data: name to array of what was recorded beside the symbols, complete once `payloads` has been read.

    Raises:
        FormatError: at construction or while reading, where the bytes are not a whole container.
    """

    def __init__(self, read: Callable[[int], bytes], name: str) -> None:
        self._read = read
        self._name = name
        self._offset = 0
        self._seal = hashlib.sha256()
        self.count: int | None = None
        self._side: dict[str, list[npt.NDArray[Any]]] = {}
        self._side_bytes = 0
        if self._take(len(MAGIC), "magic") != MAGIC:
            self._fail("expected the magic bytes of a .qrng container", 0)
        start = self._offset
        kind, payload = self._chunk()
        header = self._json(payload, start) if kind == _HEADER else {}
        if header.get("format") != FORMAT:
            self._fail(f"expected a header of format {FORMAT!r}", start)
        self.bits_per_symbol = self._integer(header, "bits_per_symbol", bits.MAX_WIDTH, start)
        self.lanes = self._integer(header, "lanes", 1 << 32, start)
        self.provenance: dict[str, Any] = header.get("provenance", {})
        if not isinstance(self.provenance, dict):
            self._fail('expected an object as "provenance"', start)

    @property
    def side_data(self) -> dict[str, npt.NDArray[Any]]:
        """Side data read so far."""
        return {name: np.concatenate(parts) for name, parts in self._side.items()}

    def _read_side(self, payload: bytes, start: int) -> None:
        head, newline, data = payload.partition(b"\n")
        facts = self._json(head, start)
        name, kind = facts.get("name"), facts.get("type")
        if not newline or not isinstance(name, str) or kind not in _SIDE_TYPES:
            self._fail("expected a name and a type of numbers before the side data", start)
        dtype = np.dtype(kind)
        parts = self._side.setdefault(name, [])
        self._side_bytes += len(data)
        if len(data) % dtype.itemsize or self._side_bytes > _MAX_SIDE or any(p.dtype != dtype for p in parts[:1]):
            self._fail(f"side data that are cut, of changing type, or more than {_MAX_SIDE >> 20} MiB", start)
        parts.append(np.frombuffer(data, dtype))

    def payloads(self) -> Iterator[bytes]:
        """The packed symbols, in pieces of whole bytes; each is checked before it is given."""
        total, padding = 0, 0
        while True:
            start = self._offset
            seal = self._seal.hexdigest()
            kind, payload = self._chunk()
            if kind == _DATA:
                total += len(payload)
                padding = payload[-1] if payload else padding
                yield payload
            elif kind == _TRAILER:
                break
            elif kind == _SIDE:
                self._read_side(payload, start)
            elif not kind[:1].islower():  # ancillary chunks may be skipped, unknown critical ones may not
                self._fail(f"a chunk of unknown type {kind!r}; a newer version may know it", start)
        trailer = self._json(payload, start)
        count = self._integer(trailer, "count", 1 << 62, start, least=0)
        if trailer.get("sha256") != seal:
            self._fail("the contents do not match the SHA-256 of the trailer: the file was altered", start)
        used = count * self.bits_per_symbol
        unclean = used % 8 and bits.count(bytes([padding]), start=used % 8)
        if bits.bytes_for(used) != total or unclean:
            self._fail(f"the trailer counts {count} symbols, the data of {total} bytes hold another number", start)
        if self._read(1):
            self._fail("expected the end of the file after the trailer", self._offset)
        self.count = count

    def _chunk(self) -> tuple[bytes, bytes]:
        start = self._offset
        head = self._take(8, "a chunk's head")
        kind, length = head[:4], struct.unpack(">I", head[4:])[0]
        if not kind.isalpha():
            self._fail("expected a chunk's type of four letters", start)
        limit = _MAX_DATA if kind == _DATA or kind[:1].islower() else _MAX_JSON
        if length > limit:
            self._fail(f"a chunk of {length} bytes where at most {limit} are allowed", start)
        payload = self._take(length, f"{kind.decode()} chunk")
        (found,) = struct.unpack(">I", self._take(4, "a chunk's checksum"))
        if found != zlib.crc32(payload, zlib.crc32(head)):
            self._fail(f"the checksum of this {kind.decode()} chunk does not match: the file was altered", start)
        return kind, payload

    def _take(self, n: int, what: str) -> bytes:
        data = self._read(n)
        if len(data) < n:
            self._fail(f"expected {n} bytes of {what}, found {len(data)}: the file is truncated", self._offset)
        self._offset += n
        self._seal.update(data)
        return data

    def _json(self, payload: bytes, start: int) -> dict[str, Any]:
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError) as error:
            self._fail(f"expected JSON in this chunk: {error}", start)
        if not isinstance(value, dict):
            self._fail("expected a JSON object in this chunk", start)
        return value

    def _integer(self, facts: Mapping[str, Any], key: str, most: int, start: int, least: int = 1) -> int:
        value = facts.get(key)
        if type(value) is not int or not least <= value <= most:
            self._fail(f'expected "{key}" from {least} to {most}', start)
        return value

    def _fail(self, what: str, offset: int) -> NoReturn:
        raise FormatError(f"{self._name}: at byte {offset}: {what}")
