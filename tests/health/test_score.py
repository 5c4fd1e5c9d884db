"""Scores as health tests: what they find, what they assume, and what a hostile model costs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, ParameterError
from qrng.health import Gate, Setting, plugin, registry, score
from qrng.health.base import Piece
from qrng.health.score import EXCHANGEABLE, Calibration, ScoreTest
from qrng.health.windowed import KAPPAS, bets

WINDOW = 128


class Ones:
    """Finds a window the stranger, the more ones it has."""

    window = WINDOW

    def __init__(self) -> None:
        self.asked = 0

    def score(self, window: npt.NDArray[Any]) -> Any:
        self.asked += 1
        return float(window.sum())


def fair(windows: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, (windows, WINDOW), dtype=np.uint8)


def made(model: Any, run_length_log2: int = 30, claim: float = 0.9, calibration: int = 200) -> ScoreTest:
    setting = Setting.of(1, 1, claim, run_length_log2=run_length_log2)
    return ScoreTest(setting, "mine", model, Calibration.of(model, fair(calibration, 1)))


def feed(test: Any, symbols: npt.NDArray[Any], cuts: tuple[int, ...] = ()) -> int | None:
    at, flat = 0, symbols.ravel()
    for stop in (*cuts, flat.size):
        hit = test.update(Piece(Samples.from_symbols(flat[at:stop], first=at)), at)
        if hit is not None:
            return at + int(hit)
        at = stop
    return None


def test_what_it_finds_strange_alarms_wherever_the_stream_is_cut() -> None:
    stream = fair(300, 2)
    stream[100:] |= fair(200, 3) & fair(200, 4)  # five ones in eight
    places = set()
    for cuts in ((), (1, 127, 129, 20_000), tuple(range(0, 300 * WINDOW, 1001))):
        test = made(Ones())
        at = feed(test, stream, cuts)
        assert at is not None
        assert 100 * WINDOW < at < 125 * WINDOW
        assert (at + 1) % WINDOW == 0
        alarm = test.alarm(at)
        assert (alarm.test, alarm.detail) == ("mine", "windows that mine finds strange")
        assert abs(alarm.onset_estimate - 100 * WINDOW) < 20 * WINDOW
        places.add(at)
    assert len(places) == 1


def test_the_value_is_that_of_its_definition() -> None:
    test, seen, values = made(Ones(), 256), sorted(fair(200, 1).sum(axis=1)), np.zeros(len(KAPPAS))
    stream = fair(100, 5)
    assert feed(test, stream) is None
    for window in stream:
        p = (1 + sum(other >= window.sum() for other in seen)) / (1 + len(seen))
        seen.append(window.sum())
        values = np.array([k * p ** (k - 1) for k in KAPPAS]) * (values + WINDOW)
    assert 2.0 ** test.evidence() == pytest.approx(values.mean(), rel=1e-9)


def test_bets_on_uniform_p_values_pay_one_on_average() -> None:
    p = (np.arange(1 << 20) + 0.5) / (1 << 20)
    means = (2.0 ** bets(p)).mean(axis=1)
    assert means[1:] == pytest.approx(np.ones(4), abs=0.02)
    assert means[0] < 1  # of κ = 0.1 the sum misses what lies below the first step


def test_false_alarms_stay_within_the_bound_on_exchangeable_windows_however_far_from_the_claim() -> None:
    """Windows of a source of mixed kinds, each kind drawn anew: exchangeable, not independent bits."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        chance = rng.choice([0.3, 0.5, 0.9], (200 + 128, 1))
        windows = (rng.random((200 + 128, WINDOW)) < chance).astype(np.uint8)
        model = Ones()
        test = ScoreTest(Setting.of(1, 1, 0.1, run_length_log2=17), "mine", model, Calibration.of(model, windows[:200]))
        alarms += feed(test, windows[200:]) is not None
    assert alarms <= 17  # P(alarm) <= 2^14 / 2^17 a run; a binomial of mean 7.5 exceeds 17 with probability < 0.001


