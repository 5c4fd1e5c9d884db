"""Test patterns: what a converter, a serializer or a driver sends that was left in its test mode.

Instruments and transceivers test links with the output of registers whose taps are standard (ITU-T O.150, IEEE
802.3): of 7, 9, 10, 11, 13, 15, 17, 20, 23, 29 or 31 bits, each of them looked for in reverse order and inverted, too.
`lfsr` has to learn a register first, which takes twice its length; against a known one bets are won as soon as its
own length has been seen. One bet ends with a miss, another bears some, for a pattern with errors in it.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["KnownPatternTest", "tests"]


class KnownPatternTest(EDetector):
    """Over the whole stream of one-bit symbols; alarms at any bit."""

    name = "prbs"
    weight = 1 / 128

    def __init__(self, setting: Setting) -> None:
        """`setting` is of one-bit symbols."""
        super().__init__(setting, int(lib.qrng_prbs_state_bytes()))
        check(
            lib.qrng_prbs_init(self._state, guess(setting)),
            f"no test of test patterns at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_prbs_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_prbs_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_prbs_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        marks = ((found.feature & 256, "reversed"), (found.bet & 1, "inverted"), (found.bet & 2, "some bits wrong"))
        return ", ".join([f"test pattern PRBS{found.feature & 255}", *(mark for there, mark in marks if there)])


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream; for wider ones nothing."""
    return [KnownPatternTest(setting)] if setting.bits_per_symbol == 1 else []
