"""HDF5 datasets of integers, through h5py (extra `hdf5`)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from qrng.errors import FormatError, MissingExtraError
from qrng.formats.arrays import LIMIT, one_line
from qrng.formats.integers import Array, Integers
from qrng.formats.layouts import Width

__all__ = ["Hdf5"]

_SCAN = 1 << 18  # entries read at a time
_EXPANSION = 1 << 11  # entries for each byte of the file; gzip at its best makes a thousand bytes of one
_DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)  # as h5py says it


class Hdf5(Integers):
    """The only dataset of integers in an HDF5 file, or the one named: a row of symbols, or shots × lanes.

    Args:
        file: seekable, uncompressed outside.
    """

    label = "hdf5"

    def __init__(self, file: BinaryIO, name: str, width: Width, lanes: int | None, dataset: str | None) -> None:
        try:
            import h5py
        except ImportError:
            raise MissingExtraError("reading HDF5", "hdf5") from None
        self._name = name
        self._stored = file.seek(0, 2)
        file.seek(0)
        try:
            self._file = h5py.File(file, "r")
        except _DAMAGE as error:
            raise FormatError(f"{name}: expected an HDF5 file: {one_line(error)}") from None
        found = self._datasets(h5py)
        if dataset is None and len(found) != 1:
            names = ", ".join(found[:5]) or "none"
            raise FormatError(f"{name}: expected one dataset of integers, found {len(found)}: {names}")
        path = dataset or found[0]
        if path not in found:
            raise FormatError(
                f"{name}: expected a dataset of integers at {path!r}, there are {', '.join(found) or 'none'}"
            )
        try:
            self._open(path, width, lanes)
        except FormatError:
            raise
        except _DAMAGE as error:
            raise FormatError(f"{name}: the dataset {path!r} is damaged: {one_line(error)}") from None

    def _open(self, path: str, width: Width, lanes: int | None) -> None:
        """Take the dataset, unless it can't be read in pieces or promises more than its file can hold."""
        name = self._name
        self._data = self._file[path]
        if self._data.is_virtual or self._data.external:
            raise FormatError(f"{name}: the dataset {path!r} keeps its data in other files; copy them into one")
        if self._data.chunks and math.prod(self._data.chunks) * self._data.dtype.itemsize > LIMIT:
            raise FormatError(f"{name}: the dataset {path!r} has chunks of more than {LIMIT >> 20} MiB; repack it")
        shape = self._data.shape
        if len(shape) not in (1, 2) or not self._data.size:
            raise FormatError(f"{name}: expected symbols in one row, or shots × lanes, found {shape}")
        row = math.prod(shape[1:])
        if math.prod(shape) > _EXPANSION * self._stored or row * self._data.dtype.itemsize > LIMIT:
            raise FormatError(
                f"{name}: the dataset {path!r} promises {math.prod(shape)} entries, in rows of {row}, in a file of "
                f"{self._stored} bytes: more than can be there, or than can be read at a time"
            )
        self.count = int(self._data.size)
        self.facts = {"dataset": path}
        self._decide(name, width, lanes, shape[1] if len(shape) == 2 else 1, True)

    def _datasets(self, h5py: Any) -> list[str]:
        found: list[str] = []

        def visit(path: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "bui":
                found.append(path)

        try:
            self._file.visititems(visit)
        except _DAMAGE as error:
            raise FormatError(f"{self._name}: the HDF5 file is damaged: {one_line(error)}") from None
        return found

    def _arrays(self) -> Iterator[tuple[Array, int]]:
        row = self._data.shape[1] if self._data.ndim == 2 else 1
        step = max(1, _SCAN // row)
        for start in range(0, self._data.shape[0], step):
            try:
                array = self._data[start : start + step].reshape(-1)
            except _DAMAGE as error:
                raise FormatError(f"{self._name}: row {start}: the dataset can't be read: {one_line(error)}") from None
            yield array.view("u1") if array.dtype.kind == "b" else array, start * row

    def _rewind(self) -> None:
        """Datasets are read by index."""

    def _fail(self, what: str, index: int) -> FormatError:
        return FormatError(f"{self._name}: entry {index}: {what}")
