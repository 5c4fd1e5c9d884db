"""The sine bank: bets that the chance of a one swings as a sine, of a fixed period, phase and amplitude.

Mains hum, a switching supply, an oscillator that locks: the bits are balanced over a period, so the bank's fixed
bets win and lose in turn. 30 periods from 512 to 16,384 bits, three amplitudes and eight phases, and 112 periods
from 64 to 512 bits, two amplitudes and eight phases, cost some ten bits of evidence once and then earn nearly all
that the swing allows. The eight octaves of periods share the false alarms equally. What swings faster than every 64
bits shows in the bank's lags.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["SineTest", "tests"]


class SineTest(EDetector):
    """Over the whole stream of one-bit symbols. Blocks of 256 bits for periods below 512, else of 128 to 2,048 bits."""

    name = "sine"
    weight = 0.35

    def __init__(self, setting: Setting) -> None:
        """`setting` is of one-bit symbols."""
        super().__init__(setting, int(lib.qrng_sine_state_bytes()))
        check(
            lib.qrng_sine_init(self._state, guess(setting)),
            f"no sine bank at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_sine_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_sine_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_sine_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        return f"bias that swings with a period of about {found.feature} bits"


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream; for wider ones nothing."""
    return [SineTest(setting)] if setting.bits_per_symbol == 1 else []
