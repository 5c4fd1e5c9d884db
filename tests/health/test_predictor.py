"""A predictor plugged in finds what it knows; a hostile one costs its share and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, ParameterError
from qrng.health import Gate, Setting, plugin, registry
from qrng.health.base import Piece
from qrng.health.predictor import HISTORY, PredictorTest


class Echo:
    """Believes that the next symbol is the one `period` before, known only if all of a block agree."""

    block = 8

    def __init__(self, belief: Any = (0.1, 0.9)) -> None:
        self.belief = belief
        self.asked = 0
        self.longest = 0

    def predict(self, history: npt.NDArray[Any]) -> Any:
        self.asked += 1
        self.longest = max(self.longest, len(history))
        return self.belief(history) if callable(self.belief) else self.belief


def majority(history: npt.NDArray[Any]) -> list[float]:
    p = (history[-64:].sum() + 1) / (len(history[-64:]) + 2)
    return [1 - p, p]


def made(predictor: Any, run_length_log2: int = 30, width: int = 1, claim: float = 1.0) -> PredictorTest:
    return PredictorTest(Setting.of(width, 1, claim, run_length_log2=run_length_log2), "mine", predictor)


def feed(test: PredictorTest, symbols: npt.NDArray[Any], cuts: tuple[int, ...] = (), width: int = 1) -> int | None:
    at = 0
    for stop in (*cuts, len(symbols)):
        hit = test.update(Piece(Samples.from_symbols(symbols[at:stop], width, first=at)), at)
        if hit is not None:
            return at + hit
        at = stop
    return None


def swinging(n: int, seed: int) -> npt.NDArray[np.uint8]:
    chance = 0.5 + 0.4 * np.sign(np.sin(np.arange(n) / 300))
    return (np.random.default_rng(seed).random(n) < chance).astype(np.uint8)


def fair(n: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def test_what_it_knows_is_found_and_named_however_the_stream_is_cut() -> None:
    stream = np.concatenate([fair(4096, 1), swinging(8192, 2)])
    places = set()
    for cuts in ((), (1, 8, 15, 4097), tuple(range(0, 12000, 37))):
        test = made(Echo(majority))
        at = feed(test, stream, cuts)
        assert at is not None
        assert 4096 < at < 4600
        alarm = test.alarm(at)
        assert (alarm.test, alarm.detail) == ("mine", "foretold by mine")
        assert abs(alarm.onset_estimate - 4096) < 200
        places.add(at)
    assert len(places) == 1
    assert test._predictor.longest == HISTORY  # type: ignore[attr-defined]


def test_the_value_is_that_of_its_definition() -> None:
    stream = fair(8 * 200 + 5, 3)
    test, m = made(Echo((0.4, 0.6)), 256), 0.0
    assert feed(test, stream) is None
    for block in stream[: 8 * 200].reshape(-1, 8):
        m = float(np.prod(np.where(block == 1, 1.2, 0.8))) * (m + 8)
    assert 2.0 ** test.evidence() == pytest.approx(m, rel=1e-9)


def raising(history: Any) -> Any:
    raise RuntimeError("no")


def leaving(history: Any) -> Any:
    raise SystemExit(9)


HOSTILE = {
    "NaN": (float("nan"), 0.5),
    "negative": (-0.5, 1.5),
    "sums to 2": (1.0, 1.0),
    "infinite": (float("inf"), 0.0),
    "too long": (0.2, 0.3, 0.5),
    "no numbers": ("a", "b"),
    "nothing": None,
    "raises": raising,
    "exits": leaving,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_predictor_stakes_nothing_and_is_soon_not_asked_again(kind: str) -> None:
    predictor = Echo(HOSTILE[kind])
    test = made(predictor)
    assert feed(test, np.ones(4096, np.uint8)) is None
    assert 2.0 ** test.evidence() == pytest.approx(4096)  # M grows by one with each symbol and nothing else
    assert predictor.asked == test.patience.unusable == 8


def test_a_slow_predictor_stakes_nothing_and_is_soon_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        now = 0.0

        def perf_counter(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(plugin, "time", clock)

    def late(history: Any) -> Any:
        clock.now += 1.5
        return (0.1, 0.9)

    predictor = Echo(late)
    test = made(predictor)
    assert feed(test, np.ones(4096, np.uint8)) is None
    assert 2.0 ** test.evidence() == pytest.approx(4096)
    assert predictor.asked == plugin.PATIENCE


def test_a_predictor_cannot_change_what_it_is_shown() -> None:
    def vandal(history: npt.NDArray[Any]) -> list[float]:
        history[:] = 0
        return [0.4, 0.6]

    honest, other = made(Echo((0.4, 0.6)), 256), made(Echo(vandal), 256)
    stream = fair(4000, 4)
    assert feed(honest, stream) is None
    assert feed(other, stream) is None
    assert honest.evidence() == other.evidence()


def test_false_alarms_stay_within_the_bound_for_a_wild_predictor() -> None:
    alarms, rng = 0, np.random.default_rng(5)
    for seed in range(60):

        def wild(history: Any) -> Any:
            p = rng.random() ** 4
            return [p, 1 - p]

        test = made(Echo(wild), 15, claim=0.8)
        stream = (np.random.default_rng(seed).random(1 << 12) < 2.0**-0.8).astype(np.uint8)
        alarms += feed(test, stream) is not None
    assert alarms <= 17  # P(alarm) <= 1/8 a run; a binomial of mean 7.5 exceeds 17 with probability < 0.001


def test_the_gate_runs_what_an_entry_point_brings_and_shares_the_false_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    makers = registry._makers()
    added = makers | {"mine": lambda setting: [PredictorTest(setting, "mine", Echo(majority))]}
    monkeypatch.setattr(registry, "_makers", lambda: added)
    gate = Gate(1, 1, 1.0)
    found = {test["name"]: test["log2_threshold"] for test in gate.status()["tests"] if "log2_threshold" in test}
    assert set(found) == {"bank", "learned", "sine", "lfsr", "prbs", "replay", "context", "mine"}
    assert sum(2.0 ** (64 - threshold) for threshold in found.values()) == pytest.approx(1)
    with pytest.raises(HealthAlarm):
        gate.push(Samples.from_symbols(np.concatenate([fair(4096, 6), swinging(8192, 7)])))


def test_blocks_and_symbols_that_do_not_fit_are_refused() -> None:
    predictor = Echo()
    predictor.block = 0
    for wrong, width in ((predictor, 1), (Echo(), 9)):
        with pytest.raises(ParameterError, match="foretells"):
            made(wrong, width=width)
