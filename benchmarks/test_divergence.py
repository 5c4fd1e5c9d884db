"""The divergences that limits are made of, by closed form, by counting all sequences, and by filtering."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from health.divergence import after_runs, common_lean, hidden, kl, two_states, wandering_phase


def entropy(likely: dict[tuple[int, ...], float]) -> float:
    p = np.array(list(likely.values()))
    return float(-(p[p > 0] * np.log2(p[p > 0])).sum())


def by_counting(one: object, n: int = 14) -> float:
    """1 - H(n bits) + H(n - 1 bits) of a source whose next one has probability one(past)."""
    found = []
    for length in (n - 1, n):
        likely = {}
        for bits in itertools.product((0, 1), repeat=length):
            p = 1.0
            for t, bit in enumerate(bits):
                q = one(bits[:t])  # type: ignore[operator]
                p *= q if bit else 1 - q
            likely[bits] = p
        found.append(entropy(likely))
    return 1 - found[1] + found[0]


@pytest.mark.parametrize("after_one", [0.525, 0.475, 0.9])
def test_two_states(after_one: float) -> None:
    counted = by_counting(lambda past: after_one if past and past[-1] else 0.5)
    assert two_states(0.5, after_one) == pytest.approx(counted, rel=1e-3)


def test_after_runs() -> None:
    def one(past: tuple[int, ...]) -> float:
        if len(past) < 3 or len(set(past[-3:])) > 1:
            return 0.5
        return 0.25 if past[-1] else 0.75

    assert after_runs(3, 0.75) == pytest.approx(by_counting(one), rel=1e-3)


def test_a_common_lean_is_what_the_forward_algorithm_says() -> None:
    rng = np.random.default_rng(1)
    lean = rng.choice([-0.1, 0.1], (200_000, 1))
    bits = (rng.random((200_000, 20)) < 0.5 + lean).astype(np.uint8)
    filtered = hidden(bits, lambda t: np.array([0.4, 0.6]), lambda belief: belief, np.array([0.5, 0.5]), 0)
    assert common_lean(0.1, 20) == pytest.approx(filtered, rel=0.01)


def test_a_phase_that_may_walk_costs_little_of_the_sines_divergence() -> None:
    rng = np.random.default_rng(2)
    at = 2 * np.pi * (np.arange(20_000) / 100 + rng.random((8, 1)))
    bits = (rng.random(at.shape) < 0.5 + 0.3 * np.sin(at)).astype(np.uint8)
    known = kl(0.5 + 0.3 * np.sin(np.arange(1000) / 1000 * 2 * np.pi))
    assert 0.9 < wandering_phase(bits, 0.3, 100, 0.03) / known < 1
