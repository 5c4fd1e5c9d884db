"""A monitor saved and taken up again goes on as if nothing had happened, and forgives nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, HealthFailure, ParameterError
from qrng.health import Setting, State, registry
from qrng.health.base import HealthTest, Piece
from qrng.health.monitor import Monitor
from qrng.health.predictor import PredictorTest
from qrng.health.resume import load, save
from qrng.health.score import Calibration, ScoreTest
from qrng.health.window_table import WindowTableTest

Symbols = npt.NDArray[np.uint8]


def watch(monitor: Monitor, symbols: Symbols, start: int = 0) -> int | None:
    """Stream index of the alarm."""
    width, lanes = monitor.setting.bits_per_symbol, monitor.setting.lanes
    samples = Samples.from_symbols(symbols[start:], width, lanes=lanes, first=start)
    at = monitor.update(Piece(samples), start, lambda index, n: samples.symbols(index + 1, index + 1 + n))
    return None if at is None else start + at


@pytest.mark.parametrize(
    ("width", "lanes", "every_bit"), [(1, 1, False), (1, 20, False), (1, 20, True), (8, 1, False), (12, 3, False)]
)
def test_evidence_alarms_and_counts_are_those_of_a_monitor_never_stopped(
    width: int, lanes: int, every_bit: bool
) -> None:
    rng = np.random.default_rng(width + lanes)
    symbols = rng.integers(0, 1 << width, 60_000).astype(np.uint32)
    for at in np.flatnonzero(rng.random(60_000) < 0.12):
        if at > 40_000:
            symbols[at] = symbols[at - lanes]
    setting = Setting.of(width, lanes, 0.98 * width, -20, 20, every_bit=every_bit)
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
    assert stopped.setting == setting
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


# Models and plug-ins.

WINDOW = 128


class Ones:
    """A score of windows, and a predictor of blocks."""

    window, block = WINDOW, 8

    def score(self, window: npt.NDArray[Any]) -> float:
        return float(window.sum()) if len(window) != WINDOW or window[:3].sum() else math.nan  # refuses an eighth

    def predict(self, history: npt.NDArray[Any]) -> list[float]:
        p = (history[-64:].sum() + 1) / (len(history[-64:]) + 2)
        return [1 - p, p] if history[-3:].any() else [math.nan, 0.5]


class Short(Ones):
    window = 8


class Other(Short):
    def score(self, window: npt.NDArray[Any]) -> float:
        return float(window[:4].sum())


def fair(windows: int, seed: int) -> Symbols:
    return np.random.default_rng(seed).integers(0, 2, (windows, WINDOW), dtype=np.uint8)


def scores(setting: Setting, seed: int = 1) -> list[HealthTest]:
    return [ScoreTest(setting, "score", Ones(), Calibration.of(Ones(), fair(100, seed)))]


def table(setting: Setting, model: Any = Short) -> list[HealthTest]:
    return [WindowTableTest(setting, "table", model())]


def foretold(setting: Setting, block: int = 8) -> list[HealthTest]:
    predictor = Ones()
    predictor.block = block
    return [PredictorTest(setting, "foretold", predictor)]


MAKERS: dict[str, Any] = {"score": scores, "table": table, "foretold": foretold}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("only", [True, False])
def test_a_plug_in_goes_on_as_if_it_had_never_stopped(name: str, only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, so that its own alarm is seen, and beside the tests in force."""
    if only:
        monkeypatch.setattr(registry, "_makers", dict)
    more = [MAKERS[name]]
    symbols = np.concatenate([fair(60, 2).ravel(), (np.random.default_rng(3).random(20_000) < 0.7).astype(np.uint8)])
    setting = Setting.of(1, 1, 1.0, -20, 20)
    whole, stopped = Monitor(setting, more=more), Monitor(setting, more=more)
    expected = watch(whole, symbols)
    found, at = None, 0
    for stop in (1, 500, 1023, 3000, 7001, 7700, 8200, 9000, 28_000):
        stopped = load(save(stopped), more)
        found = watch(stopped, symbols[:stop], at)
        at = stop
        if found is not None:
            break
    assert found == expected is not None
    assert stopped.alarms == whole.alarms
    assert (whole.alarms[0].test == name) or not only
    if not only:
        return  # the tests that did not alarm have seen as much of the piece as there was
    assert stopped.held() == whole.held()
    (one,), (two,) = ([test for test in m.tests if test.name == name] for m in (whole, stopped))
    if name != "table":
        assert one.patience.counts == two.patience.counts  # type: ignore[attr-defined]
        assert one.patience.unusable > 0  # type: ignore[attr-defined]
    assert one.save() == two.save()


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("score", lambda setting: scores(setting, 9)),
        ("table", lambda setting: table(setting, Other)),
        ("foretold", lambda setting: foretold(setting, 16)),
    ],
)
def test_another_model_does_not_take_over_the_evidence_of_one(name: str, other: Any) -> None:
    monitor = Monitor(Setting.of(1, 1, 1.0), more=[MAKERS[name]])
    watch(monitor, fair(20, 4).ravel())
    data = save(monitor)
    assert load(data, [MAKERS[name]]).held() == monitor.held()
    with pytest.raises(HealthFailure, match="can't be taken up"):
        load(data, [other])
    with pytest.raises(HealthFailure, match="other health tests"):
        load(data)


@pytest.mark.parametrize("name", MAKERS)
def test_a_state_of_a_plug_in_that_was_cut_or_makes_no_sense_is_refused(name: str) -> None:
    setting = Setting.of(1, 1, 1.0)
    (test,) = MAKERS[name](setting)
    test.update(Piece(Samples.from_symbols(fair(3, 5).ravel()[:300])), 0)
    state, before = test.save(), test.evidence()
    for cut in (b"", state[:40], state[:-1], state + b"x"):
        with pytest.raises(ParameterError):
            test.restore(cut)
    nan = np.array([math.nan]).tobytes()
    places = {"score": (65, 73, len(state) - 8), "table": (65, 73), "foretold": (65, 73, 81)}[name]
    for at in places:
        with pytest.raises(ParameterError, match="not a state"):
            test.restore(state[:at] + nan + state[at + 8 :])
    count = 9 + (32 if name != "foretold" else 16)
    with pytest.raises(ParameterError):
        test.restore(state[:count] + (-1).to_bytes(8, "little", signed=True) + state[count + 8 :])
    assert test.evidence() == before
    test.restore(state)
    assert test.save() == state


def test_a_model_that_was_caught_stays_caught() -> None:
    test = scores(Setting.of(1, 1, 1.0))[0]
    assert isinstance(test, ScoreTest)
    test.changed = True
    fresh = scores(Setting.of(1, 1, 1.0))[0]
    assert isinstance(fresh, ScoreTest)
    fresh.restore(test.save())
    assert fresh.changed
    assert not fresh.describe()["asked"]


def test_a_plug_in_of_its_own_kind_that_keeps_no_state_is_refused_by_name_and_not_left_out() -> None:
    class Own(HealthTest):
        name = "own"

        def update(self, piece: Piece, first: int) -> int | None:
            return None

        def reach(self) -> int:
            return 0

        def false_alarm_bound(self, samples: int, runs: int) -> float:
            return 0.0

        def describe(self) -> dict[str, Any]:
            return {"name": "own"}

        alarm = is_permanent = None  # type: ignore[assignment]

    with pytest.raises(ParameterError, match="health test own keeps no state"):
        save(Monitor(Setting.of(1, 1, 1.0), more=[lambda setting: [Own()]]))
