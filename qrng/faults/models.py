"""What can go wrong with a stream of symbols: one class a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError

__all__ = [
    "FAULTS",
    "Array",
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
    "Transformer",
]

Array = npt.NDArray[Any]
Transformer = Callable[[Array, int], Array]
"""Symbols and the index of the first of them (before any fault that loses symbols) to faulty symbols."""


@dataclass(frozen=True)
class Fault:
    """Base of all faults.

    Attributes:
        start: index of the first symbol that is changed.
        seed: of the fault's own pseudo-random decisions.
    """

    name: ClassVar[str]

    start: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges that all faults share, then the fault's own."""
        if self.start < 0 or self.seed < 0:
            raise ParameterError(f"{self.name}: start and seed must not be negative")
        self._check()

    def _check(self) -> None:
        """Raise ParameterError for a parameter out of range."""

    def _need(self, good: bool, what: str) -> None:
        if not good:
            raise ParameterError(f"{self.name}: {what}")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """A fresh transformer with its own state, for a stream of `width`-bit symbols in `lanes` lanes."""
        raise TypeError(f"{type(self).__name__} changes nothing")


def _since(symbols: Array, first: int, start: int) -> int:
    """Offset in `symbols` of the first one with index `start` or later."""
    return min(max(start - first, 0), symbols.size)


@dataclass(frozen=True)
class StuckLane(Fault):
    """One lane gives `value` only."""

    name = "stuck_lane"
    lane: int = 0
    value: int = 0

    def _check(self) -> None:
        self._need(self.lane >= 0 and self.value >= 0, "lane and value must not be negative")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        self._need(self.lane < lanes, f"lane {self.lane} is not among the {lanes} of the source")
        self._need(self.value < 2**width, f"value {self.value} needs more than {width} bits")

        def apply(symbols: Array, first: int) -> Array:
            index = np.arange(first, first + symbols.size)
            symbols[(index >= self.start) & (index % lanes == self.lane)] = self.value
            return symbols

        return apply


@dataclass(frozen=True)
class CopyLane(Fault):
    """One lane gives what another lane gave in the same shot: total crosstalk."""

    name = "copy_lane"
    lane: int = 1
    source: int = 0

    def _check(self) -> None:
        self._need(0 <= self.source < self.lane, "a lane copies one before it: 0 <= source < lane")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        self._need(self.lane < lanes, f"lane {self.lane} is not among the {lanes} of the source")
        tail: Array = np.zeros(0, np.uint8)

        def apply(symbols: Array, first: int) -> Array:
            nonlocal tail
            joined = np.concatenate([tail.astype(symbols.dtype), symbols])
            index = np.arange(first - tail.size, first + symbols.size)
            at = np.flatnonzero((index >= max(self.start, first)) & (index % lanes == self.lane))
            back = at - (self.lane - self.source)
            joined[at[back >= 0]] = joined[back[back >= 0]]
            out, tail = joined[tail.size :], joined[max(0, joined.size - lanes) :]
            return out

        return apply


@dataclass(frozen=True)
class Bias(Fault):
    """Each symbol becomes `value` with probability `amount`."""

    name = "bias"
    amount: float = 0.1
    value: int = 1

    def _check(self) -> None:
        self._need(0 <= self.amount <= 1, "amount is a probability")
        self._need(self.value >= 0, "value must not be negative")

    def _probability(self, index: Array) -> Any:
        return self.amount

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        self._need(self.value < 2**width, f"value {self.value} needs more than {width} bits")
        rng = np.random.default_rng(self.seed)

        def apply(symbols: Array, first: int) -> Array:
            at = _since(symbols, first, self.start)
            index = np.arange(first + at, first + symbols.size)
            symbols[at:][rng.random(index.size) < self._probability(index)] = self.value
            return symbols

        return apply


@dataclass(frozen=True)
class Drift(Bias):
    """A bias that grows in a straight line from nothing to `amount` over `length` symbols and stays there."""

    name = "drift"
    length: int = 1_000_000

    def _check(self) -> None:
        super()._check()
        self._need(self.length >= 1, "length must be at least 1")

    def _probability(self, index: Array) -> Any:
        return self.amount * np.minimum(1.0, (index - self.start) / self.length)


