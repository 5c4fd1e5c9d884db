"""What the tests that gather evidence share: a threshold, a state in C that can be copied, a share of false alarms.

The state is a Shiryaev-Roberts e-detector, or a weighted sum of such, with mean at most the number of symbols
seen if the claim holds. It alarms at A divided by its share of all false alarms; the shares of the detectors
in force add up to 1 (registry.py sets them), so that any of them alarms within T symbols with probability at
most T/A. Separate thresholds, and not one on the sum, because the detectors end their blocks at different
symbols.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np

from qrng import bits
from qrng._native import check, ffi, wipe
from qrng.errors import ParameterError
from qrng.health.base import Alarm, HealthTest, Piece, Setting

__all__ = ["EDetector", "aligned"]

_ALIGNMENT = 64  # bytes: no vector of the state crosses a cache line


def aligned(size: int) -> Any:
    """Zeroed C buffer (uint8_t *) of `size` bytes from a multiple of 64 on, and the array that keeps it alive."""
    owner = np.zeros(size + _ALIGNMENT, np.uint8)
    return ffi.cast("uint8_t *", ffi.from_buffer(owner)) + (-owner.ctypes.data) % _ALIGNMENT, owner


class EDetector(HealthTest):
    """A test that alarms on evidence, whose false alarms are bounded by T/A whatever it bets on.

    Attributes:
        weight: part of the false alarms that this detector asks for, relative to the others' weights. Halving it
            costs the detector one bit of evidence: dear where a bit of the stream brings 0.001, cheap where it
            brings one.
        share: part of all false alarms that this detector may cause, above 0 and at most 1.
        bias_weight: weight, within this detector, of a bet that the whole stream's bias wins; None if none does.
    """

    weight: float = 0.125
    share: float = 1.0
    bias_weight: float | None = None

    def __init__(self, setting: Setting, state_bytes: int) -> None:
        """A zeroed state of so many bytes."""
        self.run_length_log2 = setting.run_length_log2
        self._bytes = state_bytes
        self._state, self._owner = aligned(state_bytes)
        self._first: int | None = None

    @property
    def log2_threshold(self) -> float:
        """log2 of the value at which this detector alarms."""
        return self.run_length_log2 - math.log2(self.share)

    @abstractmethod
    def scan(self, piece: Piece, threshold: float) -> int:
        """Take the piece up to the symbol where the threshold is reached; its index, or the length of the piece."""

    @abstractmethod
    def leader(self) -> Any:
        """The qrng_evidence of the state."""

    def update(self, piece: Piece, first: int) -> int | None:
        """See HealthTest. Alarms come at the end of a block."""
        if self._first is None:
            self._first = first
        at = self.scan(piece, 2.0**self.log2_threshold)
        return at if at < len(piece) else None

    def evidence(self) -> float:
        """See HealthTest: log2 of the detector's value times its share."""
        total = self.leader().total
        return math.log2(total * self.share) if total > 0 else 0.0

    def lane_of(self, found: Any) -> int | None:
        """Lane that the leading bet is about, counted from the first symbol's; None for the whole stream."""
        return None

    @abstractmethod
    def detail(self, found: Any) -> str:
        """What the leading bet is about, in words."""

    def alarm(self, at_sample: int) -> Alarm:
        """See HealthTest; the onset is where the leading bet last had no evidence."""
        found = self.leader()
        first = self._first or 0
        return Alarm(
            self.name,
            at_sample,
            self.lane_of(found),
            first + int(found.quiet),
            math.log2(found.total * self.share),
            self.detail(found),
        )

    def reach(self) -> int:
        """See HealthTest: nothing to look at."""
        return 0

    def is_permanent(self, following: bits.Symbols, at_sample: int) -> bool:
        """See HealthTest: evidence has no second cutoff; a second alarm decides."""
        return False

    def false_alarm_bound(self, samples: int, runs: int) -> float:
        """See HealthTest: T/A times the share, over all runs together."""
        return float(samples * 2.0**-self.log2_threshold)

    @abstractmethod
    def check_state(self, state: Any, size: int) -> int:
        """The C core's word on whether a state of so many bytes is one that this test may continue."""

    def save(self) -> bytes:
        """See HealthTest: the first symbol's index, then the state."""
        return self.save_first() + bytes(ffi.buffer(self._state, self._bytes))

    def save_first(self) -> bytes:
        """The first symbol's index, as nine bytes."""
        first = -1 if self._first is None else self._first
        return first.to_bytes(9, "little", signed=True)

    def restore_first(self, data: bytes) -> None:
        """Take up the index that `data` begins with."""
        first = int.from_bytes(data[:9], "little", signed=True)
        self._first = None if first < 0 else first

    def restore(self, data: bytes) -> None:
        """See HealthTest."""
        state, owner = aligned(self._bytes)
        if len(data) != 9 + self._bytes:
            raise ParameterError(f"{len(data)} bytes are no saved state of health test {self.name}")
        ffi.buffer(state, self._bytes)[:] = data[9:]
        check(self.check_state(state, self._bytes), f"not a state of health test {self.name} of this version")
        self.restore_first(data)
        self._state, self._owner = state, owner

    def wipe(self) -> None:
        """See HealthTest: the state holds the last raw bits."""
        wipe(self._owner)

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return {"name": self.name, "per_lane": False, "log2_threshold": self.log2_threshold}
