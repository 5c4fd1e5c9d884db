"""Simulated adversaries who hold the side information, against the bounds of light and of coupled qubits.

1,000 runs each at ε = 0.05; a run violates a bound if the adversary does better than the claim allows. The exact
binomial test must not reject "violations ≤ ε", and must reject it for a planted bound that is wrong. (Trusted qubits,
source-independent runs, CHSH, Mermin and the dimension witness have theirs beside their worked values.)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erf
from scipy.stats import binom, binomtest

from qrng.entropy.physical import (
    BellCounts,
    EstimationFactors,
    arrival_time,
    dimension_witness,
    homodyne,
    homodyne_worst_case,
    mermin,
    poisson_parity,
    rate_limits,
    trusted_lanes,
)
from qrng.entropy.physical.arrival_time import guess_of_arrival
from qrng.entropy.physical.poisson_parity import guess_of_parity
from qrng.entropy.physical.probability_estimation import isotropic
from qrng.errors import EntropyError
from qrng.samples import Samples

EPSILON = 0.05
LOG2 = math.log2(EPSILON)


def holds(violations: Callable[[int, bool], int]) -> None:
    """The bound is violated no more often than it says, and the planted wrong one far more often."""
    assert binomtest(violations(1000, False), 1000, EPSILON, "greater").pvalue > 0.01
    assert binomtest(violations(200, True), 200, EPSILON, "greater").pvalue < 1e-6


def too_many(hits: int, tries: int, claim: float) -> bool:
    """Whether so many right guesses are beyond the 95 % quantile of what the claim allows."""
    return hits > binom.ppf(1 - EPSILON, tries, 2.0**-claim)


def best_bins(e: np.ndarray, bits: int, span: float) -> np.ndarray:
    """The most probable word of the converter given the classical noise, of the two ends and the word at the noise."""
    half, step = 2 ** (bits - 1), span / 2 ** (bits - 1)
    words = np.stack([np.full(e.shape, -half), np.full(e.shape, half - 1), np.clip(np.rint(e / step), -half, half - 1)])
    upper = np.where(words == half - 1, 1.0, erf((words * step + step / 2 - e) / math.sqrt(2)))
    lower = np.where(words == -half, -1.0, erf((words * step - step / 2 - e) / math.sqrt(2)))
    return np.take_along_axis(words, (upper - lower).argmax(axis=0)[None], 0)[0]


@pytest.mark.parametrize("worst_case", [False, True])
def test_homodyne_words_are_guessed_no_better_by_who_knows_or_sets_the_classical_noise(worst_case: bool) -> None:
    def violations(runs: int, wrong: bool) -> int:
        rng = np.random.default_rng(21)
        tries, count = 400, 0
        bound = homodyne_worst_case if worst_case else homodyne
        receivers = []
        while len(receivers) < 20:
            bits, span, dark = int(rng.integers(3, 7)), rng.uniform(1.5, 4), rng.uniform(0.1, 1.0)
            known = 0.0 if wrong else dark  # the wrong bound takes no notice of the classical noise
            try:
                receivers.append((bits, span, dark, bound(bits, span, 1 + known, known).bits_per_sample))
            except EntropyError:
                continue
        for run in range(runs):
            bits, span, dark, claim = receivers[run % len(receivers)]
            e = rng.normal(0, math.sqrt(dark), tries)
            if worst_case:
                e = 5 * math.sqrt(dark) * np.sign(e)
            step, half = span / 2 ** (bits - 1), 2 ** (bits - 1)
            words = np.clip(np.rint((e + rng.normal(0, 1, tries)) / step), -half, half - 1)
            count += too_many(int((best_bins(e, bits, span) == words).sum()), tries, claim)
        return count

    holds(violations)


@pytest.mark.parametrize("dead", [0.0, 0.15])
def test_arrival_bins_are_guessed_no_better_by_who_knows_when_the_detector_was_dead(dead: float) -> None:
    """Frames of length 1. The adversary guesses the first bin that is open, in each frame for itself."""

    def violations(runs: int, wrong: bool) -> int:
        rng = np.random.default_rng(22)
        bins, count = 8, 0
        for _ in range(runs):
            rate = rng.uniform(0.5, 4)
            times = np.cumsum(rng.exponential(1 / rate, 600) + dead)
            if wrong:  # the rate of the detections as if it were that of the light
                claim = arrival_time(600 / times[-1] / 2, bins).bits_per_sample
            else:
                _, high = rate_limits(600, float(times[-1] - times[0]), dead, LOG2)
                claim = arrival_time(high, bins, dead).bits_per_sample
            frame = np.floor(times).astype(int)
            new = np.flatnonzero(np.diff(frame) > 0) + 1  # first in its frame; the one before closed it up to `open_at`
            open_at = np.maximum(times[new - 1] + dead - frame[new], 0.0)
            guess = np.minimum(np.ceil(open_at * bins - 1e-9), bins - 1)
            found = np.floor((times[new] - frame[new]) * bins)
            count += too_many(int((guess == found).sum()), len(found), claim)
        return count

    holds(violations)


def test_the_claims_of_light_fail_no_more_often_than_the_limits_of_its_rate() -> None:
    """Without a dead time nothing but the limit stands between claim and truth."""

    def arrivals(runs: int, wrong: bool) -> int:
        rng = np.random.default_rng(23)
        count = 0
        for _ in range(runs):
            rate = rng.uniform(0.2, 3)
            span = float(rng.exponential(1 / rate, 399).sum())
            mean = 400 / span if wrong else rate_limits(400, span, 0.0, LOG2)[1]
            count += arrival_time(mean, 256).bits_per_sample > -math.log2(guess_of_arrival(rate, 256))
        return count

    def parities(runs: int, wrong: bool) -> int:
        rng = np.random.default_rng(24)
        count = 0
        for _ in range(runs):
            rate = rng.uniform(0.5, 1.5)
            span = float(rng.exponential(1 / rate, 399).sum())
            low = 399 / span if wrong else rate_limits(400, span, 0.0, LOG2)[0]
            count += poisson_parity(low).bits_per_sample > -math.log2(guess_of_parity(rate))
        return count

    holds(arrivals)
    holds(parities)


def test_parities_are_guessed_no_better_by_who_knows_when_the_detector_was_dead() -> None:
    """Windows of length 1; the adversary knows how much of the dead time reaches into each, and the likelier parity."""

    def violations(runs: int, wrong: bool) -> int:
        rng = np.random.default_rng(25)
        windows, count = 500, 0
        detectors = [(rng.uniform(3, 5), rng.uniform(0.1, 0.3)) for _ in range(10)]
        claims = [poisson_parity(mean, 0.0 if wrong else dead).bits_per_sample for mean, dead in detectors]
        for run in range(runs):
            (mean, dead), claim = detectors[run % 10], claims[run % 10]
            closed = rng.uniform(0, dead)
            times = closed + np.cumsum(rng.exponential(1 / mean, (2 * windows, 40)), axis=1) + dead * np.arange(40)
            odd = (times < 1).sum(axis=1) % 2
            likelier = odd[:windows].mean() > 0.5  # learned beforehand
            count += too_many(int((odd[windows:] == likelier).sum()), windows, claim)
        return count

    holds(violations)


def test_a_coupled_qubit_is_worth_no_more_than_what_its_neighbour_leaves() -> None:
    """The adversary has seen the first qubit; the planted bound takes the qubits for independent."""

    def violations(runs: int, wrong: bool) -> int:
        rng = np.random.default_rng(26)
        count = 0
        for _ in range(runs):
            shots, coupling = 2000, rng.uniform(0.05, 0.2)
            first = rng.integers(0, 2, shots)
            second = rng.random(shots) < 0.5 + coupling * (2 * first - 1)
            samples = Samples.from_symbols(np.stack([first, second], 1).astype(np.uint8).reshape(-1), lanes=2)
            found = trusted_lanes(samples, 0.0, 0.0, LOG2, None if wrong else [[0, 1]])
            count += found.claim.bits_per_sample > (1 - math.log2(0.5 + coupling)) / 2
        return count

    holds(violations)


@given(st.lists(st.integers(20, 400), min_size=16, max_size=16), st.integers(0, 15), st.floats(-100, -2))
def test_a_trial_that_is_won_never_lowers_probability_estimation(table: list[int], cell: int, error: float) -> None:
    counts = np.array(table).reshape(2, 2, 2, 2)
    x, y, a, b = np.unravel_index(cell, (2, 2, 2, 2))
    factors = FACTORS
    base = factors.bits(BellCounts(counts), error)
    assert factors.bits(BellCounts(counts), error - 1) < base
    better = counts.copy()
    better[x, y, a, b] += 1
    won = (a ^ b) == (x & y)
    assert (factors.bits(BellCounts(better), error) > base) == won


FACTORS = EstimationFactors.train(isotropic(2.6), 0.02)


@given(st.floats(0.9, 1), st.floats(0, 0.05), st.floats(-60, -3))
def test_mermin_and_witness_rise_with_what_is_seen_and_fall_with_less_error(
    quality: float, more: float, error: float
) -> None:
    def ghz(visibility: float, log2_error: float) -> float:
        n = 10**6
        right = round(n * (1 + visibility) / 2)
        try:
            return mermin([right, n - right, n - right, n - right], [n] * 4, log2_error).bits_per_sample
        except EntropyError:
            return 0.0

    def bb84(visibility: float, log2_error: float) -> float:
        shots = np.full((4, 2), 10**6)
        ideal = np.array([[1, 0.5], [0, 0.5], [0.5, 1], [0.5, 0]])
        ones = np.rint(shots * (0.5 + visibility * (ideal - 0.5))).astype(int)
        try:
            return dimension_witness(ones, shots, log2_error).bits_per_sample
        except EntropyError:
            return 0.0

    for value in (ghz, bb84):
        best = min(1.0, quality + more)
        assert value(best, error) >= value(quality, error) - 1e-9
        assert value(quality, error) >= value(quality, error - 1)
