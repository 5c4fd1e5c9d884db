"""Learners of how to run a protocol find what brings most a second, follow drift, and can't make a claim false."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from qrng.entropy.physical import trusted_qubit
from qrng.errors import ParameterError
from qrng.sources.adaptation import RateBandit, RateQLearner

LEARNERS = (RateBandit, functools.partial(RateQLearner, explore=0.3))
SECONDS = np.array([1.0, 10.0, 3.0])


def play(learner: Any, rates: np.ndarray, rounds: int, seed: int) -> np.ndarray:
    """Arms chosen; the context alternates, and decides which row of true rates holds."""
    rng = np.random.default_rng(seed)
    chosen = np.empty(rounds, int)
    for k in range(rounds):
        context = k % len(rates)
        arm = chosen[k] = learner.choose(context)
        brought = SECONDS[arm] * rates[context, arm] * rng.normal(1, 0.1)
        learner.update(context, arm, brought, SECONDS[arm], (k + 1) % len(rates))
    return chosen


@pytest.mark.parametrize("learner", LEARNERS, ids=["bandit", "Q-learning"])
def test_the_best_arm_of_each_context_is_found_although_the_prior_points_elsewhere(learner: Any) -> None:
    rates = np.array([[5.0, 8.0, 2.0], [9.0, 4.0, 3.0]])
    late = play(learner([[8.0, 5.0, 7.0], [3.0, 9.0, 4.0]], seed=1), rates, 1200, 2)[-200:]
    assert (late[::2] == 1).mean() > 0.8 and (late[1::2] == 0).mean() > 0.8


def test_what_counts_is_the_rate_and_not_what_a_round_brings() -> None:
    """Arm 1 brings 40 in ten seconds, arm 0 brings 5 in one."""
    late = play(RateBandit([[4.5, 4.5, 4.5]], seed=3), np.array([[5.0, 4.0, 1.0]]), 400, 4)[-100:]
    assert (late == 0).mean() > 0.8


def test_old_rounds_fade() -> None:
    bandit = RateBandit([[5.0, 5.0, 5.0]], memory=30, seed=5)
    play(bandit, np.array([[9.0, 5.0, 1.0]]), 200, 6)
    late = play(bandit, np.array([[1.0, 5.0, 9.0]]), 400, 7)[-100:]
    assert (late == 2).mean() > 0.7


@pytest.mark.parametrize(
    "call",
    [
        lambda: RateBandit([]),
        lambda: RateBandit([[math.nan]]),
        lambda: RateBandit([[1.0]], prior_rounds=0),
        lambda: RateBandit([[1.0]], spread=0),
        lambda: RateBandit([[1.0]], memory=0),
        lambda: RateQLearner([1.0]),  # type: ignore[list-item]
        lambda: RateQLearner([[1.0]], explore=2),
        lambda: RateQLearner([[1.0]], step=0),
        lambda: RateBandit([[1.0]]).update(0, 0, 1.0, 0.0),
        lambda: RateQLearner([[1.0]]).update(0, 0, math.inf, 1.0),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any) -> None:
    with pytest.raises(ParameterError):
        call()


BLOCKS = (20, 500)


def false_claims(runs: int, peeks: bool) -> int:
    """Runs in which an adversary who chooses the block makes the claim too high.

    He knows all past blocks and picks the place that would have served him best; or, planted as a control (`peeks`),
    the place that serves him best in the very data that the claim is computed from.
    """
    rng = np.random.default_rng(21)
    q, count = 0.55, 0
    past = rng.random(BLOCKS) < q
    for _ in range(runs):
        data = rng.random(BLOCKS) < q
        seen = data if peeks else past
        place = int(np.abs(seen.mean(axis=1) - 0.5).argmin())
        claim = trusted_qubit(int(data[place].sum()), BLOCKS[1], 0.0, 0.0, math.log2(0.05))
        count += claim.bits_per_sample > -math.log2(q)
        past = data
    return count


def test_no_choice_of_the_block_by_past_data_makes_a_claim_false() -> None:
    assert binomtest(false_claims(1000, peeks=False), 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(false_claims(300, peeks=True), 300, 0.05, "greater").pvalue < 1e-6
