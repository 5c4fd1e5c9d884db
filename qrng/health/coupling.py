"""Coupling of lanes: what the last bits of all lanes, and products of two of them, foretell of each lane.

A logistic mixture for each lane, learned while the stream runs (csrc/health/coupling.c). It hears lanes that copy
others weakly, a lane that is the parity of two others, and lanes that lean together: what the bank's lags, each for the
whole stream or for one lane's neighbour, do not hear or hear late. What it believes changes nothing in the guarantee.

A bit costs as many multiplications as there are lanes, with products the square of that. So of every 2^21 bits it
watches the first 4096, and goes on watching as long as its bets win; all of them where the setting says `every_bit`.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.errors import ParameterError
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["EVERY", "LOOK", "CouplingTest", "tests"]

EVERY = 1 << 21
"""Bits of which the default watches `LOOK`."""
LOOK = int(lib.QRNG_COUPLING_LOOK)
MOST_LANES = int(lib.QRNG_COUPLING_MOST)


class CouplingTest(EDetector):
    """Over a stream of one-bit symbols from 2 to 256 lanes, products up to 32; alarms at any bit."""

    name = "coupling"
    weight = 1 / 128

    def __init__(self, setting: Setting, every: int = EVERY) -> None:
        """`setting` is of one-bit symbols; LOOK bits of `every` are watched, LOOK itself being all."""
        if not 2 <= setting.lanes <= MOST_LANES:
            raise ParameterError(f"coupling is watched among 2 to {MOST_LANES} lanes, and here is {setting.lanes}")
        super().__init__(setting, int(lib.qrng_coupling_state_bytes(setting.lanes)))
        self.every = every
        check(
            lib.qrng_coupling_init(self._state, setting.lanes, guess(setting), every),
            f"no watch on coupling at a claim of {float(setting.claim_bits)} bits, {LOOK} bits of every {every}",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        return int(lib.qrng_coupling_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_coupling_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_coupling_check(state, size))

    def lane_of(self, found: Any) -> int | None:
        """See EDetector."""
        return int(found.bet) - 1 if found.bet else None

    def detail(self, found: Any) -> str:
        """See EDetector: by lags, which name the same lanes wherever the count of lanes begins."""
        second, first = divmod(int(found.feature), 1 << 16)
        if second:
            what = f"the parity of the bits {min(first, second)} and {max(first, second)} before"
        else:
            what = f"the bit {first} before" if first else "nothing but the lane"
        return f"foretold, among others, by {what}"

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return super().describe() | {"watched": LOOK, "of_every": self.every}


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols from 2 to 256 lanes the stream, LOOK bits of EVERY or all; else nothing."""
    if setting.bits_per_symbol > 1 or not 2 <= setting.lanes <= MOST_LANES:
        return []
    return [CouplingTest(setting, LOOK if setting.every_bit else EVERY)]
