"""The learned bettor: a small network sets sign and size of each bet from what the bits have lately done.

It finds what a fixed bet can't hold on to: biases and correlations that drift, swing or change sign. The
guarantee is the bank's and owes nothing to the training: a bad network costs its share of the false alarms
and finds less.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector
from qrng.health.learned.artefact import load

__all__ = ["LearnedTest", "tests"]


class LearnedTest(EDetector):
    """Over the whole stream: the bit and its parities with lags 1, 2, 8 and n, and 1 and 2. Blocks of 64 bits."""

    name = "learned"
    weight = 0.05

    def __init__(self, setting: Setting) -> None:
        """`setting` is of one-bit symbols."""
        self.lanes = setting.lanes
        super().__init__(setting, int(lib.qrng_learned_state_bytes(self.lanes)))
        weights = load()
        check(
            lib.qrng_learned_init(
                self._state, self.lanes, guess(setting), ffi.from_buffer("double[]", weights), len(weights)
            ),
            f"no learned test for {self.lanes} lanes at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_learned_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_learned_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_learned_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        far = self.lanes if self.lanes > 1 else 16
        return "moving " + ("bias", "lag 1", "lag 2", "lag 8", f"lag {far}", "parity with lags 1 and 2")[found.feature]


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream; for wider ones, or beyond 16384 lanes, nothing."""
    if setting.bits_per_symbol > 1 or setting.lanes > lib.QRNG_HEALTH_MAX_LANES:
        return []
    return [LearnedTest(setting)]
