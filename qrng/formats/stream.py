"""Bytes of a capture, read once in order: hashed as stored, decompressed as read, in bounded memory.

Compression is recognised by magic numbers: gzip (RFC 1952) and Zstandard (RFC 8878). A few kilobytes that would
expand to terabytes cost no memory: output is produced in pieces of bounded size.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

from qrng.errors import FormatError, MissingExtraError, SourceError

__all__ = ["GZIP_MAGIC", "ZSTD_MAGIC", "StoredFile", "Stream"]

GZIP_MAGIC = b"\x1f\x8b\x08"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_BLOCK = 1 << 18
_LIVE_STEP = 1 << 12
_ZSTD_FEED = 512  # a 4-byte RLE block makes 128 KiB, so 512 bytes of input never make more than 16 MiB

Read = Callable[[int], bytes]


class Stream:
    """Bytes with an offset, a look ahead, and a way back to the start where the origin allows it.

    Args:
        name: what error messages call it.
        start: returns a function `read(n)` that gives up to n bytes from the beginning, b"" at the end.
        restartable: True if `start` may be called again.
        size: length in bytes where known beforehand, else None.

    Attributes:
        step: bytes that readers take at a time where their layout doesn't say; small for a live device.
    """

    step = 1 << 20

    def __init__(self, name: str, start: Callable[[], Read], *, restartable: bool, size: int | None = None) -> None:
        self.name = name
        self.restartable = restartable
        self.size = size
        self.offset = 0
        self._start = start
        self._read = start()
        self._ahead = b""

    def peek(self, n: int) -> bytes:
        """The next `n` bytes, fewer only at the end, without taking them."""
        if len(self._ahead) < n:
            parts = [self._ahead]
            missing = n - len(self._ahead)
            while missing > 0 and (part := self._read(missing)):
                parts.append(part)
                missing -= len(part)
            self._ahead = b"".join(parts)
        return self._ahead[:n]

    def read(self, n: int) -> bytes:
        """The next `n` bytes; fewer only at the end."""
        data = self.peek(n)
        self._ahead = self._ahead[len(data) :]
        self.offset += len(data)
        return data

    def exactly(self, n: int, what: str) -> bytes:
        """The next `n` bytes; FormatError, naming `what`, if the end comes first."""
        start = self.offset
        data = self.read(n)
        if len(data) < n:
            raise self.fail(f"expected {n} bytes of {what}, found {len(data)}: the file is truncated", start)
        return data

    def whole(self, limit: int, advice: str) -> bytes:
        """Everything that is left; FormatError with `advice` if that is more than `limit` bytes."""
        data = self.read(limit + 1)
        if len(data) > limit:
            raise self.fail(f"more than the {limit >> 20} MiB that can be loaded at once; {advice}", limit)
        return data

    def rewind(self) -> None:
        """Back to the first byte."""
        self._read = self._start()
        self._ahead = b""
        self.offset = 0

    def fail(self, what: str, offset: int | None = None) -> FormatError:
        """A FormatError that names this stream and the byte where it does not parse."""
        return FormatError(f"{self.name}: at byte {self.offset if offset is None else offset}: {what}")


class StoredFile:
    """A file as stored: reads and hashes it, and offers its content with one layer of gzip or zstd taken off.

    `plain` leaves compression alone: random bytes from a device can look like a magic number.

    Attributes:
        compression: "gzip", "zstd" or None.
        sha256: hex digest of the stored bytes, once they have been read to the end; None before.
    """

    def __init__(self, file: BinaryIO, name: str, *, plain: bool = False) -> None:
        self.name = name
        self.sha256: str | None = None
        self.file = file
        self.seekable = bool(getattr(file, "seekable", lambda: False)())
        self._origin = file.tell() if self.seekable else 0
        stored = Stream(name, self._stored, restartable=self.seekable)
        magic = stored.peek(4)
        if not magic:
            raise FormatError(f"{name}: the file is empty, expected a capture")
        self._plain = plain
        self.compression = None if plain else _compression_of(magic)
        if self.seekable:
            stored.rewind()
        self._from_start = stored.read
        self._last: Read = stored.read

    def _stored(self) -> Read:
        digest = hashlib.sha256()
        self.sha256 = None
        if self.seekable:
            self.file.seek(self._origin)

        def read(n: int) -> bytes:
            try:
                data = self.file.read(n)
            except OSError as error:
                if error.filename is None:
                    raise type(error)(error.errno, error.strerror, self.name) from None
                raise
            if data is None:
                raise SourceError(f"{self.name}: is in non-blocking mode and has no data now")
            if data:
                digest.update(data)
            elif n > 0:
                self.sha256 = digest.hexdigest()
            return data

        return read

    def digest(self, *, anew: bool = False) -> str:
        """The SHA-256 of the stored bytes, reading those that are left, or all of them `anew`."""
        if anew:
            self._last = self._stored()
        while self.sha256 is None:
            self._last(_BLOCK)
        return self.sha256

    def content(self) -> Stream:
        """The decompressed bytes as a stream; call once."""
        size = None
        if self.seekable and self.compression is None:
            size = self.file.seek(0, 2) - self._origin
            self.file.seek(self._origin)
        content = Stream(self.name, self._content, restartable=self.seekable, size=size)
        if self._plain:
            content.step = _LIVE_STEP
        return content

    def _content(self) -> Read:
        stored = self._stored() if self.seekable else self._from_start
        self._last = stored
        if self.compression is None:
            return stored
        return _Decompress(stored, self.name, self.compression).read


def _compression_of(magic: bytes) -> str | None:
    if magic.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if magic.startswith(ZSTD_MAGIC) else None


class _Decompress:
    """Member after member, frame after frame, until the stored bytes end; a cut one is an error."""

    def __init__(self, stored: Read, name: str, kind: str) -> None:
        self._stored = stored
        self._name = name
        self._kind = kind
        self._make = _gzip if kind == "gzip" else _zstd()
        self._engine: Any = self._make()
        self._pending: bytes | memoryview = b""
        self._taken = 0
        self._ready = b""
        self._done = False

    def read(self, n: int) -> bytes:
        while not self._ready and not self._done:
            self._step(n)
        out, self._ready = self._ready[:n], self._ready[n:]
        return out

    def _step(self, n: int) -> None:
        if self._engine.eof:
            self._pending = self._pending or self._take()
            if not self._pending:
                self._done = True
            elif self._kind == "gzip" and not bytes(self._pending).strip(b"\0"):
                self._pending = b""  # gzip pads with zeros to a block of its medium (RFC 1952 tools accept it)
            else:
                self._engine = self._make()
            return
        data = self._pending or self._take()
        if not data:
            raise self._fail("ends inside the compressed data: the file is truncated")
        try:
            if self._kind == "gzip":
                self._ready = self._engine.decompress(data, max(n, _BLOCK))
                self._pending = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            else:
                view = memoryview(data)
                self._ready = self._engine.decompress(view[:_ZSTD_FEED])
                rest = view[_ZSTD_FEED:]
                self._pending = self._engine.unused_data + bytes(rest) if self._engine.eof else rest
        except Exception as error:
            if not isinstance(error, zlib.error) and type(error).__name__ != "ZstdError":
                raise
            raise self._fail(f"expected {self._kind} data: {error}") from None

    def _take(self) -> bytes:
        data = self._stored(_BLOCK)
        self._taken += len(data)
        return data

    def _fail(self, what: str) -> FormatError:
        return FormatError(f"{self._name}: at stored byte {self._taken - len(self._pending)}: {what}")


def _gzip() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Callable[[], Any]:
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError("reading zstd", "zstd") from None
    return lambda: zstandard.ZstdDecompressor().decompressobj()
