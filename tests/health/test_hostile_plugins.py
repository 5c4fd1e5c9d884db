"""A hostile plug-in costs its own share of the false alarms, its time, and nothing else, whatever it does in a call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, HealthFailure, ReentryError
from qrng.health import Gate, Setting, State, predictor
from qrng.health.base import HealthTest
from qrng.health.edetector import EDetector
from qrng.health.predictor import PredictorTest
from qrng.health.registry import build
from qrng.health.score import Calibration, ScoreTest
from qrng.health.window_table import WindowTableTest

WINDOW, PATIENCE = 128, 8
Window = npt.NDArray[Any]


def fair(n: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


class Plug:
    """A score and a predictor at once; `act` is what it does when it is asked."""

    def __init__(self, act: Callable[[Window], Any], window: int = WINDOW) -> None:
        self.act, self.window, self.block, self.asked = act, window, 8, 0

    def score(self, window: Window) -> Any:
        self.asked += 1
        return self.act(window)

    def predict(self, history: Window) -> Any:
        return self.score(history)


class Quit(BaseException):
    """What no `except Exception` catches."""


class Lying(list[float]):
    def __len__(self) -> int:
        return 2

    def __array__(self, *how: Any, **more: Any) -> Any:
        return np.ones(1000)


def raise_(error: BaseException) -> Any:
    raise error


def freeze(window: Window) -> Any:
    window[:] = 1
    window.setflags(write=False)
    base = window.base
    while isinstance(base, np.ndarray):
        base.setflags(write=False)
        base = base.base
    return None


def recursion(window: Window) -> Any:
    return recursion(window)


UNUSABLE: dict[str, Callable[[Window], Any]] = {
    "an exception that is none": lambda w: raise_(Quit()),
    "exits": lambda w: raise_(SystemExit(3)),
    "no memory": lambda w: raise_(MemoryError()),
    "recursion": recursion,
    "a huge array": lambda w: np.broadcast_to(np.float64(0.5), 1 << 40),  # 8 TiB once somebody copies it
    "a huge number": lambda w: 10**400,
    "another length than it says": lambda w: Lying(),
    "a generator": lambda w: (0.5 for _ in range(2)),
    "complex": lambda w: [0.5 + 1j, 0.5 - 1j],
    "freezes what it is shown": freeze,
    "text": lambda w: "half",
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_no_answer_costs_more_than_its_own_share(kind: str) -> None:
    """The other tests go on, alarm at the same symbol, and the gate fails for nothing that the plug-in does."""
    healthy = Plug(lambda w: float(w.sum()))
    calibration = Calibration.of(healthy, fair(100 * WINDOW, 2).reshape(-1, WINDOW))
    plugs = [Plug(UNUSABLE[kind]) for _ in range(2)] + [Plug(UNUSABLE[kind], 4)]

    def hostile(setting: Setting) -> list[HealthTest]:
        return [
            PredictorTest(setting, "predicts", plugs[0]),
            ScoreTest(setting, "scores", plugs[1], calibration),
            WindowTableTest(setting, "table", plugs[2]),
        ]

    def harmless(setting: Setting) -> list[HealthTest]:
        return [
            PredictorTest(setting, "predicts", Plug(lambda w: [0.5, 0.5])),
            ScoreTest(setting, "scores", Plug(lambda w: 0.0), Calibration.of(Plug(lambda w: 0.0), np.zeros((20, 128)))),
            WindowTableTest(setting, "table", Plug(lambda w: 0.0, 4)),
        ]

    stream = np.concatenate([fair(40_000, 3), (np.random.default_rng(4).random(20_000) < 0.6).astype(np.uint8)])
    alarms = []
    for maker in (hostile, harmless):
        gate = Gate(1, 1, 1.0, quarantine=0, more=[maker])
        gate.push(Samples.from_symbols(stream[:40_000]))
        assert gate.state is State.OK
        own = {name: gate.status()["evidence"][name] for name in ("predicts", "scores", "table")}
        assert max(own.values()) <= np.log2(40_000)  # what grows by itself: M is at most the symbols seen
        with pytest.raises(HealthAlarm):
            gate.push(Samples.from_symbols(stream[40_000:], first=40_000))
        alarms.append(gate.alarms)
    assert alarms[0] == alarms[1]
    assert [plug.asked for plug in plugs[:2]] == [PATIENCE, PATIENCE]
    assert plugs[2].asked == PATIENCE


def test_what_it_is_shown_is_wiped_whatever_it_keeps_or_freezes() -> None:
    kept: list[Window] = []

    def keep(window: Window) -> Any:
        kept.append(window)
        freeze(window) if len(kept) % 2 else None
        return [0.5, 0.5]

    gate = Gate(1, 1, 1.0, more=[lambda setting: [PredictorTest(setting, "keeps", Plug(keep))]])
    gate.push(Samples.from_symbols(np.ones(30, np.uint8)))
    assert len(kept) > 3
    assert max(len(window) for window in kept) >= 24
    assert not any(window.any() for window in kept)


def test_an_array_that_it_changes_afterwards_changes_no_stake() -> None:
    belief = np.array([0.4, 0.6])
    setting = Setting.of(1, 1, 1.0, run_length_log2=256)
    honest = PredictorTest(setting, "mine", Plug(lambda w: [0.4, 0.6]))
    other = PredictorTest(setting, "mine", Plug(lambda w: belief))
    stakes = []
    for test in (honest, other):
        stakes.append(test._log2_payoff.copy())
        belief[:] = [0.0, 1e300]
        assert (test._log2_payoff == stakes[0]).all()
    assert (stakes[0] == stakes[1]).all()


def test_an_answer_of_another_length_is_not_copied_first() -> None:
    class Huge:
        copied = False

        def __len__(self) -> int:
            return 1 << 40

        def __array__(self, *how: Any, **more: Any) -> Any:
            self.copied = True
            return np.zeros(2)

    answer = Huge()
    test = PredictorTest(Setting.of(1, 1, 1.0), "huge", Plug(lambda w: answer))
    assert test.patience.unusable == 1
    assert not answer.copied


def test_a_thread_that_changes_its_array_while_it_is_looked_at_changes_no_stake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The core reads a belief more than once: what it reads has to be ours."""
    belief = np.array([0.4, 0.6])
    real = predictor.lib

    class Meanwhile:
        def qrng_payoff(self, *arguments: Any) -> Any:
            belief[:] = [0.0, 1e300]
            return real.qrng_payoff(*arguments)

    monkeypatch.setattr(predictor, "lib", Meanwhile())
    test = PredictorTest(Setting.of(1, 1, 1.0), "mine", Plug(lambda w: belief))
    assert 2.0**test._log2_payoff == pytest.approx([0.8, 1.2])