@dataclass(frozen=True)
class Markov(Fault):
    """Each symbol repeats the one before it in its lane with probability `amount`."""

    name = "markov"
    amount: float = 0.1

    def _check(self) -> None:
        self._need(0 <= self.amount <= 1, "amount is a probability")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        rng = np.random.default_rng(self.seed)
        last: Array | None = None  # the latest symbol of each lane, in the order of the next `lanes` indices

        def apply(symbols: Array, first: int) -> Array:
            nonlocal last
            known = 0 if last is None else last.size
            joined = symbols if last is None else np.concatenate([last, symbols])
            at = _since(symbols, first, self.start)
            repeats = np.zeros(joined.size, np.bool_)
            repeats[known + at :] = rng.random(symbols.size - at) < self.amount
            repeats[:lanes] = False
            origin = _latest(~repeats, lanes)
            joined = joined[origin]
            last = joined[max(0, joined.size - lanes) :]
            return joined[known:]

        return apply


def _latest(fresh: npt.NDArray[np.bool_], lanes: int) -> Array:
    """For each position, the latest position in its lane, itself included, that is fresh; the first of each lane is."""
    rows = -(-fresh.size // lanes)
    position = np.zeros(rows * lanes, np.int64)
    position[: fresh.size] = np.where(fresh, np.arange(fresh.size), -1)
    return np.maximum.accumulate(position.reshape(rows, lanes), axis=0).reshape(-1)[: fresh.size]


@dataclass(frozen=True)
class PeriodicLock(Fault):
    """The source locks to a tone: the `period` symbols from `start` come again and again.

    With `amount` below 1 each symbol is locked with that probability only.
    """

    name = "periodic_lock"
    period: int = 64
    amount: float = 1.0

    def _check(self) -> None:
        self._need(self.period >= 1, "period must be at least 1")
        self._need(0 <= self.amount <= 1, "amount is a probability")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        rng = np.random.default_rng(self.seed)
        pattern = np.zeros(self.period, np.uint32)

        def apply(symbols: Array, first: int) -> Array:
            start = _since(symbols, first, self.start)
            at = _since(symbols, first, self.start + self.period)
            pattern[first + start - self.start : first + at - self.start] = symbols[start:at]
            index = np.arange(first + at, first + symbols.size)
            locked = rng.random(index.size) < self.amount
            symbols[at:][locked] = pattern[(index - self.start) % self.period][locked]
            return symbols

        return apply


@dataclass(frozen=True)
class Replay(Fault):
    """A stale buffer: from `start`, every block of `length` symbols is given twice instead of the one after it."""

    name = "replay"
    length: int = 4096

    def _check(self) -> None:
        self._need(self.length >= 1, "length must be at least 1")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        history: Array = np.zeros(0, np.uint8)  # the `length` symbols before

        def apply(symbols: Array, first: int) -> Array:
            nonlocal history
            known = history.size
            joined = np.concatenate([history.astype(symbols.dtype), symbols])
            since = np.arange(first, first + symbols.size) - self.start
            stale = known + np.flatnonzero((since >= 0) & (since // self.length % 2 == 1))
            joined[stale] = joined[stale - self.length]
            history = joined[max(0, joined.size - self.length) :]
            return joined[known:]

        return apply


@dataclass(frozen=True)
class Burst(Fault):
    """`length` symbols in a row are `value`: once, or again every `every` symbols."""

    name = "burst"
    length: int = 100
    every: int = 0
    value: int = 0

    def _check(self) -> None:
        self._need(self.length >= 1 and self.value >= 0, "length must be at least 1, value not negative")
        self._need(self.every == 0 or self.every >= self.length, "every must be 0 or at least the length")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        self._need(self.value < 2**width, f"value {self.value} needs more than {width} bits")

        def apply(symbols: Array, first: int) -> Array:
            index = np.arange(first, first + symbols.size) - self.start
            within = index % self.every if self.every else index
            symbols[(index >= 0) & (within < self.length)] = self.value
            return symbols

        return apply


@dataclass(frozen=True)
class Dropout(Fault):
    """Symbols are lost, each with probability `amount`; what follows moves up, and with it the lanes."""

    name = "dropout"
    amount: float = 0.001

    def _check(self) -> None:
        self._need(0 <= self.amount < 1, "amount is a probability below 1")

    def transformer(self, lanes: int, width: int) -> Transformer:
        """As in `Fault`."""
        rng = np.random.default_rng(self.seed)

        def apply(symbols: Array, first: int) -> Array:
            at = _since(symbols, first, self.start)
            kept = np.ones(symbols.size, np.bool_)
            kept[at:] = rng.random(symbols.size - at) >= self.amount
            return symbols[kept]

        return apply


FAULTS: dict[str, type[Fault]] = {
    fault.name: fault for fault in (StuckLane, CopyLane, Bias, Drift, Markov, PeriodicLock, Replay, Burst, Dropout)
}
"""Every fault by the name that `parse` and `--fault` take."""
