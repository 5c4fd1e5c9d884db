"""The gate: what passes, what is held, what an alarm wipes, and the ways in which such gates have failed elsewhere."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng import Samples
from qrng.errors import ClosedError, HealthAlarm, HealthFailure, ParameterError, ReentryError
from qrng.health import Gate, State, registry
from qrng.health.base import Alarm, HealthTest
from qrng.health.edetector import EDetector

STARTUP = 1024


def good(n: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def with_run(n: int, at: int, length: int = 41, seed: int = 1) -> npt.NDArray[np.uint8]:
    """Fair bits with one run of exactly `length`."""
    bits = good(n, seed)
    bits[at : at + length] = 1 - bits[at - 1]
    bits[at + length] = bits[at - 1]
    return bits


def samples(bits: npt.NDArray[Any], first: int = 0, lanes: int = 1, width: int = 1) -> Samples:
    return Samples.from_symbols(bits, width, lanes=lanes, first=first)


def joined(parts: list[Samples]) -> list[int]:
    return [int(s) for part in parts for s in part.symbols()]


@settings(max_examples=60, deadline=None)
@given(
    width=st.sampled_from([1, 3, 8, 12]),
    quarantine=st.integers(0, 4000),
    sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=8),
)
def test_what_passes_is_the_stream_without_start_up_and_quarantine(
    width: int, quarantine: int, sizes: list[int]
) -> None:
    gate = Gate(width, 1, width / 2, quarantine=quarantine)
    stream = np.random.default_rng(sum(sizes)).integers(0, 1 << width, sum(sizes))
    held = -(-quarantine // width)
    at, out = 0, []
    for size in sizes:
        parts = gate.push(samples(stream[at : at + size], at, width=width))
        at += size
        out += joined(parts)
        assert out == stream[STARTUP : max(at - held, STARTUP)].tolist()
        assert all(part.first == STARTUP + len(out) - sum(p.count for p in parts[i:]) for i, part in enumerate(parts))
    assert gate.state is (State.OK if at >= STARTUP else State.STARTUP)


def test_an_alarm_wipes_everything_held_and_the_chunk_that_raised_it() -> None:
    gate = Gate(1, 1, 1.0)
    first, second = samples(good(20000)), samples(with_run(20000, 500, seed=2), 20000)
    assert gate.push(first) == []
    held = [part.packed for part in gate._held]
    assert any(part.any() for part in held)
    with pytest.raises(HealthAlarm, match="rct alarmed at sample 20540"):
        gate.push(second)
    assert not any(part.any() for part in [*held, first.packed, second.packed])
    assert gate.status()["held_bits"] == 0
    assert gate.state is State.INTERMITTENT


def test_an_alarm_in_the_start_up_stops_it() -> None:
    gate = Gate(1, 1, 1.0)
    with pytest.raises(HealthAlarm):
        gate.push(samples(with_run(900, 100)))
    assert gate.state is State.INTERMITTENT


def test_nothing_resumes_by_itself() -> None:
    gate = Gate(1, 1, 1.0, quarantine=0)
    with pytest.raises(HealthAlarm):
        gate.push(samples(with_run(5000, 2000)))
    for seed in range(3):
        fine = samples(good(100_000, seed), 5000)
        with pytest.raises(HealthAlarm, match="restart"):
            gate.push(fine)
        assert not fine.packed.any()
    assert gate.state is State.INTERMITTENT


def test_restart_begins_with_the_start_up_and_an_empty_quarantine_and_the_same_parameters() -> None:
    gate = Gate(1, 1, 1.0, quarantine=100)
    before = gate.status()
    with pytest.raises(HealthAlarm):
        gate.push(samples(with_run(5000, 2000)))
    gate.restart()
    assert gate.state is State.STARTUP
    stream = good(3000, 5)
    assert joined(gate.push(samples(stream, 9000))) == stream[STARTUP:-100].tolist()
    after = gate.status()
    for same in ("claim", "alpha_log2", "quarantine_bits", "startup_symbols", "tests", "lanes", "bits_per_symbol"):
        assert after[same] == before[same]
    assert [alarm.at_sample for alarm in gate.alarms] == [2040]


def test_a_test_that_alarmed_once_alarms_again() -> None:
    gate = Gate(1, 1, 1.0)
    with pytest.raises(HealthAlarm):
        gate.push(samples(with_run(5000, 2000)))
    gate.restart()
    with pytest.raises(HealthFailure, match="second alarm"):
        gate.push(samples(with_run(5000, 2000), 5000))
    assert [alarm.at_sample for alarm in gate.alarms] == [2040, 7040]
    assert gate.state is State.FAILED


def test_detectors_forget_what_they_saw_before_a_restart() -> None:
    gate = Gate(1, 1, 1.0)
    with pytest.raises(HealthAlarm):
        gate.push(samples(with_run(3000, 2000)[:2041]))  # the alarm is the chunk's last symbol
    gate.restart()
    stream = good(5000, 8)
    stream[:40] = 1  # with the 41 before it, far over the cutoff of alpha squared
    stream[40] = 0
    gate.push(samples(stream, 2041))
    assert gate.state is State.OK


def test_a_constant_stream_fails_for_good() -> None:
    gate = Gate(1, 1, 1.0)
    with pytest.raises(HealthFailure, match="alpha squared"):
        gate.push(samples(np.ones(2000, np.uint8)))
    with pytest.raises(HealthFailure):
        gate.restart()
    fine = samples(good(5000), 2000)
    with pytest.raises(HealthFailure):
        gate.push(fine)
    assert not fine.packed.any()
    assert gate.state is State.FAILED


@pytest.mark.parametrize(("length", "error"), [(80, HealthAlarm), (81, HealthFailure)])
def test_a_run_fails_for_good_from_the_cutoff_of_alpha_squared(length: int, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        Gate(1, 1, 1.0).push(samples(with_run(5000, 2000, length)))
    assert raised.type is error


def test_one_stuck_lane_among_32_is_found_and_named() -> None:
    stream = good(32 * 400).reshape(-1, 32)
    stream[100:, 17] = 0
    stream[99, 17] = 1
    gate = Gate(1, 32, 1.0)
    with pytest.raises(HealthFailure, match="lane 17"):
        gate.push(samples(stream.reshape(-1), lanes=32))
    (alarm,) = gate.alarms
    assert (alarm.test, alarm.lane, alarm.at_sample) == ("rct", 17, 140 * 32 + 17)
    assert alarm.onset_estimate == 100 * 32 + 17


@pytest.mark.parametrize("chunk", [1, 7, 1000, 5000])
def test_the_alarm_does_not_depend_on_how_the_stream_is_cut(chunk: int) -> None:
    stream, gate = with_run(5000, 3000), Gate(1, 1, 1.0, quarantine=64)
    with pytest.raises(HealthAlarm):
        for at in range(0, 5000, chunk):
            gate.push(samples(stream[at : at + chunk], at))
    assert [alarm.at_sample for alarm in gate.alarms] == [3040]


def test_a_repeated_or_lost_chunk_fails_for_good() -> None:
    for first in (2000, 3001):  # 3000 is due
        gate = Gate(1, 1, 1.0)
        gate.push(samples(good(3000)))
        with pytest.raises(HealthFailure, match="lost or repeated"):
            gate.push(samples(good(3000), first))
    gate = Gate(1, 1, 1.0)
    gate.push(samples(good(3000)))
    gate.restart()
    with pytest.raises(HealthFailure, match="lost or repeated"):
        gate.push(samples(good(3000), 2999))


@pytest.mark.parametrize("wrong", [{"width": 2}, {"lanes": 2}])
def test_symbols_of_another_shape_fail_for_good(wrong: dict[str, int]) -> None:
    gate, other = Gate(1, 1, 1.0), samples(good(3000), **wrong)
    with pytest.raises(HealthFailure, match="gate for 1 bits in 1 lanes"):
        gate.push(other)
    assert not other.packed.any()
    assert gate.state is State.FAILED


class Broken(HealthTest):
    name = "broken"

    def update(self, piece: Any, first: int) -> int | None:
        raise self.error

    error: BaseException = ZeroDivisionError("secret")
    alarm = reach = is_permanent = false_alarm_bound = describe = None  # type: ignore[assignment]


@pytest.mark.parametrize(("error", "raised"), [(ZeroDivisionError("x"), HealthFailure), (KeyboardInterrupt(), None)])
def test_an_error_inside_a_test_fails_for_good(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, raised: type[BaseException] | None
) -> None:
    Broken.__abstractmethods__ = frozenset()
    monkeypatch.setattr(Broken, "error", error)
    monkeypatch.setattr(registry, "build", lambda setting, more: [Broken()])
    gate, stream = Gate(1, 1, 1.0), samples(good(3000))
    with pytest.raises(raised or type(error)):
        gate.push(stream)
    assert not stream.packed.any()
    assert gate.state is State.FAILED
    with pytest.raises(HealthFailure, match="internal error"):
        gate.restart()


def test_a_plug_in_that_cannot_be_set_up_is_a_failure_and_never_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(setting: Any) -> list[HealthTest]:
        raise OSError("artefact is missing")

    monkeypatch.setattr(registry, "_makers", lambda: {"broken": broken})
    with pytest.raises(HealthFailure, match="artefact is missing"):
        Gate(1, 1, 1.0)


def test_an_alarm_is_told_once_and_after_everything_is_wiped() -> None:
    told = []

    def on_alarm(alarm: Alarm) -> None:
        told.append((alarm, gate.state, gate.status()["held_bits"], held[0].any(), bad.packed.any()))

    gate = Gate(1, 1, 1.0, on_alarm=on_alarm)
    gate.push(samples(good(20000, 9)))
    held = [part.packed for part in gate._held]
    bad = samples(with_run(20000, 500), 20000)
    for _ in range(3):
        with pytest.raises(HealthAlarm):
            gate.push(bad)
    assert told == [(gate.alarms[0], State.INTERMITTENT, 0, False, False)]
    gate.restart()
    with pytest.raises(HealthFailure):
        gate.push(samples(with_run(5000, 2000), 40000))
    assert [alarm.at_sample for alarm, *_ in told] == [20540, 42040]


@pytest.mark.parametrize(("error", "raised"), [(OSError("x"), HealthFailure), (KeyboardInterrupt(), KeyboardInterrupt)])
def test_a_callback_that_raises_makes_it_failed(error: BaseException, raised: type[BaseException]) -> None:
    def on_alarm(alarm: Alarm) -> None:
        raise error

    gate = Gate(1, 1, 1.0, on_alarm=on_alarm)
    with pytest.raises(raised):
        gate.push(samples(with_run(5000, 2000)))
    with pytest.raises(HealthFailure, match="on_alarm raised"):
        gate.restart()
    fine = samples(good(5000), 5000)
    with pytest.raises(HealthFailure):
        gate.push(fine)
    assert not fine.packed.any()


def test_a_callback_cannot_use_the_gate() -> None:
    refused = []

    def on_alarm(alarm: Alarm) -> None:
        for attempt in (gate.restart, gate.drop_lane, lambda: gate.push(samples(good(100), 5000))):
            with pytest.raises(ReentryError):
                attempt()
            refused.append(attempt)

    gate = Gate(1, 1, 1.0, on_alarm=on_alarm)
    with pytest.raises(HealthAlarm):
        gate.push(samples(with_run(5000, 2000)))
    assert len(refused) == 3
    assert gate.state is State.INTERMITTENT


def stuck_lane(n: int, lane: int, lanes: int = 8, at: int = 500) -> npt.NDArray[np.uint8]:
    stream = good(n, 4).reshape(-1, lanes)
    stream[at:, lane] = 0
    return stream.reshape(-1)


def test_a_bad_lane_is_dropped_on_request_and_the_rest_begins_again() -> None:
    gate, stream = Gate(1, 8, 1.0, quarantine=70), stuck_lane(80_000, 5)
    with pytest.raises(HealthFailure, match="lane 5"):
        gate.push(samples(stream[:16_000], lanes=8))
    bound = gate.false_alarm_bound
    assert gate.drop_lane() == 5
    assert (gate.state, gate.dropped, gate.status()["lanes"]) == (State.STARTUP, (5,), 7)
    rest = stream[16_000:].reshape(-1, 8)[:, [0, 1, 2, 3, 4, 6, 7]].reshape(-1)
    parts = gate.push(samples(stream[16_000:], 16_000, lanes=8))
    assert joined(parts) == rest[STARTUP:-70].tolist()
    assert {part.lanes for part in parts} == {7}
    alone = Gate(1, 7, 1.0)
    alone.push(samples(rest, lanes=7))
    assert gate.false_alarm_bound == pytest.approx(bound + alone.false_alarm_bound, rel=1e-12)
    assert gate.status()["dropped_lanes"] == [5]


def test_dropping_a_lane_forgives_no_alarm_and_numbers_stay_those_of_the_whole_stream() -> None:
    gate, stream = Gate(1, 8, 1.0), stuck_lane(160_000, 5)
    with pytest.raises(HealthFailure):
        gate.push(samples(stream[:80_000], lanes=8))
    gate.drop_lane()
    late = stream[80_000:].reshape(-1, 8)
    late[2000:2060, 6] = 1  # rounds 12000 on
    late[1999, 6] = late[2060, 6] = 0
    with pytest.raises(HealthFailure, match=r"lane 6.*second alarm"):
        gate.push(samples(late.reshape(-1), 80_000, lanes=8))
    alarm = gate.alarms[-1]
    assert (alarm.lane, alarm.at_sample, alarm.onset_estimate) == (6, 12_040 * 8 + 6, 12_000 * 8 + 6)
    assert gate.drop_lane() == 6
    assert gate.dropped == (5, 6)


def test_only_a_lane_that_alarmed_is_dropped() -> None:
    gate = Gate(1, 8, 1.0)
    with pytest.raises(ParameterError, match="no lane"):
        gate.drop_lane()
    with pytest.raises(HealthFailure):
        gate.push(samples(np.zeros(16_000, np.uint8), lanes=8))  # the whole stream, so no lane's fault
    assert gate.alarms[-1].lane is None
    with pytest.raises(HealthFailure):
        gate.drop_lane()
    lost = Gate(1, 8, 1.0)
    with pytest.raises(HealthFailure):
        lost.push(samples(stuck_lane(16_000, 5), lanes=8))
    lost.drop_lane()
    with pytest.raises(HealthFailure, match="lost or repeated"):
        lost.push(samples(good(8000), 8, lanes=8))
    with pytest.raises(HealthFailure, match="lost or repeated"):
        lost.drop_lane()


def test_closing_wipes_and_refuses() -> None:
    with Gate(1, 1, 1.0) as gate:
        gate.push(samples(good(20000)))
        (held,) = (part.packed for part in gate._held)
        assert held.any()
    assert not held.any()
    assert not any(test._owner.any() for test in gate._monitor.tests if isinstance(test, EDetector))
    late = samples(good(10), 20000)
    with pytest.raises(ClosedError):
        gate.push(late)
    assert not late.packed.any()
    with pytest.raises(ClosedError):
        gate.restart()


def test_a_gate_is_not_copied_or_pickled() -> None:
    gate = Gate(1, 1, 1.0)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="raw bits"):
            attempt(gate)


def test_status_is_json_and_counts() -> None:
    gate = Gate(1, 2, 0.9, quarantine=1000, alpha_log2=-30)
    gate.push(samples(good(5000), lanes=2))
    status = json.loads(json.dumps(gate.status()))
    assert status["state"] == "OK"
    assert (status["samples"], status["held_bits"], status["released"]) == (5000, 1000, 5000 - STARTUP - 1000)
    assert [(test["name"], test["per_lane"]) for test in status["tests"]] == [
        *((name, per_lane) for name in ("rct", "apt", "bank") for per_lane in (False, True)),
        ("learned", False),
        ("sine", False),
        ("lfsr", False),
        ("prbs", False),
        ("replay", False),
        ("context", False),
        ("coupling", False),
    ]
    assert [test.get("cutoff") for test in status["tests"]] == [35, 35, 645, 645, *[None] * 9]
    alpha = 2.0**-30
    assert status["false_alarm_bound"] == pytest.approx(2 * 5000 * alpha + (2 * 5000 / 1024 + 1 + 2) * alpha)
    assert 0 < status["log2_evidence"] < 40


@pytest.mark.parametrize(
    "bad",
    [{"claim_bits": 1.5}, {"claim_bits": 0}, {"lanes": 0}, {"bits_per_symbol": 33}, {"quarantine": -1}, {"startup": 9},
     {"alpha_log2": 0}, {"run_length_log2": 9}],
)  # fmt: skip
def test_parameters_outside_their_range_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Gate(**({"bits_per_symbol": 1, "lanes": 1, "claim_bits": 1.0} | bad))


def test_read_only_buffers_belong_to_the_caller_and_are_left_alone() -> None:
    packed = np.packbits(good(8192))
    packed.flags.writeable = False
    gate = Gate(1, 1, 1.0, quarantine=0)
    out = gate.push(Samples(packed, 8192))
    assert joined(out) == good(8192)[STARTUP:].tolist()
    assert packed.any()
