"""Selection finds the good arms, follows drift, respects exclusions, and can't make a claim false."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from qrng.entropy.physical import trusted_qubit
from qrng.errors import ParameterError
from qrng.sources.selection import ThompsonSelector


def play(selector: ThompsonSelector, truth: np.ndarray, rounds: int, count: int, seed: int) -> np.ndarray:
    """Mean true success probability of the arms chosen in each round."""
    rng = np.random.default_rng(seed)
    got = np.empty(rounds)
    for r in range(rounds):
        chosen = selector.choose(count)
        for arm in chosen:
            selector.update(arm, int(rng.binomial(200, truth[arm])), 200)
        got[r] = truth[chosen].mean()
    return got


def test_it_finds_the_good_arms_although_the_calibration_points_elsewhere() -> None:
    truth = np.linspace(0.70, 0.84, 40)
    misled = 1.54 - truth  # the calibration has it upside down
    best = np.sort(truth)[-5:].mean()
    learned = play(ThompsonSelector(misled, 20, seed=1), truth, 120, 5, 2)
    assert learned[:3].mean() < 0.78
    assert best - learned[-30:].mean() < 0.012


def test_it_follows_drift_if_it_forgets() -> None:
    before, after = np.array([0.84] + [0.75] * 9), np.array([0.70] + [0.75] * 8 + [0.83])
    ends = {}
    for memory in (2000.0, None):
        selector = ThompsonSelector(before, 50, memory, seed=3)
        play(selector, before, 60, 1, 4)
        ends[memory] = play(selector, after, 60, 1, 5)[-20:].mean()
    assert ends[2000.0] > 0.81
    assert ends[2000.0] >= ends[None]


def test_pairs_that_share_a_qubit_are_not_chosen_together() -> None:
    pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    selector = ThompsonSelector([0.8] * 5, exclusive=pairs, seed=0)
    for _ in range(50):
        chosen = selector.choose(3)
        qubits = [q for arm in chosen for q in pairs[arm]]
        assert len(set(qubits)) == len(qubits)
        assert 2 <= len(chosen) <= 3


def test_beliefs_start_at_the_calibration_and_move_to_the_data() -> None:
    selector = ThompsonSelector([0.6, 0.9], 100)
    assert selector.expected().tolist() == pytest.approx([0.6, 0.9])
    selector.update(0, 9000, 10_000)
    assert selector.expected()[0] == pytest.approx(0.9, abs=0.01)
    assert selector.expected()[1] == pytest.approx(0.9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ThompsonSelector([]),
        lambda: ThompsonSelector([0.5, 1.0]),
        lambda: ThompsonSelector([0.5], prior_trials=0),
        lambda: ThompsonSelector([0.5], memory=-1),
        lambda: ThompsonSelector([0.5], exclusive=[(0, 1), (1, 2)]),
        lambda: ThompsonSelector([0.5]).choose(2),
        lambda: ThompsonSelector([0.5]).choose(0),
        lambda: ThompsonSelector([0.5]).update(0, 3, 2),
        lambda: ThompsonSelector([0.5]).update(1, 1, 2),
    ],
)
def test_what_makes_no_sense_is_refused(call) -> None:
    with pytest.raises(ParameterError):
        call()


def violations(runs: int, reuse: bool) -> int:
    """Runs in which the claim of the qubit that an adversary chose, because it looked best, is too high.

    He sees the past data of 50 qubits, all equally biased, and picks the one that looks least biased. The claim is then
    computed from new data of that qubit, or (`reuse`) from the very data that it was chosen by.
    """
    rng = np.random.default_rng(9)
    q, shots, count = 0.55, 1000, 0
    for _ in range(runs):
        past = rng.binomial(shots, q, 50)
        chosen = int(np.abs(past - shots / 2).argmin())
        ones = int(past[chosen]) if reuse else int(rng.binomial(shots, q))
        claim = trusted_qubit(ones, shots, 0.0, 0.0, math.log2(0.05))
        count += claim.bits_per_sample > -math.log2(q)
    return count


def test_an_adversarial_choice_can_not_make_a_claim_on_later_data_false() -> None:
    assert binomtest(violations(1000, reuse=False), 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(violations(200, reuse=True), 200, 0.05, "greater").pvalue < 1e-6