def test_a_healthy_source_that_drifts_breaks_the_assumption_and_the_verdict_names_it() -> None:
    test = made(Ones(), claim=0.5)
    chance = np.linspace(0.5, 0.68, 400)[:, None]  # never above 2^-0.5: inside the claim
    stream = (np.random.default_rng(6).random((400, WINDOW)) < chance).astype(np.uint8)
    assert feed(test, stream) is not None
    assert test.assumes == EXCHANGEABLE
    gate = Gate(1, 1, 0.5, more=[lambda setting: [made(Ones())]])
    assert [row["assumes"] for row in gate.status()["tests"] if row["name"] == "mine"] == [EXCHANGEABLE]
    assert {row["assumes"] for row in gate.status()["tests"] if row["name"] != "mine"} == {"claim"}


def test_nothing_that_ships_assumes_more_than_the_claim() -> None:
    for setting in (Setting.of(1, 1, 1.0), Setting.of(1, 20, 0.9), Setting.of(8, 1, 6.0)):
        assert {test.assumes for test in registry.build(setting)} == {"claim"}


def test_fair_windows_calibrate_for_the_full_claim_and_for_no_lower_one() -> None:
    calibration = Calibration.fair(Ones(), Setting.of(1, 1, 1.0), windows=100)
    assert (calibration.assumes, len(calibration.scores)) == ("claim", 100)
    with pytest.raises(ParameterError, match="healthy source"):
        Calibration.fair(Ones(), Setting.of(1, 1, 0.99))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


HOSTILE = {
    "NaN": lambda: float("nan"),
    "infinite": lambda: float("inf"),
    "no number": lambda: "a",
    "nothing": lambda: None,
    "raises": lambda: 1 / 0,
    "exits": lambda: sys.exit(9),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_model_without_a_usable_score_wins_nothing_and_is_soon_not_asked_again(kind: str) -> None:
    class Bad(Ones):
        def score(self, window: npt.NDArray[Any]) -> Any:
            self.asked += 1
            return HOSTILE[kind]()

    model = Bad()
    test = made(model)
    model.asked = 0
    assert feed(test, np.ones((100, WINDOW), np.uint8)) is None
    assert test.evidence() <= np.log2(100 * WINDOW) + 1e-9  # at most what grows by itself
    assert model.asked == test.patience.unusable == plugin.PATIENCE


def test_a_slow_model_wins_nothing_and_is_soon_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(plugin, "time", clock)

    class Slow(Ones):
        def score(self, window: npt.NDArray[Any]) -> Any:
            clock.now += late
            return super().score(window)

    late, model = 0.0, Slow()
    test = made(model)
    late, model.asked = 1.5, 0
    assert feed(test, np.ones((100, WINDOW), np.uint8)) is None
    assert test.evidence() <= np.log2(100 * WINDOW) + 1e-9
    assert model.asked == 2 * plugin.PATIENCE  # a window, and one of the calibration again


def test_refusing_the_windows_that_would_lose_wins_nothing() -> None:
    class Choosy(Ones):
        def score(self, window: npt.NDArray[Any]) -> Any:
            return window.sum() if window.sum() > 64 else float("nan")

    alarms = 0
    for seed in range(60):
        test = made(Choosy(), 17)
        alarms += feed(test, fair(128, 1000 + seed)) is not None
    assert alarms <= 17


@pytest.mark.parametrize("grows", ["with time", "while it runs only"])
def test_a_model_that_changes_its_mind_is_found_out_and_its_evidence_dropped(grows: str) -> None:
    class Liar(Ones):
        def score(self, window: npt.NDArray[Any]) -> Any:
            self.asked += 1
            return float(self.asked if grows == "with time" or self.asked > 210 else window.sum())

    test = made(Liar())
    assert feed(test, fair(400, 7)) is None
    assert test.changed
    assert test.evidence() <= np.log2(400 * WINDOW) + 1e-9


def test_a_model_cannot_change_what_it_is_shown() -> None:
    class Vandal(Ones):
        def score(self, window: npt.NDArray[Any]) -> Any:
            value = super().score(window)
            window[:] = 0
            window.setflags(write=False)
            return value

    honest, other = made(Ones(), 256), made(Vandal(), 256)
    for test in (honest, other):
        assert feed(test, fair(200, 8)) is None
    assert honest.evidence() == other.evidence()


def test_memory_is_bounded_and_a_full_store_begins_again_with_the_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "_MOST", 250)
    test = made(Ones(), 256)
    assert feed(test, fair(49, 9)) is None
    held = len(test._scores)
    assert feed(test, fair(3, 10)) is None
    assert (held, len(test._scores)) == (249, 202)
    with pytest.raises(ParameterError, match="fewer than 250 windows"):
        made(Ones(), calibration=250)


