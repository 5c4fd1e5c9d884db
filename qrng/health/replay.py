"""Replay: the last 2^24 bits, and bets that what comes next is what came when the latest 32 bits stood there before.

A recording played back, a stuck buffer that is sent again, a generator that has run round: each bit looks fair.
Behind every 0001 the 32 bits so far are looked up among the places behind every earlier 0001; where they are
known, the detector stakes on each next bit being the one that followed then: one bet ends with the first that is
not, another goes on while the last 64 bits agree well enough, for a recording or an echo with noise on it. Any lag
up to 2^24 bits is met, whatever its alignment, as a rule within 93 bits.

The test has to remember raw bits that keys were made of: 2 MB of them stay in memory until the gate closes or
alarms, and are wiped then. See docs/reference/health.md.
"""

from __future__ import annotations

from typing import Any

from qrng._native import check, ffi, lib, readable
from qrng.errors import ParameterError
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector, aligned

__all__ = ["ReplayTest", "tests"]

_KEPT = 1 << 24  # bits


class ReplayTest(EDetector):
    """Over the whole stream of one-bit symbols; alarms at any bit."""

    name = "replay"
    weight = 1 / 128

    def __init__(self, setting: Setting) -> None:
        """`setting` is of one-bit symbols."""
        super().__init__(setting, int(lib.qrng_replay_state_bytes()))
        self._seen = 0
        check(
            lib.qrng_replay_init(self._state, guess(setting)),
            f"no replay test at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        at = int(lib.qrng_replay_scan(self._state, readable(piece.packed), piece.bit, len(piece), threshold))
        self._seen += min(at + 1, len(piece))
        return at

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_replay_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_replay_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        changed = ", some of them changed" if found.bet else ""
        return f"the bits of {found.feature} bits before, again{changed}"

    def _used(self, seen: int) -> int:
        """Bytes of the state up to the last bit kept; what follows is made anew from them."""
        return int(lib.qrng_replay_kept_at()) + -(-min(seen, _KEPT) // 8)

    def save(self) -> bytes:
        """See EDetector: the part of the state that isn't empty and can't be made again."""
        head = self.save_first() + self._seen.to_bytes(8, "little")
        return head + bytes(ffi.buffer(self._state, self._used(self._seen)))

    def restore(self, data: bytes) -> None:
        """See HealthTest."""
        seen = int.from_bytes(data[9:17], "little")
        if len(data) < 17 or len(data) != 17 + self._used(seen):
            raise ParameterError(f"{len(data)} bytes are no saved state of health test {self.name}")
        state, owner = aligned(self._bytes)
        ffi.buffer(state, self._used(seen))[:] = data[17:]
        check(self.check_state(state, self._bytes), f"not a state of health test {self.name} of this version")
        lib.qrng_replay_rebuild(state)
        self.restore_first(data)
        self._seen, self._state, self._owner = seen, state, owner


def tests(setting: Setting) -> list[HealthTest]:
    """For one-bit symbols the stream; for wider ones nothing."""
    return [ReplayTest(setting)] if setting.bits_per_symbol == 1 else []
