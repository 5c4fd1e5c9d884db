"""Bets on what a converter with a fault delivers, for symbols of 2 to 8 bits: tens of symbols where a histogram needs
hundreds.

A histogram has to learn a number a code. What goes wrong with an analogue-to-digital converter takes few numbers to
say, and for each fault there is a bettor that believes in it from the first symbol on (csrc/health/converter.c):

- the noise narrows, or can be foretold: Gaussians, in 16 steps narrower than the one whose likeliest code has the
  claimed probability, about what linear filters of the last 8 and 32 codes foretell, fitted to the last 128 and 1,024
  or so; for one of two or of four interleaved converters, too;
- a bit is held at 0 or 1, stays as it was in the last code, or toggles, in half or nearly all codes;
- codes come in steps of 3, 5 or 7 (of 2, 4, 8 … is a bit held);
- the lowest or the highest code comes again and again;
- the spread about the mean is 0.85, 0.7 or 0.5 of what it was, whatever its shape.

What would come without the fault is what came before: counts with a memory of 65,536 codes. Where the fault is none of
these, two bettors learn the share of each bit given the one above it (31 numbers), and six expect the last 1, 16 or 64
codes to come again. Payoffs are the log-optimal ones against the claim, as the histograms'.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["ConverterTest", "tests"]


class ConverterTest(EDetector):
    """Over the whole stream of symbols of 2 to 8 bits; alarms at any symbol."""

    name = "converter"

    def __init__(self, setting: Setting) -> None:
        """`setting` is of symbols of 2 to 8 bits."""
        super().__init__(setting, int(lib.qrng_converter_state_bytes()))
        g = max(guess(setting), 2.0**-setting.bits_per_symbol)  # 2⁻ᴴ may round below what the width allows
        check(
            lib.qrng_converter_init(self._state, 2**setting.bits_per_symbol, g),
            f"no converter test for {setting.bits_per_symbol}-bit symbols at a claim of {float(setting.claim_bits)}",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_converter_scan(self._state, readable(piece.symbols), len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_converter_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_converter_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        return _FEATURES[found.feature].format(found.bet)


_FEATURES = {
    lib.QRNG_CONVERTER_FORETOLD: "noise about a linear prediction narrower than claimed",
    lib.QRNG_CONVERTER_TURNS: "noise narrower than claimed in one code of {}",
    lib.QRNG_CONVERTER_AT_0: "bit {} of the code held at 0",
    lib.QRNG_CONVERTER_AT_1: "bit {} of the code held at 1",
    lib.QRNG_CONVERTER_STEPS: "codes in steps of {}",
    lib.QRNG_CONVERTER_RAILS: "the lowest or highest code",
    lib.QRNG_CONVERTER_NARROWER: "a narrower distribution of codes than before",
    lib.QRNG_CONVERTER_STAYS: "bit {} of the code stays as it was",
    lib.QRNG_CONVERTER_TOGGLES: "bit {} of the code toggles",
    lib.QRNG_CONVERTER_TREE: "shares of the bits of a code",
    lib.QRNG_CONVERTER_ATOMS: "the last codes again",
}
"""Bit 0 is a code's lowest."""


def tests(setting: Setting) -> list[HealthTest]:
    """For symbols of 2 to 8 bits the stream; for others nothing."""
    return [ConverterTest(setting)] if 2 <= setting.bits_per_symbol <= 8 else []
