"""The states of a stream under test, and what an alarm does to them.

STARTUP → OK ⇄ SUSPECT → INTERMITTENT (an alarm) → by `restart()` alone → STARTUP; FAILED for good. SUSPECT is
advice: evidence within a factor of 2^10 of an alarm; it changes no claim and holds nothing back. An alarm
makes FAILED when an earlier one lies fewer than 2^30 symbols back, or when the run or window that alarmed
goes on to the cutoff of α². Nothing leaves INTERMITTENT by itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from qrng.errors import HealthAlarm, HealthFailure

__all__ = ["SECOND_ALARM_WITHIN", "SUSPECT_BITS", "Latch", "State"]

SECOND_ALARM_WITHIN = 1 << 30
"""Symbols: a second alarm within so many of the first is a failure."""

SUSPECT_BITS = 10
"""Bits of evidence short of an alarm from which the state is SUSPECT."""


class State(StrEnum):
    """State of a stream under test."""

    STARTUP = "STARTUP"
    OK = "OK"
    SUSPECT = "SUSPECT"
    INTERMITTENT = "INTERMITTENT"
    FAILED = "FAILED"


_RUNNING = (State.STARTUP, State.OK, State.SUSPECT)


class Latch:
    """Holds the state. It counts the symbols tested over all restarts, so that a restart forgives nothing."""

    def __init__(self) -> None:
        self.state = State.STARTUP
        self.reason = ""
        self.by_alarm = False  # whether an alarm, and nothing worse, made the state what it is
        self._tested = 0
        self._last_alarm: int | None = None

    def passed(self, symbols: int, startup_over: bool, suspicious: bool = False) -> None:
        """Count symbols tested without an alarm; `suspicious` says whether the evidence is near one."""
        self._tested += symbols
        if self.state in _RUNNING and startup_over:
            self.state = State.SUSPECT if suspicious else State.OK

    def alarm(self, symbols: int, what: str, permanent: bool) -> None:
        """An alarm with the last of `symbols` more symbols."""
        self._tested += symbols
        last, self._last_alarm = self._last_alarm, self._tested
        running = self.state is not State.FAILED
        if permanent:
            self.fail(f"{what}, and it went on to the cutoff of alpha squared")
        elif last is not None and self._tested - last < SECOND_ALARM_WITHIN:
            self.fail(f"{what}, the second alarm within 2^30 symbols")
        elif running:
            self.state, self.reason = State.INTERMITTENT, what
        if running:
            self.by_alarm = True

    def fail(self, reason: str) -> None:
        """FAILED, for good; the first reason stays."""
        if self.state is not State.FAILED:
            self.state, self.reason, self.by_alarm = State.FAILED, reason, False

    def check(self) -> None:
        """Raise unless symbols may be tested now.

        Raises:
            HealthAlarm: INTERMITTENT: nothing passes until `restart()`.
            HealthFailure: FAILED, or a state that isn't one.
        """
        if self.state in _RUNNING:
            return
        if self.state is not State.INTERMITTENT:
            raise HealthFailure(f"FAILED: {self.reason}. Look at the source; only a new instance starts again")
        raise HealthAlarm(f"INTERMITTENT: {self.reason}. Nothing passes until restart() is called")

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, for `from_dict`."""
        return {
            "state": str(self.state),
            "reason": self.reason,
            "by_alarm": self.by_alarm,
            "tested": self._tested,
            "last_alarm": self._last_alarm,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Latch:
        """The latch that `as_dict` wrote."""
        latch = cls()
        latch.state, latch.reason = State(data["state"]), str(data["reason"])
        latch.by_alarm = data["by_alarm"] is True
        latch._tested = int(data["tested"])
        latch._last_alarm = None if data["last_alarm"] is None else int(data["last_alarm"])
        return latch

    def restart(self) -> None:
        """Back to STARTUP; HealthFailure if FAILED."""
        if self.state not in (*_RUNNING, State.INTERMITTENT):
            self.check()
        self.state, self.reason, self.by_alarm = State.STARTUP, "", False

    def restart_without_lane(self) -> None:
        """Back to STARTUP, even from FAILED, for a stream without the lane that alarmed; it forgets no alarm.

        Raises:
            HealthFailure: FAILED, and not by an alarm.
        """
        if not self.by_alarm:
            self.check()
        self.state, self.reason, self.by_alarm = State.STARTUP, "", False
