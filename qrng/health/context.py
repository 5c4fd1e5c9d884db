"""Context mixing: what the bits before foretell, in whatever way, learned while the stream runs.

Sixteen predictors look at the last 1 to 20 bits, at bits apart, at the lane, and at the place where the last 20
bits stood before; a logistic mixture learned online weighs them (csrc/health/context.c). It hears rules that no
parity of few bits shows: nonlinear feedback, a comparator that recovers after a run, an echo from far back with
noise on it. What such a predictor believes changes nothing in the guarantee.

It costs twenty times what the other tests cost together. So of every 2^21 bits it watches the first 4096, and goes
on watching as long as its bets win; all of them where the setting says `every_bit`.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["EVERY", "LOOK", "ContextTest", "tests"]

EVERY = 1 << 21
"""Bits of which the default watches `LOOK`."""
LOOK = int(lib.QRNG_CONTEXT_LOOK)

_ORDERS = (1, 2, 3, 4, 6, 8, 11, 12, 14, 16, 18, 20)
_APART = ("the odd lags to 21", "the even lags to 22", "lags 8 to 64 in steps of 8")
_OF_LANES = ("the lane's last four bits", "the four bits before, by lane", "the lane's last bit and its neighbours")


class ContextTest(EDetector):
    """Over the whole stream of one-bit symbols; alarms at any bit."""

    name = "context"
    weight = 1 / 128

    def __init__(self, setting: Setting, every: int = EVERY) -> None:
        """`setting` is of one-bit symbols; LOOK bits of `every` are watched, LOOK itself being all."""
        super().__init__(setting, int(lib.qrng_context_state_bytes()))
        self.lanes, self.every = setting.lanes, every
        check(
            lib.qrng_context_init(self._state, setting.lanes, guess(setting), every),
            f"no context mixing for {setting.lanes} lanes at a claim of {float(setting.claim_bits)} bits, {LOOK} bits "
            f"of every {every}",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_context_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_context_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_context_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        apart = _OF_LANES if self.lanes > 1 else _APART
        orders = (f"the last {order} bits" if order > 1 else "the last bit" for order in _ORDERS)
        return (
            f"foretold, among others, by {(*orders, *apart, 'what came when the last 20 stood before')[found.feature]}"
        )

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return super().describe() | {"watched": LOOK, "of_every": self.every}


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream, LOOK bits of EVERY or all; for wider ones, or beyond 16384 lanes, nothing."""
    if setting.bits_per_symbol > 1 or setting.lanes > lib.QRNG_HEALTH_MAX_LANES:
        return []
    return [ContextTest(setting, LOOK if setting.every_bit else EVERY)]
