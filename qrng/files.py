"""Files that are whole or absent: written beside their place, flushed to disk, then moved there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_write"]


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open a binary file that appears at `path` only when the block ends without an exception.

    The bytes go to a hidden file in the same folder (created with mode 0600), are flushed to disk, and the
    file then replaces `path` in one step with permissions `mode`. On any exception, an interrupt included,
    the hidden file is removed and `path` is as it was. 0600 is the default because most of what is written
    here is key material or could become it.

    A device or named pipe at `path` is written in place: there is nothing to keep whole, and replacing /dev/null
    by a file would break the machine.

    Raises:
        OSError: the folder can't be written, or the disk is full; `filename` is set.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(21, "is a directory, not a file to write", str(target))
    if target.exists() and not target.is_file():
        with _named(target), target.open("wb") as device:
            yield device
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:  # it names the hidden file, which nobody asked for
        raise type(error)(error.errno, error.strerror, str(target)) from None
    hidden = Path(name)
    try:
        with _named(target), os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        hidden.replace(target)
    except BaseException:
        with suppress(OSError):
            hidden.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _named(target: Path) -> Iterator[None]:
    """Give an OSError without a file name the name of `target`."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise type(error)(error.errno, error.strerror, str(target)) from None
        raise