def test_wide_symbols_are_scored_and_bad_windows_refused() -> None:
    class Mean:
        window = 64

        def score(self, window: npt.NDArray[Any]) -> float:
            return float(window.mean())

    rng = np.random.default_rng(11)
    healthy = rng.integers(0, 1 << 12, (300, 64), dtype=np.uint32)
    test = ScoreTest(Setting.of(12, 1, 8.0, run_length_log2=30), "mean", Mean(), Calibration.of(Mean(), healthy[:200]))
    stream = np.concatenate([healthy[200:], rng.integers(0, 1 << 12, (60, 64), dtype=np.uint32) // 2 + 2048])
    at = test.update(Piece(Samples.from_symbols(stream.ravel(), 12)), 0)
    assert at is not None
    assert 100 * 64 < at < 130 * 64
    with pytest.raises(ParameterError, match="calibration takes 20"):
        Calibration.of(Mean(), healthy[:19])
    with pytest.raises(ParameterError, match="1 to 65536"):
        model = Mean()
        calibration = Calibration.of(model, healthy)
        model.window = 0
        ScoreTest(Setting.of(12, 1, 8.0), "mean", model, calibration)


def test_an_installed_package_brings_one_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "strange.py").write_text(
        textwrap.dedent(
            """
            from qrng.health.score import Calibration, ScoreTest

            class Ones:
                window = 128
                def score(self, window):
                    return float(window.sum())

            def tests(setting):
                return [ScoreTest(setting, "strange", Ones(), Calibration.fair(Ones(), setting, 100))]
            """
        )
    )
    info = tmp_path / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qrng.health]\nstrange = strange:tests\n")
    (tmp_path / "good.bin").write_bytes(np.packbits(fair(400, 12)).tobytes())
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from qrng.cli import main; main()"
    command = [sys.executable, "-c", code, str(tmp_path), "health", str(tmp_path / "good.bin"), "--json", "--claim"]
    done = subprocess.run([*command, "1"], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = [row for row in json.loads(done.stdout)["tests"] if row["name"] == "strange"]
    assert row.items() >= {"window": 128, "calibration_windows": 100, "assumes": "claim"}.items()
    done = subprocess.run([*command, "0.9"], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 4  # a plug-in that can't be set up is a failure, never left out
    assert b"healthy source" in done.stderr


def test_the_gate_shares_the_false_alarms_with_it_and_stops() -> None:
    gate = Gate(1, 1, 1.0, more=[lambda setting: [made(Ones(), 64)]])
    shares = {
        row["name"]: 2.0 ** (64 - row["log2_threshold"]) for row in gate.status()["tests"] if "log2_threshold" in row
    }
    assert sum(shares.values()) == pytest.approx(1)
    assert 0 < shares["mine"] < 1
    with pytest.raises(HealthAlarm):
        gate.push(Samples.from_symbols(np.concatenate([fair(20, 13), fair(60, 14) | fair(60, 15)]).ravel()))