def test_a_thread_of_its_own_sees_zeros_afterwards() -> None:
    seen: list[int] = []
    asked, wiped = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def spy(window: Window) -> Any:
        def look() -> None:
            asked.set()
            wiped.wait(20)
            seen.append(int(window.sum()))

        if len(window) and not asked.is_set():
            threads.append(threading.Thread(target=look))
            threads[0].start()
            asked.wait(20)
        return [0.5, 0.5]

    Gate(1, 1, 1.0, more=[lambda setting: [PredictorTest(setting, "spy", Plug(spy))]]).push(
        Samples.from_symbols(np.ones(30, np.uint8))
    )
    wiped.set()
    threads[0].join(20)
    assert seen == [0]


def test_what_it_sets_for_all_of_numpy_ends_with_its_answer() -> None:
    def strict(window: Window) -> Any:
        np.seterr(all="raise")
        return [0.5, 0.5]

    before = np.geterr()
    gate = Gate(1, 1, 1.0, more=[lambda setting: [PredictorTest(setting, "strict", Plug(strict))]])
    gate.push(Samples.from_symbols(fair(5000)))
    assert gate.state is State.OK
    assert np.geterr() == before


def test_the_gate_that_asks_it_is_not_its_to_use() -> None:
    refused: list[type[BaseException]] = []

    def meddle(window: Window) -> Any:
        for use in (gate.restart, gate.drop_lane, gate.close, lambda: gate.push(mine)):
            try:
                use()
            except ReentryError as error:
                refused.append(type(error))
        return [0.5, 0.5]

    mine = Samples.from_symbols(fair(100, 9), first=5000)
    plug = Plug(lambda w: [0.5, 0.5])
    gate = Gate(1, 1, 1.0, quarantine=0, more=[lambda setting: [PredictorTest(setting, "meddles", plug)]])
    plug.act = meddle
    stream = fair(5000)
    out = gate.push(Samples.from_symbols(stream))
    assert np.concatenate([part.symbols() for part in out]).tolist() == stream[1024:].tolist()
    assert len(refused) == 4 * (5000 // 8)
    assert (gate.state, gate.status()["samples"]) == (State.OK, 5000)
    assert mine.packed.any()  # refused, not taken


def test_a_gate_that_is_failed_while_it_tests_passes_nothing() -> None:
    plug = Plug(lambda w: [0.5, 0.5])
    gate = Gate(1, 1, 1.0, quarantine=0, more=[lambda setting: [PredictorTest(setting, "fails", plug)]])
    plug.act = lambda w: gate.fail("somebody said so")
    bits = Samples.from_symbols(fair(5000))
    with pytest.raises(HealthFailure, match="somebody said so"):
        gate.push(bits)
    assert not bits.packed.any()


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 0.0, -1.0, 1.5])
def test_a_weight_that_would_silence_the_others_is_a_failure(weight: float) -> None:
    def greedy(setting: Setting) -> list[HealthTest]:
        test = PredictorTest(setting, "greedy", Plug(lambda w: [0.5, 0.5]))
        test.weight = weight
        return [test]

    with pytest.raises(HealthFailure, match="greedy asks for a weight"):
        Gate(1, 1, 1.0, more=[greedy])


