"""The latch: what an alarm does, what never happens by itself, what a restart forgives and what it doesn't."""

from __future__ import annotations

import pytest

from qrng.errors import HealthAlarm, HealthFailure, ParameterError
from qrng.health.startup import Startup
from qrng.health.states import SECOND_ALARM_WITHIN, Latch, State


def test_start_up_leads_to_ok_and_only_when_it_is_over() -> None:
    latch = Latch()
    latch.passed(1000, startup_over=False)
    assert latch.state is State.STARTUP
    latch.passed(24, startup_over=True)
    assert latch.state is State.OK
    latch.check()


def test_an_alarm_stops_everything_until_restart() -> None:
    latch = Latch()
    latch.alarm(10, "rct alarmed", permanent=False)
    assert latch.state is State.INTERMITTENT
    latch.passed(1 << 40, startup_over=True)
    assert latch.state is State.INTERMITTENT
    with pytest.raises(HealthAlarm, match=r"rct alarmed.*restart"):
        latch.check()
    latch.restart()
    assert latch.state is State.STARTUP
    latch.check()


def test_a_second_alarm_within_the_limit_is_a_failure_and_one_at_the_limit_is_not() -> None:
    for distance, state in ((SECOND_ALARM_WITHIN - 1, State.FAILED), (SECOND_ALARM_WITHIN, State.INTERMITTENT)):
        latch = Latch()
        latch.alarm(5, "first", permanent=False)
        latch.restart()
        latch.alarm(distance, "second", permanent=False)
        assert latch.state is state


def test_an_intermittent_error_disables_nothing_for_good() -> None:
    latch = Latch()
    for _ in range(5):
        latch.passed(SECOND_ALARM_WITHIN, startup_over=True)
        latch.alarm(1, "rct alarmed", permanent=False)
        assert latch.state is State.INTERMITTENT
        latch.restart()


def test_failed_is_raised_and_stays() -> None:
    latch = Latch()
    latch.alarm(1, "apt alarmed", permanent=True)
    assert latch.state is State.FAILED
    for call in (latch.check, latch.restart, latch.restart, latch.check):
        with pytest.raises(HealthFailure, match="apt alarmed"):
            call()
    latch.passed(1 << 40, startup_over=True)
    latch.alarm(1 << 40, "later", permanent=False)
    latch.fail("another reason")
    assert latch.state is State.FAILED
    assert "apt alarmed" in latch.reason


@pytest.mark.parametrize("unreadable", [None, "", "OK?", 1, "ok"])
def test_a_state_that_cannot_be_read_stops_everything(unreadable: object) -> None:
    latch = Latch()
    latch.state = unreadable  # type: ignore[assignment]
    for call in (latch.check, latch.restart, latch.check):
        with pytest.raises(HealthFailure):
            call()
    latch.passed(1 << 40, startup_over=True)
    with pytest.raises(HealthFailure):
        latch.check()


def test_a_lane_is_dropped_only_after_an_alarm_and_nothing_worse() -> None:
    latch = Latch()
    latch.alarm(1, "rct alarmed in lane 3", permanent=True)
    latch.restart_without_lane()
    assert latch.state is State.STARTUP
    latch.alarm(10, "again", permanent=False)
    assert latch.state is State.FAILED  # the first alarm counts on
    latch = Latch()
    latch.alarm(1, "rct alarmed in lane 3", permanent=False)
    latch.fail("symbols were lost")
    with pytest.raises(HealthFailure, match="lost"):
        latch.restart_without_lane()


def test_start_up_counts_down_and_is_never_shorter_than_the_standard_allows() -> None:
    startup = Startup()
    assert startup.take(1000) == 1000
    assert not startup.passed
    assert startup.take(1000) == 24
    assert startup.passed
    assert startup.take(5) == 0
    with pytest.raises(ParameterError, match="1024"):
        Startup(1023)
