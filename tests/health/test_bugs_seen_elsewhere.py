"""Faults that health tests and gates elsewhere had: each is a test here.

One intermittent error disables a test for good; fail-open when a flag is unreadable; a permanent state that is declared
and never raised; a retry with changed parameters; output that resumes by itself once tests pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, HealthError, HealthFailure
from qrng.health import Gate, Setting, State
from qrng.health.base import Alarm, HealthTest, Piece
from qrng.health.monitor import Monitor
from qrng.health.resume import load, save
from qrng.health.states import SECOND_ALARM_WITHIN

N = 20_000


def good(n: int, width: int = 1, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << width, n)


def run_of_ones(width: int) -> np.ndarray:
    stream = good(N, width)
    stream[10_000 : 10_000 + 1500] = 1
    return stream


def lane_of_ones(width: int) -> np.ndarray:
    stream = good(N, width).reshape(-1, 4)
    stream[1000:, 2] = 1
    return stream.reshape(-1)


TROUBLE: dict[tuple[str, bool], tuple[int, Callable[[int], np.ndarray]]] = {
    ("rct", False): (1, run_of_ones),
    ("rct", True): (1, lane_of_ones),
    ("apt", False): (1, run_of_ones),
    ("apt", True): (1, lane_of_ones),
    ("bank", False): (1, run_of_ones),
    ("bank", True): (1, lane_of_ones),
    ("learned", False): (1, run_of_ones),
    ("lfsr", False): (1, run_of_ones),
    ("prbs", False): (1, run_of_ones),
    ("histogram", False): (8, run_of_ones),
    ("converter", False): (8, run_of_ones),
}
"""Name of a test, whether it watches lanes: the width of its symbols, and what it hears."""


def of(monitor: Monitor, name: str, per_lane: bool) -> HealthTest:
    (test,) = (t for t in monitor.tests if (t.name, bool(t.describe().get("per_lane"))) == (name, per_lane))
    return test


def alone(monitor: Monitor, name: str, per_lane: bool) -> Monitor:
    """The monitor with that test in force and no other."""
    monitor.tests = [of(monitor, name, per_lane)]
    return monitor


def alarm_in(monitor: Monitor, stream: np.ndarray, width: int) -> Alarm:
    before = len(monitor.alarms)
    piece = Piece(Samples.from_symbols(stream, width, lanes=monitor.lanes.total))
    assert monitor.update(piece, 0, lambda index, n: stream[index + 1 : index + 1 + n].astype(np.uint8)) is not None
    assert len(monitor.alarms) == before + 1
    return monitor.alarms[-1]


@pytest.mark.parametrize(("name", "per_lane"), TROUBLE)
def test_one_intermittent_error_disables_no_test_for_good(name: str, per_lane: bool) -> None:
    width, trouble = TROUBLE[name, per_lane]
    monitor = Monitor(Setting.of(width, 4, width))
    described = monitor.describe()
    for _ in range(3):
        alarm = alarm_in(alone(monitor, name, per_lane), trouble(width), width)
        assert alarm.test == name
        assert (alarm.lane is not None) == per_lane
        monitor.rescan()
        # The same tests with the same parameters, each of them once: no retry with changed parameters.
        assert monitor.describe() == described


@pytest.mark.parametrize("flag", ["", "ok", "OK ", "DISABLED", None, 0, True])
def test_a_flag_that_cannot_be_read_stops_everything(flag: object) -> None:
    gate, fine = Gate(1, 1, 1.0, quarantine=0), Samples.from_symbols(good(5000))
    gate._monitor.latch.state = flag  # type: ignore[assignment]
    with pytest.raises(HealthFailure):
        gate.push(fine)
    assert not fine.packed.any()
    with pytest.raises(HealthFailure):
        gate.restart()


def test_a_saved_flag_that_cannot_be_read_is_a_failure() -> None:
    from qrng.health.resume import _digest

    content = json.loads(save(Monitor(Setting.of(1, 1, 1.0))))
    del content["sha256"]
    content["latch"]["state"] = "FINE"
    with pytest.raises(HealthFailure, match="FINE"):
        load(json.dumps(content | {"sha256": _digest(content)}).encode())


def test_the_permanent_state_is_raised_by_each_way_that_leads_to_it() -> None:
    def constant(gate: Gate) -> None:
        gate.push(Samples.from_symbols(np.zeros(5000, np.uint8)))

    def twice(gate: Gate) -> None:
        stream = good(N)
        stream[5000:5041] = 1
        stream[[4999, 5041]] = 0
        for first in (0, N):
            try:
                gate.push(Samples.from_symbols(stream, first=first))
            except HealthFailure:
                raise
            except HealthAlarm:
                gate.restart()

    def lost(gate: Gate) -> None:
        gate.push(Samples.from_symbols(good(5000)))
        gate.push(Samples.from_symbols(good(5000), first=5001))

    for way in (constant, twice, lost):
        gate = Gate(1, 1, 1.0)
        with pytest.raises(HealthFailure):
            way(gate)
        assert gate.state is State.FAILED
        for attempt in (gate.restart, lambda gate=gate: gate.push(Samples.from_symbols(good(5000), first=3 * N))):
            with pytest.raises(HealthFailure):
                attempt()


def test_output_never_resumes_by_itself_however_much_passes() -> None:
    stream = good(N)
    stream[5000:5041] = 1
    stream[[4999, 5041]] = 0
    gate = Gate(1, 1, 1.0, quarantine=0)
    with pytest.raises(HealthAlarm):
        gate.push(Samples.from_symbols(stream))
    gate._monitor.latch.passed(SECOND_ALARM_WITHIN, startup_over=True)  # as if so many had passed
    for seed in range(3):
        with pytest.raises(HealthError):
            gate.push(Samples.from_symbols(good(5000, 1, seed), first=N))
    assert gate.status()["released"] == 0


@pytest.mark.parametrize(("name", "per_lane"), [key for key in TROUBLE if key[0] not in ("rct", "apt")])
def test_evidence_alarms_alone_at_its_cutoff_and_not_below(name: str, per_lane: bool) -> None:
    width, trouble = TROUBLE[name, per_lane]
    stream = trouble(width)

    def first(cutoff: float) -> Alarm | None:
        monitor = alone(Monitor(Setting.of(width, 4, width)), name, per_lane)
        of(monitor, name, per_lane).run_length_log2 = cutoff  # type: ignore[attr-defined]
        monitor.update(Piece(Samples.from_symbols(stream, width, lanes=4)), 0, lambda index, n: stream[:0])
        return monitor.alarms[0] if monitor.alarms else None

    reached = first(64)
    assert reached is not None
    assert reached.log2_evidence is not None
    for cutoff in (reached.log2_evidence - 1e-6, reached.log2_evidence - 1e-9):
        assert first(cutoff) == reached
    above = first(reached.log2_evidence + 1e-6)
    assert above is None or above.at_sample > reached.at_sample
