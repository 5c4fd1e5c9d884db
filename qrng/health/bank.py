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

from itertools import combinations
from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["BankTest", "guess", "tests"]


def guess(setting: Setting) -> float:
    """The claim as the greatest probability 2⁻ᴴ of a symbol."""
    return float(2.0 ** -float(setting.claim_bits))


class BankTest(EDetector):
    """Over the whole stream, or over each lane apart.

    Blocks of 256 bits, or of 32 bits of each lane; near the threshold of 64 bits, or 4.
    """

    name = "bank"
    weight = 0.35

    def __init__(self, setting: Setting, *, per_lane: bool = False) -> None:
        """`setting` is of one-bit symbols; `per_lane` watches its lanes apart."""
        self.per_lane = per_lane
        self.bias_weight = None if per_lane else float(lib.qrng_bank_bias_weight())
        self.lanes = setting.lanes
        size = lib.qrng_lanes_state_bytes if per_lane else lib.qrng_bank_state_bytes
        super().__init__(setting, int(size(self.lanes)))
        start = lib.qrng_lanes_init if per_lane else lib.qrng_bank_init
        check(
            start(self._state, self.lanes, guess(setting)),
            f"no bank for {self.lanes} lanes at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        if self.per_lane:
            return int(lib.qrng_lanes_scan(self._state, readable(piece.symbols), len(piece), threshold))
        return int(lib.qrng_bank_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        (lib.qrng_lanes_leader if self.per_lane else lib.qrng_bank_leader)(self._state, found)
        return found

    def lane_of(self, found: Any) -> int | None:
        """See EDetector."""
        return ((self._first or 0) + found.feature) % self.lanes if self.per_lane else None

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int((lib.qrng_lanes_check if self.per_lane else lib.qrng_bank_check)(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        index = int(found.feature)
        if self.per_lane:
            return _LANE_FEATURES[index // self.lanes]
        if index == 0:
            return "bias"
        if index <= 64:
            return f"lag {index}"
        if index <= 66:
            return f"lag {(index - 64) * self.lanes if self.lanes > 1 else (96, 128)[index - 65]}"
        return "parity with lags {} and {}".format(*_PAIRS[index - 67])

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return super().describe() | {"per_lane": self.per_lane}


_PAIRS = tuple(combinations(range(1, 9), 2))
_LANE_FEATURES = ("bias", "neighbouring lane", "the lane's lag 1", "the lane's lag 2")


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
