"""A monitor saved and taken up again goes on as if nothing had happened, and forgives nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, HealthFailure
from qrng.health import Setting, State
from qrng.health.base import Piece
from qrng.health.monitor import Monitor
from qrng.health.resume import load, save

Symbols = npt.NDArray[np.uint8]


def watch(monitor: Monitor, symbols: Symbols, start: int = 0) -> int | None:
    """Stream index of the alarm."""
    width, lanes = monitor.setting.bits_per_symbol, monitor.setting.lanes
    samples = Samples.from_symbols(symbols[start:], width, lanes=lanes, first=start)
    at = monitor.update(Piece(samples), start, lambda index, n: samples.symbols(index + 1, index + 1 + n))
    return None if at is None else start + at


@pytest.mark.parametrize(("width", "lanes"), [(1, 1), (1, 20), (8, 1), (12, 3)])
def test_evidence_alarms_and_counts_are_those_of_a_monitor_never_stopped(width: int, lanes: int) -> None:
    rng = np.random.default_rng(width + lanes)
    symbols = rng.integers(0, 1 << width, 60_000).astype(np.uint32)
    for at in np.flatnonzero(rng.random(60_000) < 0.12):
        if at > 40_000:
            symbols[at] = symbols[at - lanes]
    setting = Setting.of(width, lanes, 0.98 * width, -20, 20)
    whole, stopped = Monitor(setting), Monitor(setting)
    expected = watch(whole, symbols)
    found, at = None, 0
    for stop in (500, 1023, 20_001, 39_999, 60_000):
        stopped = load(save(stopped))
        found = watch(stopped, symbols[:stop], at)
        at = stop
        if found is not None:
            break
    assert found == expected
    assert (width > 8) or found is not None
    assert stopped.alarms == whole.alarms
    assert stopped.evidence() == whole.evidence()
    assert (stopped.samples, stopped.latch.state, stopped.runs) == (whole.samples, whole.latch.state, whole.runs)


def test_stopping_and_resuming_forgives_no_alarm_and_no_failure() -> None:
    ones = np.ones(41, np.uint8)
    monitor = Monitor(Setting.of(1, 1, 1.0))
    assert watch(monitor, ones) == 40
    monitor = load(save(monitor))
    with pytest.raises(HealthAlarm):
        monitor.latch.check()
    monitor.restart()
    assert watch(monitor, np.ones(41 + 60, np.uint8), 41) == 81
    assert monitor.latch.state is State.FAILED
    monitor = load(save(monitor))
    with pytest.raises(HealthFailure):
        monitor.restart()
    assert [alarm.at_sample for alarm in monitor.alarms] == [40, 81]


def flip(data: bytes) -> bytes:
    content = bytearray(data)
    at = data.index(b'"tests"') + 400
    content[at] = ord("A") if content[at] != ord("A") else ord("B")
    return bytes(content)


def renamed(data: bytes) -> bytes:
    return data.replace(b"qrng.health.state/1", b"qrng.health.state/9")


@pytest.mark.parametrize("damage", [flip, renamed, lambda data: data[:-9], lambda data: b"", lambda data: b"[]"])
def test_what_was_damaged_is_a_failure(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(HealthFailure, match="can't be taken up"):
        load(damage(save(Monitor(Setting.of(1, 2, 1.0)))))


def test_a_state_is_only_taken_up_by_the_same_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    from qrng.health import registry

    data = save(Monitor(Setting.of(1, 1, 1.0)))
    makers = registry._makers()
    monkeypatch.setattr(registry, "_makers", lambda: {k: v for k, v in makers.items() if k != "apt"})
    with pytest.raises(HealthFailure, match="other health tests"):
        load(data)


def test_the_bytes_are_json_and_name_the_claim_exactly() -> None:
    content = json.loads(save(Monitor(Setting.of(1, 1, 0.3))))
    assert content["setting"]["claim_bits"] == "3/10"
