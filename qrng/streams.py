"""Random bytes as a file, as an iterator of chunks, and for asyncio."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

from qrng import default
from qrng.errors import ParameterError

__all__ = ["RandomStream", "chunks", "read"]


class _Bytes(Protocol):
    def random_bytes(self, n: int, /) -> bytes: ...

    def readinto(self, buffer: Any, /) -> int: ...


class RandomStream(io.RawIOBase):
    """A binary file without end, to be read by whatever reads files.

    Args:
        rbg: the generator; the default one of `qrng.random_bytes` if not given. Closing the stream does not close it.

    Reads are never short, and there is no end of file: a finite source ends with SourceExhausted. Each read raises
    what the generator raises. Nothing is read ahead here; an `io.BufferedReader` around it does that, and what it
    holds outlasts forks and alarms.
    """

    def __init__(self, rbg: _Bytes | None = None) -> None:
        super().__init__()
        self._rbg: _Bytes = default if rbg is None else rbg

    def readable(self) -> bool:
        """True."""
        self._refuse_if_closed()
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the whole buffer; returns its size in bytes. On any error it is wiped."""
        self._refuse_if_closed()
        return self._rbg.readinto(buffer)

    def read(self, size: int | None = -1, /) -> bytes:
        """`size` random bytes; ParameterError without a size, since there is no end to read to."""
        self._refuse_if_closed()
        if size is None or size < 0:
            self.readall()
        return self._rbg.random_bytes(size)

    def readall(self) -> NoReturn:
        """Raise ParameterError."""
        raise ParameterError("a random stream has no end: say how many bytes to read")

    def write(self, data: Any, /) -> NoReturn:
        """Raise io.UnsupportedOperation, as a file that is open for reading does."""
        self._refuse_if_closed()
        raise io.UnsupportedOperation("not writable")

    def _refuse_if_closed(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")  # what every file of the standard library says


def chunks(size: int, rbg: _Bytes | None = None, *, total: int | None = None) -> Iterator[bytes]:
    """Chunks of `size` random bytes, without end, or until `total` bytes were given (the last chunk may be shorter).

    Each chunk is drawn when it is asked for, and raises what the generator raises.

    Raises:
        ParameterError: `size` is below 1 or `total` below 0; raised here, not at the first chunk.
    """
    if size < 1:
        raise ParameterError(f"a chunk holds at least one byte, not {size}")
    if total is not None and total < 0:
        raise ParameterError(f"the total must not be negative: {total}")
    return _chunks(size, default if rbg is None else rbg, total)


def _chunks(size: int, rbg: _Bytes, left: int | None) -> Iterator[bytes]:
    while left is None:
        yield rbg.random_bytes(size)
    while left:
        chunk = rbg.random_bytes(min(size, left))
        left -= len(chunk)
        yield chunk


async def read(n: int, rbg: _Bytes | None = None) -> bytes:
    """`n` random bytes, drawn in a thread so that the event loop goes on while a source is slow.

    Raises what the generator raises. Where the task is cancelled, the bytes are dropped once they are there.
    """
    import asyncio

    return await asyncio.to_thread((default if rbg is None else rbg).random_bytes, n)
