"""Raw bits that come in pieces of any length, gathered into packed batches of whole blocks."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng._native import wipe

__all__ = ["Batches"]

_BATCH_BITS = 1 << 24
"""Raw bits gathered at a time, at least `multiple` blocks."""


class Batches:
    """Iterates (packed bytes, blocks in them); each batch is good until the next is asked for, and then wiped.

    Blocks may lie across pieces. Every batch but the last has a multiple of `multiple` blocks; what follows the last
    whole block in a batch's last byte is to be ignored. Pieces are read only as far as asked for.

    Args:
        pieces: packed buffers, each with the number of bits in it.
        n: bits of a block.
        multiple: eight blocks end on a byte border whatever their length; of their output fewer may do.

    Attributes:
        taken: bits taken from the pieces so far; those of a last partial block too.
    """

    def __init__(self, pieces: Iterable[tuple[Any, int]], n: int, multiple: int = 8) -> None:
        self._pieces, self._n = pieces, n
        self._most = max(1, _BATCH_BITS // (multiple * n)) * multiple * n
        self.taken = 0

    def __iter__(self) -> Generator[tuple[npt.NDArray[np.uint8], int], None, None]:
        """Read the pieces; once."""
        held, have = np.zeros(bits.bytes_for(self._most), np.uint8), 0
        try:
            for piece, length in self._pieces:
                at = 0
                while at < length:
                    take = min(length - at, self._most - have)
                    bits.copy(held, have, piece, at, take)
                    at, have, self.taken = at + take, have + take, self.taken + take
                    if have == self._most:
                        yield held, have // self._n
                        wipe(held)
                        have = 0
            if have >= self._n:
                yield held[: bits.bytes_for(have // self._n * self._n)], have // self._n
        finally:
            wipe(held[: bits.bytes_for(have)])
