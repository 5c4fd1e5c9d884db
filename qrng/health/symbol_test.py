"""What the tests of SP 800-90B 4.4 share: one C state a lane, over the whole stream or over each lane apart."""

from __future__ import annotations

from typing import Any

from qrng._native import ffi
from qrng.errors import ParameterError
from qrng.health.base import HealthTest, Setting

__all__ = ["SymbolTest", "stream_and_lanes"]


class SymbolTest(HealthTest):
    """A test that counts symbols, with the same cutoff on each of `lanes` lanes (one for the stream as a whole)."""

    def __init__(self, setting: Setting, state: str, per_lane: bool) -> None:
        """`state` is the C type of a lane's state; `per_lane` watches each of `setting.lanes` lanes apart."""
        self.per_lane = per_lane
        self.lanes = setting.lanes if per_lane else 1
        self._alpha = 2.0**setting.alpha_log2
        self._state = ffi.new(f"{state}[]", self.lanes)

    def save(self) -> bytes:
        """See HealthTest."""
        return bytes(ffi.buffer(self._state))

    def restore(self, data: bytes) -> None:
        """See HealthTest."""
        if len(data) != ffi.sizeof(self._state):
            raise ParameterError(f"{len(data)} bytes are no saved state of {self.name} over {self.lanes} lanes")
        ffi.buffer(self._state)[:] = data


def stream_and_lanes(kind: Any, setting: Setting) -> list[HealthTest]:
    """`kind` over the stream as a whole and, where there are several lanes, over each lane."""
    found: list[HealthTest] = [kind(setting)]
    if setting.lanes > 1:
        found.append(kind(setting, per_lane=True))
    return found
