"""Scores of short windows are bets inside the claim, whatever the model says of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import ParameterError
from qrng.health import Setting
from qrng.health.base import Piece
from qrng.health.plugin import PATIENCE
from qrng.health.window_table import WindowTableTest, most_on_average


class Scored:
    """A score for each window, from a seed."""

    def __init__(self, seed: int = 1, window: int = 8) -> None:
        self.window = window
        self.scores = np.random.default_rng(seed).random(2**window)
        self.asked = 0

    def score(self, window: npt.NDArray[Any]) -> Any:
        self.asked += 1
        return self.scores[int("".join(map(str, window)), 2)]


class Ones(Scored):
    def score(self, window: npt.NDArray[Any]) -> Any:
        return window.sum()


def test_the_most_on_average_is_that_of_the_best_of_all_sources_inside_the_claim() -> None:
    values = np.random.default_rng(2).random(8)
    g = 0.6
    best = 0.0
    for one_likelier in product((0, 1), repeat=7):  # which bit each of the 7 contexts favours
        total = 0.0
        for x in range(8):
            a, b, c = x // 4, x // 2 % 2, x % 2
            chance = 1.0
            for context, bit in ((0, a), (1 + a, b), (3 + 2 * a + b, c)):
                chance *= g if bit == one_likelier[context] else 1 - g
            total += chance * values[x]
        best = max(best, total)
    assert most_on_average(values, g) == pytest.approx(best, rel=1e-12)
    assert most_on_average(values, 0.5) == pytest.approx(values.mean())


@pytest.mark.parametrize("claim", [1.0, 0.95, 0.5])
def test_no_bet_pays_more_than_one_on_average_under_the_least_favourable_source(claim: float) -> None:
    test = WindowTableTest(Setting.of(1, 1, claim), "mine", Scored())
    worst = most_on_average(2.0**test._pays, 2.0**-claim)
    assert worst == pytest.approx(np.ones(len(worst)), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_false_alarms_stay_within_the_bound_for_scores_made_for_the_source(seed: int) -> None:
    """The source follows the score: it takes, within the claim, the bit from which the stranger windows follow."""
    claim, width, n = 0.8, 8, 1 << 12
    model, g = Scored(seed, width), 2.0**-0.8
    test = WindowTableTest(Setting.of(1, 1, claim, run_length_log2=15), "mine", model)
    pays = 2.0 ** test._pays[2]
    favoured = {}
    for depth in range(width):
        for prefix in range(2**depth):
            ahead = pays.reshape(2 ** (depth + 1), -1)
            zero, one = (most_on_average(ahead[2 * prefix + bit], g) for bit in (0, 1))
            favoured[depth, prefix] = int(one > zero)
    alarms = 0
    for run in range(60):
        likely = np.random.default_rng([seed, run]).random(n) < g
        bits, prefix = np.empty(n, np.uint8), 0
        for t in range(n):
            depth = t % width
            prefix = 0 if depth == 0 else prefix
            bits[t] = favoured[depth, prefix] ^ (not likely[t])
            prefix = 2 * prefix + int(bits[t])
        fresh = WindowTableTest(Setting.of(1, 1, claim, run_length_log2=15), "mine", model)
        alarms += fresh.update(Piece(Samples.from_symbols(bits)), 0) is not None
    assert alarms <= 17  # P(alarm) <= 1/8 a run; a binomial of mean 7.5 exceeds 17 with probability < 0.001


def test_it_finds_what_its_windows_show_and_asks_for_each_once() -> None:
    rng = np.random.default_rng(3)
    stream = np.concatenate([rng.random(8192) < 0.5, rng.random(16384) < 0.6]).astype(np.uint8)
    model = Ones(window=12)
    test = WindowTableTest(Setting.of(1, 1, 1.0, run_length_log2=30), "mine", model)
    at = test.update(Piece(Samples.from_symbols(stream)), 0)
    assert at is not None
    assert 8192 < at < 12_000
    assert test.assumes == "claim"


@pytest.mark.parametrize("answer", [float("nan"), None, "a", "raises"])
def test_a_hostile_model_wins_nothing_and_is_soon_not_asked_again(answer: Any) -> None:
    class Bad(Scored):
        def score(self, window: npt.NDArray[Any]) -> Any:
            self.asked += 1
            if answer == "raises":
                raise RuntimeError
            return answer

    model = Bad()
    test = WindowTableTest(Setting.of(1, 1, 1.0), "mine", model)
    assert test.update(Piece(Samples.from_symbols(np.ones(8192, np.uint8))), 0) is None
    assert test.evidence() <= 13
    assert model.asked == PATIENCE


def test_a_model_is_not_asked_while_the_stream_runs() -> None:
    model = Scored()
    test = WindowTableTest(Setting.of(1, 1, 1.0), "mine", model)
    assert model.asked == 256
    test.update(Piece(Samples.from_symbols(np.ones(8192, np.uint8))), 0)
    assert model.asked == 256


@pytest.mark.parametrize(("width", "window"), [(1, 0), (1, 17), (2, 8)])
def test_what_has_no_table_is_refused(width: int, window: int) -> None:
    model = Scored()
    model.window = window
    with pytest.raises(ParameterError, match="1 to 16"):
        WindowTableTest(Setting.of(width, 1, 1.0), "mine", model)
