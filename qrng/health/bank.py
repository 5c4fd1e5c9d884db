"""The parametric bank: fixed bets against the claim, on the stream and on each lane, as e-detectors.

Null hypothesis: no symbol has probability above 2⁻ᴴ given everything before it. Each bet has a payoff of mean
at most 1 under it, so the weighted sum M of all Shiryaev-Roberts detectors has mean at most the number of
symbols seen, and P(M ≥ A within T symbols) ≤ T/A whatever the source does inside the null (Shin, Ramdas,
Rinaldo, "E-detectors: a nonparametric framework for sequential change detection"). The features are the bias,
lags 1 to 64, n and 2n for n lanes, and three-bit parities within 8 bits; in each lane its bias, its
neighbour, its own lags 1 and 2. This is the parametric online test that AIS 20/31 asks for. The bits only: of
wider symbols nothing is claimed bit by bit.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np

from qrng import bits
from qrng._native import check, ffi, lib, readable
from qrng.health.base import Alarm, HealthTest, Piece, Setting

__all__ = ["BankTest", "tests"]

_ALIGNMENT = 64  # bytes: no vector of the state crosses a cache line


class BankTest(HealthTest):
    """Over the whole stream, or over each lane apart; where both run, each has half of the false alarms."""

    name = "bank"

    def __init__(self, setting: Setting, *, per_lane: bool = False) -> None:
        """`setting` is of one-bit symbols; `per_lane` watches its lanes apart."""
        self.per_lane = per_lane
        self.lanes = setting.lanes
        self.share = 1.0 if setting.lanes == 1 else 0.5
        self.log2_threshold = setting.run_length_log2 - math.log2(self.share)
        self._threshold = 2.0**self.log2_threshold
        self._first: int | None = None
        self._bytes = int((lib.qrng_lanes_state_bytes if per_lane else lib.qrng_bank_state_bytes)(setting.lanes))
        self._buffer = np.zeros(self._bytes + _ALIGNMENT, np.uint8)
        self._state = ffi.cast("uint8_t *", ffi.from_buffer(self._buffer)) + (-self._buffer.ctypes.data) % _ALIGNMENT
        start = lib.qrng_lanes_init if per_lane else lib.qrng_bank_init
        check(
            start(self._state, setting.lanes, 2.0 ** -float(setting.claim_bits)),
            f"no bank for {setting.lanes} lanes at a claim of {float(setting.claim_bits)} bits",
        )

    def update(self, piece: Piece, first: int) -> int | None:
        """See HealthTest. Alarms come at the end of a block: 256 bits, or 32 bits of each lane."""
        if self._first is None:
            self._first = first
        n = len(piece)
        if self.per_lane:
            at = lib.qrng_lanes_scan(self._state, readable(piece.symbols), n, self._threshold)
        else:
            at = lib.qrng_bank_scan(self._state, readable(piece.packed), piece.bit, n, self._threshold)
        return int(at) if at < n else None

    def _leader(self) -> Any:
        found = ffi.new("qrng_evidence *")
        (lib.qrng_lanes_leader if self.per_lane else lib.qrng_bank_leader)(self._state, found)
        return found

    def evidence(self) -> float:
        """See HealthTest: log2 of the weighted sum of the e-detectors, this test's share included."""
        total = self._leader().total
        return math.log2(total * self.share) if total > 0 else 0.0

    def alarm(self, at_sample: int) -> Alarm:
        """See HealthTest; the onset is where the leading detector last had no evidence."""
        found = self._leader()
        first = self._first or 0
        kind, lane = divmod(int(found.feature), self.lanes)
        return Alarm(
            self.name,
            at_sample,
            (first + lane) % self.lanes if self.per_lane else None,
            first + int(found.quiet),
            math.log2(found.total * self.share),
            _lane_feature(kind) if self.per_lane else _feature(int(found.feature), self.lanes),
        )

    def reach(self) -> int:
        """See HealthTest: nothing to look at."""
        return 0

    def is_permanent(self, following: bits.Symbols, at_sample: int) -> bool:
        """See HealthTest: evidence has no second cutoff; a second alarm decides."""
        return False

    def false_alarm_bound(self, samples: int, runs: int) -> float:
        """See HealthTest: T/A times the share, over all runs together."""
        return float(samples / self._threshold)

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return {"name": self.name, "per_lane": self.per_lane, "log2_threshold": self.log2_threshold}


_PAIRS = tuple(combinations(range(1, 9), 2))


def _feature(index: int, lanes: int) -> str:
    if index == 0:
        return "bias"
    if index <= 64:
        return f"lag {index}"
    if index <= 66:
        return f"lag {(index - 64) * lanes if lanes > 1 else (96, 128)[index - 65]}"
    return "parity with lags {} and {}".format(*_PAIRS[index - 67])


def _lane_feature(kind: int) -> str:
    return ("bias", "neighbouring lane", "the lane's lag 1", "the lane's lag 2")[kind]


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream and, where there are several lanes, each lane; for wider ones nothing.

    Nothing either beyond 16384 lanes, which would take more than 32 MB.
    """
    if setting.bits_per_symbol > 1 or setting.lanes > lib.QRNG_HEALTH_MAX_LANES:
        return []
    found: list[HealthTest] = [BankTest(setting)]
    if setting.lanes > 1:
        found.append(BankTest(setting, per_lane=True))
    return found
