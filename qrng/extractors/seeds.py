"""Where seeds come from, and the object that holds one ready for use.

A seed is given as packed bytes, or as a callable that is asked for a number of bytes (the operating system, a file,
another generator), or as a `PreparedSeed`, which has the transform of the seed computed once for many blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from qrng._native import ffi, lib, wipe
from qrng.errors import ClosedError, ParameterError

__all__ = ["PreparedSeed", "SeedSource", "file_seed", "readable_bytes", "seed_bytes", "system_seed", "writable_bytes"]

SeedSource = Callable[[int], Any]
"""Asked for a number of bytes, returns that many as a bytes-like object."""


def system_seed(count: int) -> bytes:
    """`count` bytes from the operating system's generator."""
    return os.urandom(count)


def file_seed(path: str | os.PathLike[str]) -> SeedSource:
    """A source that reads a file whole; its size must be what the extractor needs."""

    def read(count: int) -> bytes:
        with Path(path).open("rb") as file:
            return file.read(count + 1)  # one more shows a file that is too long

    return read


def _view(buffer: Any, name: str) -> memoryview:
    try:
        view = memoryview(buffer)
    except TypeError:
        raise ParameterError(
            f"{name} must be packed bits in a bytes-like object, not {type(buffer).__name__}"
        ) from None
    if not view.c_contiguous or view.itemsize != 1 or view.format == "?":
        raise ParameterError(f"{name} must be packed bits, eight to a byte, in contiguous memory (see qrng.bits.pack)")
    return view.cast("B")


def readable_bytes(buffer: Any, name: str) -> memoryview:
    """The buffer as contiguous bytes; ParameterError naming it otherwise."""
    return _view(buffer, name)


def writable_bytes(buffer: Any, name: str) -> memoryview:
    """The buffer as contiguous writable bytes; ParameterError naming it otherwise."""
    view = _view(buffer, name)
    if view.readonly:
        raise ParameterError(f"{name} is read-only: give a bytearray or another writable buffer")
    return view


def seed_bytes(seed: Any, bits: int) -> memoryview:
    """The packed bytes of a seed of `bits` bits, from bytes or a callable; bits that pad the last byte are ignored.

    Raises:
        ParameterError: it is not exactly ceil(bits / 8) bytes long. A seed is never padded or cut.
    """
    size = -(-bits // 8)
    view = readable_bytes(seed(size) if callable(seed) else seed, "seed")
    if len(view) != size:
        raise ParameterError(f"this seed has {bits} bits, packed in {size} bytes: {len(view)} bytes were given")
    return view


class PreparedSeed:
    """A seed with its transform computed, for the extractor that prepared it; wiped by `close`, `with` or deletion.

    It may be used by several threads at once. It can't be copied or pickled, and shows nothing of the seed.

    Attributes:
        owner: (name, n, m, seed bits) of the map it was prepared for.
    """

    def __init__(self, owner: tuple[str, int, int, int], state: Any) -> None:
        self.owner = owner
        self._state: Any = state

    @property
    def state(self) -> Any:
        """The C core's state; ClosedError once closed."""
        state = self._state
        if state is None:
            raise ClosedError("this prepared seed was closed and wiped: prepare the seed again")
        return state

    def close(self) -> None:
        """Wipe the transform. No thread may still be extracting with it."""
        state, self._state = self._state, None
        if state is not None:
            wipe(ffi.buffer(state))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # At interpreter exit the C core may be gone already.
        if getattr(self, "_state", None) is not None and lib is not None:
            self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a prepared seed can't be copied or pickled")

    def __repr__(self) -> str:
        name, n, m, _ = self.owner
        return f"<PreparedSeed for {name}({n}, {m}){', closed' if self._state is None else ''}>"
