"""Sequences of n bits from whatever holds bits: a packed buffer, Samples, a capture, a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from nist_sts.sequence import Sequence
from qrng import bits
from qrng.errors import ParameterError
from qrng.samples import Samples
from qrng.source import Source

__all__ = ["BitStream"]

_CHUNK_BITS = 1 << 23


class BitStream:
    """Bits in order, read once.

    Attributes:
        total: number of bits, or None where only the end will tell.
        endless: True for a live source, which never ends.
    """

    def __init__(self, data: Any) -> None:
        """Open `data`: anything with the buffer protocol (packed, most significant bit first), Samples, a
        source, an object with `chunks(symbols)` and `count` (a capture), or an iterable of Samples.

        Raises:
            ParameterError: `data` is none of these.
        """
        self.total: int | None = None
        self.endless = isinstance(data, Source) and not data.finite
        self._whole: Samples | None = None
        self._chunks: Iterator[Samples] = iter(())
        if isinstance(data, Samples):
            self._whole = data
        elif isinstance(data, Source):
            self._chunks = _from_source(data)
        elif hasattr(data, "chunks") and hasattr(data, "count"):
            width = data.bits_per_symbol
            if data.count is not None:
                self.total = data.count * width
            self._chunks = data.chunks(max(1, _CHUNK_BITS // width))
        elif isinstance(data, str):
            raise ParameterError("text is no bit string here: give packed bytes, or open a file with nist-sts")
        else:
            self._whole = _as_samples(data)
            if self._whole is None and isinstance(data, Iterable):
                self._chunks = iter(data)
            elif self._whole is None:
                raise ParameterError(f"can't read bits from {type(data).__name__}: give packed bytes or Samples")
        if self._whole is not None:
            self.total = self._whole.bit_length

    def gather(self, at_most: int | None = None) -> int:
        """Hold bits in memory until `at_most` are there or the input ends; returns how many are held."""
        held = [] if self._whole is None else [self._whole]
        size = sum(part.bit_length for part in held)
        while at_most is None or size < at_most:
            part = next(self._chunks, None)
            if part is None:
                self.total = size
                break
            held.append(part)
            size += part.bit_length
        if len(held) != 1:
            packed, at = np.zeros(bits.bytes_for(size), np.uint8), 0
            for part in held:
                bits.copy(packed, at, part.packed, 0, part.bit_length)
                at += part.bit_length
            held = [Samples(packed, size)]
        self._whole = held[0]
        return size

    def sequences(self, n: int, count: int | None = None) -> Iterator[Sequence]:
        """Consecutive sequences of n bits, `count` of them or as many as there are."""
        made, filled, seen, buffer = 0, 0, 0, np.zeros(bits.bytes_for(n), np.uint8)
        for part in self._parts():
            at, seen = 0, seen + part.bit_length
            while at < part.bit_length and (count is None or made < count):
                if filled == 0 and part.bit_length - at >= n:
                    yield Sequence(part.packed, n, at)
                    at += n
                    made += 1
                    continue
                take = min(n - filled, part.bit_length - at)
                bits.copy(buffer, filled, part.packed, at, take)
                at += take
                filled += take
                if filled == n:
                    yield Sequence(buffer, n)
                    filled = 0
                    made += 1
            if count is not None and made >= count:
                return
        self.total = seen

    def _parts(self) -> Iterator[Samples]:
        if self._whole is not None:
            yield self._whole
        yield from self._chunks


def _as_samples(data: Any) -> Samples | None:
    """The buffer of `data` as bits, None if it has none. Booleans are bits; other arrays must be packed."""
    if isinstance(data, np.ndarray):
        if data.ndim != 1 or data.dtype not in (np.bool_, np.uint8):
            raise ParameterError(
                "an array must be one row of packed bytes (uint8) or of bits (bool), "
                f"not {data.ndim}-dimensional {data.dtype}"
            )
        if data.dtype == np.bool_:
            return Samples.from_symbols(data)
    try:
        view = memoryview(data)
    except TypeError:
        return None
    if not view.c_contiguous:
        raise ParameterError("a buffer of packed bits must be contiguous")
    packed = np.frombuffer(view.cast("B"), np.uint8)
    return Samples(packed, 8 * len(packed))


def _from_source(source: Source) -> Iterator[Samples]:
    from qrng.errors import SourceExhausted

    while True:
        try:
            yield source.read(max(1, _CHUNK_BITS // source.bits_per_symbol))
        except SourceExhausted:
            return
