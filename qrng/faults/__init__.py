"""Faults to inject into any source, because users test their alarms too.

    broken = inject(source, StuckLane(lane=3, start=1000), parse("burst:start=50000,length=200"))

Each fault changes symbols in stream order from its `start` on, and gives the same result for the same seed however the
stream is cut into reads. The claim of the source is left as it is: the point is to see whether the alarms find out.
Side data stay beside the symbols that they were recorded with; where symbols are lost (`Dropout`) there are none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError, SourceExhausted
from qrng.faults.models import (
    FAULTS,
    Array,
    Bias,
    Burst,
    CopyLane,
    Drift,
    Dropout,
    Fault,
    Markov,
    PeriodicLock,
    Replay,
    StuckLane,
)
from qrng.samples import Samples
from qrng.source import Source

__all__ = [
    "FAULTS",
    "Bias",
    "Burst",
    "CopyLane",
    "Drift",
    "Dropout",
    "Fault",
    "Markov",
    "PeriodicLock",
    "Replay",
    "StuckLane",
    "inject",
    "parse",
]


def parse(text: str) -> Fault:
    """A fault from text: `stuck_lane:lane=3,start=1000`.

    Raises:
        ParameterError: an unknown name or parameter, or a value out of range; the message lists what there is.
    """
    name, _, rest = text.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        raise ParameterError(f"no fault named {name!r}: choose one of {', '.join(FAULTS)}")
    fields: dict[str, type[Any]] = {field.name: type(field.default) for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key not in fields or key in values:
            raise ParameterError(
                f"{name}: expected {', '.join(f'{known}=…' for known in fields)}, each once, not {part!r}"
            )
        try:
            values[key] = fields[key](value)
        except ValueError:
            raise ParameterError(f"{name}: {key} takes a number, not {value!r}") from None
    return kind(**values)


def inject(source: Source, *faults: Fault) -> Source:
    """`source` with the faults applied to its symbols, in the order given. Closing it closes `source`."""
    return _Faulty(source, faults)


class _Faulty(Source):
    """See `inject`."""

    def __init__(self, source: Source, faults: Iterable[Fault]) -> None:
        self._source = source
        self._faults = tuple(faults)
        self.spec = source.spec
        self.bits_per_symbol = source.bits_per_symbol
        self.lanes = source.lanes
        self.finite = source.finite
        self.simulated = source.simulated
        self.reproducible = source.reproducible
        self._keeps = not any(isinstance(fault, Dropout) for fault in self._faults)  # each symbol in its place
        self.side_names = source.side_names if self._keeps else ()
        self._restart()

    def _restart(self) -> None:
        self._apply = self._chain()
        self._given = 0

    def _chain(self) -> Callable[[Samples], Array]:
        """Fresh transformers of all faults, one after the other."""
        chain = [(fault.transformer(self.lanes, self.bits_per_symbol)) for fault in self._faults]
        seen = [0] * len(chain)

        def apply(samples: Samples) -> Array:
            symbols: Array = samples.symbols()
            for i, transformer in enumerate(chain):
                changed = transformer(symbols, seen[i])
                seen[i] += symbols.size
                symbols = changed
            return symbols

        return apply

    def _samples(self, symbols: Array, first: int, side: Mapping[str, npt.NDArray[Any]] | None = None) -> Samples:
        return Samples.from_symbols(
            symbols,
            self.bits_per_symbol,
            lanes=self.lanes,
            first=first,
            side_data=side if side and self._keeps else {},
            provenance=self.provenance(),
        )

    def read(self, count: int) -> Samples:
        if self._keeps:
            healthy = self._source.read(count)
            samples = self._samples(self._apply(healthy), self._given, healthy.side_data)
        else:
            samples = self._read_losing(count)
        self._given += samples.count
        return samples

    def _read_losing(self, count: int) -> Samples:
        parts: list[Array] = []
        missing = count
        while missing > 0:
            try:
                symbols = self._apply(self._source.read(missing))
            except SourceExhausted:
                if missing == count:
                    raise
                break
            parts.append(symbols)
            missing -= symbols.size
        return self._samples(np.concatenate(parts), self._given)

    def whole(self) -> Iterator[Samples] | None:
        chunks = self._source.whole()
        return None if chunks is None else self._whole(chunks)

    def _whole(self, chunks: Iterator[Samples]) -> Iterator[Samples]:
        apply, first = self._chain(), 0
        for chunk in chunks:
            samples = self._samples(apply(chunk), first)
            first += samples.count
            yield samples

    def recording(self) -> Samples | None:
        healthy = self._source.recording()
        return None if healthy is None else self._samples(self._chain()(healthy), 0, healthy.side_data)

    @property
    def side_data(self) -> Mapping[str, npt.NDArray[Any]]:
        return self._source.side_data if self._keeps else {}

    def claim(self) -> EntropyClaim | None:
        return self._source.claim()

    def provenance(self) -> dict[str, Any]:
        faults = [{"fault": fault.name, **dataclasses.asdict(fault)} for fault in self._faults]
        return {**self._source.provenance(), "faults": faults}

    def reopen(self) -> None:
        self._source.reopen()
        self._restart()

    def close(self) -> None:
        self._source.close()
