"""Adaptive proportion test, SP 800-90B section 4.4.2: a window's first symbol comes too often in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from qrng._native import ffi, lib
from qrng.bits import Symbols
from qrng.health.base import Alarm, HealthTest, Piece, Setting
from qrng.health.cutoffs import apt_cutoff, apt_window
from qrng.health.symbol_test import SymbolTest, stream_and_lanes

__all__ = ["AdaptiveProportionTest", "tests"]


class AdaptiveProportionTest(SymbolTest):
    """Over the whole stream, or over each lane apart (windows then count the lane's own symbols).

    Under the claim the count is 1 + a sum of W − 1 chances of at most 2⁻ᴴ each, whatever came before, so it
    reaches the (corrected) cutoff with probability at most α a window. Where the claim is so low that even a
    full window is likelier than α the cutoff lies above the window and the test never alarms; `describe`
    shows it.
    """

    name = "apt"

    def __init__(self, setting: Setting, *, per_lane: bool = False) -> None:
        """`per_lane` watches each of `setting.lanes` lanes apart, with the same cutoff."""
        super().__init__(setting, "qrng_apt_state", per_lane)
        self.window = apt_window(setting.bits_per_symbol)
        self.cutoff = apt_cutoff(self.window, setting.claim_bits, setting.alpha_log2)
        self.permanent_cutoff = apt_cutoff(self.window, setting.claim_bits, 2 * setting.alpha_log2)

    def update(self, piece: Piece, first: int) -> int | None:
        """See HealthTest."""
        symbols = piece.symbols
        scan, kind = (
            (lib.qrng_apt_scan8, "uint8_t[]") if symbols.dtype == np.uint8 else (lib.qrng_apt_scan32, "uint32_t[]")
        )
        n = len(symbols)
        at = scan(
            self._state,
            self.lanes,
            first % self.lanes,
            ffi.from_buffer(kind, symbols),
            n,
            self.window,
            self.cutoff,
        )
        return int(at) if at < n else None

    def alarm(self, at_sample: int) -> Alarm:
        """See HealthTest; the onset is the window's first symbol."""
        lane = at_sample % self.lanes
        onset = at_sample - (self._state[lane].seen - 1) * self.lanes
        return Alarm(self.name, at_sample, lane if self.per_lane else None, onset)

    def reach(self) -> int:
        """See HealthTest."""
        return self.window * self.lanes

    def is_permanent(self, following: Symbols, at_sample: int) -> bool:
        """See HealthTest: the window that alarmed goes on to the cutoff of α²."""
        state = self._state[at_sample % self.lanes]
        rest = following[self.lanes - 1 :: self.lanes][: self.window - state.seen]
        return bool(state.count + np.count_nonzero(rest == state.symbol) >= self.permanent_cutoff)

    def false_alarm_bound(self, samples: int, runs: int) -> float:
        """See HealthTest: α for each window begun."""
        return (samples / self.window + runs * self.lanes) * self._alpha

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return {
            "name": self.name,
            "per_lane": self.per_lane,
            "window": self.window,
            "cutoff": self.cutoff,
            "permanent_cutoff": self.permanent_cutoff,
        }


def tests(setting: Setting) -> list[HealthTest]:
    """The stream as a whole and, where there are several lanes, each lane."""
    return stream_and_lanes(AdaptiveProportionTest, setting)