def test_the_greatest_weight_costs_the_others_at_most_two_bits() -> None:
    def greedy(setting: Setting) -> list[HealthTest]:
        test = PredictorTest(setting, "greedy", Plug(lambda w: [0.5, 0.5]))
        test.weight = 1.0
        return [test]

    setting = Setting.of(1, 20, 1.0)
    alone = {test.name: test.log2_threshold for test in build(setting) if isinstance(test, EDetector)}
    beside = {test.name: test.log2_threshold for test in build(setting, [greedy]) if isinstance(test, EDetector)}
    assert all(0 < beside[name] - alone[name] < 2 for name in alone)


def test_what_is_no_health_test_is_a_failure() -> None:
    with pytest.raises(HealthFailure, match="dict is no health test"):
        Gate(1, 1, 1.0, more=[lambda setting: [{}]])  # type: ignore[list-item]


@pytest.mark.parametrize("begin", ["restart", "drop_lane"])
def test_one_that_cannot_be_set_up_again_is_failed_and_never_left_out(begin: str) -> None:
    made: list[int] = []

    def once(setting: Setting) -> list[HealthTest]:
        made.append(setting.lanes)
        if len(made) > 1:
            raise OSError("the second time it can't")
        return [PredictorTest(setting, "once", Plug(lambda w: [0.5, 0.5]))]

    gate = Gate(1, 8, 1.0, quarantine=0, more=[once])
    stream = fair(16_000).reshape(-1, 8)
    stream[500:541, 5] = 1
    stream[[499, 541], 5] = 0
    with pytest.raises(HealthAlarm):
        gate.push(Samples.from_symbols(stream.reshape(-1), lanes=8))
    with pytest.raises(HealthFailure, match="the second time"):
        getattr(gate, begin)()
    assert gate.state is State.FAILED
    late = Samples.from_symbols(fair(16_000, 2), lanes=8, first=16_000)
    with pytest.raises(HealthFailure, match="can't be set up again"):
        gate.push(late)
    assert not late.packed.any()


def test_numbers_are_read_once() -> None:
    """A window or block that is in range when it is checked is the one that is used."""

    class Growing(Plug):
        sizes = 0

        @property
        def block(self) -> int:
            self.sizes += 1
            return 8 if self.sizes == 1 else 1 << 40

        @block.setter
        def block(self, value: int) -> None:
            pass

    plug = Growing(lambda w: [0.5, 0.5])
    assert PredictorTest(Setting.of(1, 1, 1.0), "grows", plug)._block == 8
    assert plug.sizes == 1
