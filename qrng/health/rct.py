"""Repetition count test, SP 800-90B section 4.4.1: alarms when one symbol repeats C times in a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from qrng._native import ffi, lib
from qrng.bits import Symbols
from qrng.health.base import Alarm, HealthTest, Piece, Setting
from qrng.health.cutoffs import rct_cutoff
from qrng.health.symbol_test import SymbolTest, stream_and_lanes

__all__ = ["RepetitionCountTest", "tests"]


class RepetitionCountTest(SymbolTest):
    """Over the whole stream, or over each lane apart.

    A run of C equal symbols has probability at most 2^(−H(C−1)) ≤ α under the claim, whatever came before it.
    """

    name = "rct"

    def __init__(self, setting: Setting, *, per_lane: bool = False) -> None:
        """`per_lane` watches each of `setting.lanes` lanes apart, with the same cutoff."""
        super().__init__(setting, "qrng_rct_state", per_lane)
        self.cutoff = rct_cutoff(setting.claim_bits, setting.alpha_log2)
        self.permanent_cutoff = rct_cutoff(setting.claim_bits, 2 * setting.alpha_log2)

    def update(self, piece: Piece, first: int) -> int | None:
        """See HealthTest."""
        symbols = piece.symbols
        scan, kind = (
            (lib.qrng_rct_scan8, "uint8_t[]") if symbols.dtype == np.uint8 else (lib.qrng_rct_scan32, "uint32_t[]")
        )
        n = len(symbols)
        at = scan(self._state, self.lanes, first % self.lanes, ffi.from_buffer(kind, symbols), n, self.cutoff)
        return int(at) if at < n else None

    def alarm(self, at_sample: int) -> Alarm:
        """See HealthTest; the onset is where the run began."""
        lane = at_sample % self.lanes
        onset = at_sample - (self._state[lane].run - 1) * self.lanes
        return Alarm(self.name, at_sample, lane if self.per_lane else None, onset)

    def reach(self) -> int:
        """See HealthTest."""
        return (self.permanent_cutoff - self.cutoff) * self.lanes

    def is_permanent(self, following: Symbols, at_sample: int) -> bool:
        """See HealthTest: the run goes on to the cutoff of α²."""
        state = self._state[at_sample % self.lanes]
        missing = max(self.permanent_cutoff - state.run, 0)
        lane = following[self.lanes - 1 :: self.lanes][:missing]
        return len(lane) == missing and bool(np.all(lane == state.symbol))

    def false_alarm_bound(self, samples: int, runs: int) -> float:
        """See HealthTest: α at each symbol."""
        return samples * self._alpha

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return {
            "name": self.name,
            "per_lane": self.per_lane,
            "cutoff": self.cutoff,
            "permanent_cutoff": self.permanent_cutoff,
        }


def tests(setting: Setting) -> list[HealthTest]:
    """The stream as a whole and, where there are several lanes, each lane."""
    return stream_and_lanes(RepetitionCountTest, setting)
