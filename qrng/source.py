"""What every noise source offers: raw symbols in order, each given out once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.errors import SourceError
from qrng.samples import Samples

__all__ = ["Source"]


class Source(ABC):
    """A noise source. Subclasses set the attributes before their constructor ends.

    Attributes:
        spec: the text that opens this source again, as in `qrng.open_source(spec)`; never holds a token.
        bits_per_symbol: width of a symbol in bits, 1 to 32.
        lanes: interleaved streams: the symbol with index i in the whole stream belongs to lane i mod lanes.
        finite: True for a capture, which ends; False for a live device or simulator.
        simulated: True if the randomness is computed; shown wherever output of this source shows.
        reproducible: True if the same symbols can come again (seeded simulator, replayed capture).
        side_names: names of the side data that every `read` brings with its symbols.
    """

    spec: str
    bits_per_symbol: int = 1
    lanes: int = 1
    finite: bool = False
    simulated: bool = False
    reproducible: bool = False
    side_names: tuple[str, ...] = ()

    @abstractmethod
    def read(self, count: int) -> Samples:
        """The next `count` symbols; fewer only where a finite source ends, then SourceExhausted.

        Raises:
            SourceExhausted: no symbol is left.
            SourceError: the device failed; nothing was read.
        """

    @abstractmethod
    def provenance(self) -> dict[str, Any]:
        """JSON-ready facts: source, device, simulated, reproducible, "true shot order", hashes where known."""

    def whole(self) -> Iterator[Samples] | None:
        """A fresh pass over everything that this source will ever give, for health tests before the first use.

        None where the symbols can't be read twice (live devices, pipes): the gate then tests them as they come.
        Does not move the position of `read`.
        """
        return None

    def recording(self) -> Samples | None:
        """Everything that this source will ever give, with its side data, in memory; None as `whole` says."""
        chunks = self.whole()
        return None if chunks is None else Samples.join(chunks)

    @property
    def side_data(self) -> Mapping[str, npt.NDArray[Any]]:
        """What was recorded beside all symbols, where `read` doesn't bring it: known once a capture has been read."""
        return {}

    def claim(self) -> EntropyClaim | None:
        """Min-entropy a symbol as computed from this source's physics, or None if nothing is known of it."""
        return None

    def reopen(self) -> None:
        """Called in the child after a fork. A live source starts afresh; one that can't raises SourceError."""
        if self.finite or self.reproducible:
            raise SourceError(
                f"{self.spec}: a process forked while this source was open; parent and child would use the same raw "
                "bits. Open the source in the process that reads it"
            )

    def close(self) -> None:  # noqa: B027 - most sources hold nothing
        """Give back what the source holds; reading afterwards is an error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
