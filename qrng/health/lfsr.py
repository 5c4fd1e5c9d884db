"""Linear feedback: the Berlekamp-Massey algorithm on short windows, and bets on the register that it finds.

A linear feedback register, or a short period, is balanced in every parity that the bank watches and yet fully
known. Where 96 bits, one window behind the other, come from a register of at most 40 bits, or 256 of every 4096
from one of at most 96, the detector stakes on each of the next bits being that register's. Fair bits have a linear
complexity near half the window; so short a register has probability near 2^-16 and 2^-64. A missed bit ends the
bet, so a register with noise on it is found between its errors or not at all.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["LinearFeedbackTest", "tests"]


class LinearFeedbackTest(EDetector):
    """Over the whole stream of one-bit symbols. Blocks of 32 bits."""

    name = "lfsr"
    weight = 1 / 64

    def __init__(self, setting: Setting) -> None:
        """`setting` is of one-bit symbols."""
        super().__init__(setting, int(lib.qrng_lfsr_state_bytes()))
        check(
            lib.qrng_lfsr_init(self._state, guess(setting)),
            f"no linear feedback test at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_lfsr_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_lfsr_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_lfsr_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        return f"linear feedback register of at most {(40, 96)[found.bet]} bits"


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream; for wider ones nothing."""
    return [LinearFeedbackTest(setting)] if setting.bits_per_symbol == 1 else []
