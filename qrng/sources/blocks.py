"""What sources share that make their symbols block by block, with side data beside each symbol."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ClosedError, ParameterError
from qrng.samples import Samples
from qrng.source import Source

__all__ = ["BlockSource"]


class BlockSource(Source):
    """A live source that makes blocks of symbols and gives them out in pieces of any size."""

    _held: Samples | None = None
    _used = 0
    _given = 0
    _closed = False

    @abstractmethod
    def _block(self) -> Samples:
        """The next block; side data have one entry a symbol."""

    def read(self, count: int) -> Samples:
        """As in `Source`, with the side data of these symbols."""
        if self._closed:
            raise ClosedError(f"{self.spec}: is closed")
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        parts: list[Samples] = []
        side: dict[str, list[npt.NDArray[Any]]] = {}
        missing = count
        while missing:
            if self._held is None or self._used == self._held.count:
                self._held, self._used = self._block(), 0
            part = self._held.slice(self._used, self._used + missing)
            for name, array in self._held.side_data.items():
                side.setdefault(name, []).append(array[self._used : self._used + part.count])
            self._used += part.count
            missing -= part.count
            parts.append(part)
        samples = Samples.join(parts)
        samples.side_data = {name: np.concatenate(pieces) for name, pieces in side.items()}
        samples.first = self._given
        self._given += count
        return samples

    def reopen(self) -> None:
        """As in `Source`: what the parent holds is dropped."""
        super().reopen()
        if self._held is not None:
            self._held.wipe()
        self._held, self._used, self._given = None, 0, 0

    def close(self) -> None:
        """As in `Source`."""
        if self._held is not None:
            self._held.wipe()
        self._held, self._closed = None, True
