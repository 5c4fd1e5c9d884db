"""Raw bits with what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng._native import wipe
from qrng.errors import ParameterError

__all__ = ["Samples"]


@dataclass
class Samples:
    """Raw symbols of a noise source, packed, most significant bit first.

    Attributes:
        packed: uint8 array of ceil(count * bits_per_symbol / 8) bytes; padding bits are zero.
        count: number of symbols.
        bits_per_symbol: width of a symbol in bits, 1 to 32.
        lanes: number of interleaved streams (qubits, detectors): lane k holds the symbols whose index in the
            source's whole stream is k modulo `lanes`.
        first: index, in the source's whole stream, of the first symbol here.
        side_data: name to array, one entry a symbol or a shot, of what was recorded beside the bits.
        provenance: what the source says of itself: device, job, calibration, simulated or not, shot order.
    """

    packed: bits.Bytes
    count: int
    bits_per_symbol: int = 1
    lanes: int = 1
    first: int = 0
    side_data: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the parts fit each other."""
        if not 1 <= self.bits_per_symbol <= bits.MAX_WIDTH:
            raise ParameterError(f"symbol width {self.bits_per_symbol} is outside 1 to {bits.MAX_WIDTH} bits")
        if self.count < 0 or self.first < 0:
            raise ParameterError("the count and the first index of samples must not be negative")
        if self.lanes < 1:
            raise ParameterError(f"there is at least one lane, not {self.lanes}")
        if len(self.packed) != bits.bytes_for(self.bit_length):
            raise ParameterError(
                f"{self.count} symbols of {self.bits_per_symbol} bits take {bits.bytes_for(self.bit_length)} bytes, "
                f"not {len(self.packed)}"
            )

    @classmethod
    def from_symbols(cls, symbols: npt.ArrayLike, bits_per_symbol: int = 1, **known: Any) -> Samples:
        """Samples from an array of integers; `known` are the other attributes."""
        array = np.asarray(symbols)
        return cls(bits.pack(array, bits_per_symbol), array.size, bits_per_symbol, **known)

    @classmethod
    def join(cls, parts: Iterable[Samples]) -> Samples:
        """Consecutive samples of one source as one; ParameterError if there are none."""
        held = list(parts)
        if not held:
            raise ParameterError("there are no samples to join")
        first, width = held[0], held[0].bits_per_symbol
        if any(part.bits_per_symbol != width or part.lanes != first.lanes for part in held):
            raise ParameterError("samples of different widths or lanes are not one stream")
        total = sum(part.count for part in held)
        packed = np.zeros(bits.bytes_for(total * width), np.uint8)
        at = 0
        for part in held:
            bits.copy(packed, at, part.packed, 0, part.bit_length)
            at += part.bit_length
        return cls(packed, total, width, first.lanes, first.first, provenance=first.provenance)

    @property
    def bit_length(self) -> int:
        """Raw bits held."""
        return self.count * self.bits_per_symbol

    def symbols(self, start: int = 0, stop: int | None = None) -> bits.Symbols:
        """Symbols `start` to `stop` as integers (uint8 to 8 bits of width, else uint32)."""
        stop = self.count if stop is None else min(stop, self.count)
        start = min(max(start, 0), stop)
        return bits.unpack(self.packed, stop - start, self.bits_per_symbol, start * self.bits_per_symbol)

    def slice(self, start: int, stop: int) -> Samples:
        """Symbols `start` to `stop` as samples of their own. Side data stay with the whole."""
        stop = min(stop, self.count)
        start = min(max(start, 0), stop)
        width = self.bits_per_symbol
        return Samples(
            bits.extract(self.packed, start * width, (stop - start) * width),
            stop - start,
            width,
            self.lanes,
            self.first + start,
            provenance=self.provenance,
        )

    def by_symbol(self, array: npt.NDArray[Any], start: int = 0, stop: int | None = None) -> npt.NDArray[Any] | None:
        """Side data of symbols `start` to `stop`: those with an entry a symbol as they are, an entry a shot repeated.

        A shot is a row of all lanes; the first and the last one here may be parts of shots. None for an array that has
        neither length.
        """
        stop = self.count if stop is None else min(stop, self.count)
        if len(array) == self.count:
            return np.asarray(array)[start:stop]
        offset = self.first % self.lanes
        if len(array) != -(-(offset + self.count) // self.lanes):
            return None
        return np.asarray(array)[(offset + np.arange(start, stop)) // self.lanes]

    def lane(self, k: int) -> bits.Symbols:
        """The symbols of lane k, in order."""
        if not 0 <= k < self.lanes:
            raise ParameterError(f"lane {k} is outside 0 to {self.lanes - 1}")
        return self.symbols()[(k - self.first) % self.lanes :: self.lanes]

    def wipe(self) -> None:
        """Overwrite the raw bits with zeros; a read-only buffer is somebody else's and is left to them."""
        if self.packed.flags.writeable:
            wipe(self.packed)
