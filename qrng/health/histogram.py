"""Histogram predictors for symbols of 2 to 8 bits: what a symbol-wise claim of an ADC or detector asks for.

Histograms that forget over about 2,048, 16,384 and 262,144 symbols predict the next symbol, its difference
from the last, and its difference from what an adaptive linear filter of the last eight foretells. Prediction p̂
is staked as the log-optimal e-variable against the null that no symbol has probability above g = 2⁻ᴴ: with
p*(x) = min(g, c p̂(x)) of sum 1 the payoff is p̂/p*, of mean at most 1 (Larsson, Ramdas, Ruf, arXiv
2402.18810). Where no predicted probability exceeds g nothing is staked.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["HistogramTest", "tests"]


class HistogramTest(EDetector):
    """Over the whole stream of symbols of 2 to 8 bits; alarms at any symbol."""

    name = "histogram"
    bias_weight = float(lib.qrng_kary_bias_weight())

    def __init__(self, setting: Setting) -> None:
        """`setting` is of symbols of 2 to 8 bits."""
        super().__init__(setting, int(lib.qrng_kary_state_bytes()))
        g = max(guess(setting), 2.0**-setting.bits_per_symbol)  # 2⁻ᴴ may round below what the width allows
        check(
            lib.qrng_kary_init(self._state, 2**setting.bits_per_symbol, g),
            f"no histogram test for {setting.bits_per_symbol}-bit symbols at a claim of {float(setting.claim_bits)}",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_kary_scan(self._state, readable(piece.symbols), len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_kary_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_kary_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        return _FEATURES[found.feature]


_FEATURES = ("distribution of symbols", "distribution of differences", "distribution around a linear prediction")


def tests(setting: Setting) -> list[HealthTest]:
    """For symbols of 2 to 8 bits the stream; for others nothing."""
    return [HistogramTest(setting)] if 2 <= setting.bits_per_symbol <= 8 else []
