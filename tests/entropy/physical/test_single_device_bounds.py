"""Mermin, dimension witness, homodyne, arrival time and parity: worked values, monotony, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng.entropy.physical import (
    arrival_time,
    dimension_witness,
    homodyne,
    homodyne_worst_case,
    mermin,
    poisson_parity,
)
from qrng.entropy.physical.arrival_time import guess_of_arrival
from qrng.entropy.physical.dimension_witness import guess_of_witness, witness
from qrng.entropy.physical.homodyne import average_guess, best_range, worst_guess
from qrng.entropy.physical.mermin import guess_of_mermin, mermin_value
from qrng.entropy.physical.poisson_parity import guess_of_parity
from qrng.errors import EntropyError, ParameterError

# Mermin


@pytest.mark.parametrize(("m", "bits"), [(4, 2), (3.15, 0.4931), (2.98, 0.4055), (2, 0), (0, 0)])
def test_mermin_worked_values(m: float, bits: float) -> None:
    assert -math.log2(guess_of_mermin(m)) == pytest.approx(bits, abs=5e-5)


@given(st.floats(-4, 4), st.floats(0, 1))
def test_a_larger_mermin_value_is_never_easier_to_guess(m: float, less: float) -> None:
    assert guess_of_mermin(m - less) >= guess_of_mermin(m) - 1e-12


def test_mermin_claims_stay_below_the_point_estimate_and_near_it() -> None:
    runs = [10**7] * 4
    even = [9_875_000, 125_000, 125_000, 125_000]
    m = mermin_value(even, runs)
    assert m == pytest.approx(3.9)
    claim = mermin(even, runs, -64)
    point = -math.log2(guess_of_mermin(m))
    assert point - 0.1 < claim.bits_per_sample < point
    assert claim.bits_per_symbol == 2
    with pytest.raises(EntropyError):
        mermin([75, 25, 25, 25], [100] * 4)
    for even, runs in (([1], [1]), ([2, 0, 0, 0], [1, 1, 1, 1]), ([0, 0, 0, 0], [0, 1, 1, 1])):
        with pytest.raises(ParameterError):
            mermin(even, runs)
    with pytest.raises(ParameterError):
        guess_of_mermin(4.1)


def test_fixed_answers_pass_mermin_no_more_often_than_the_error_says() -> None:
    """Fixed answers reach M = 2 at most: settings XXX, XYY, YXY right and YYX wrong, here with coin flips added."""
    from scipy.stats import binomtest

    rng = np.random.default_rng(3)
    runs = [200] * 4
    passed = {"claim": 0, "point": 0}
    for _ in range(1000):
        even = [int(rng.binomial(200, p)) for p in (0.75, 0.25, 0.25, 0.25)]
        passed["point"] += mermin_value(even, runs) > 2
        try:
            mermin(even, runs, math.log2(0.05))
            passed["claim"] += 1
        except EntropyError:
            pass
    assert binomtest(passed["claim"], 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(passed["point"], 1000, 0.05, "greater").pvalue < 1e-6


# Dimension witness


@pytest.mark.parametrize(("w", "bits"), [(1, 0.228447), (0.5, 0.024791), (0.25, 0.005761), (0, 0)])
def test_dimension_witness_worked_values(w: float, bits: float) -> None:
    assert -math.log2(guess_of_witness(w)) == pytest.approx(bits, abs=1e-6)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_witness_is_never_easier_to_guess(one: float, other: float) -> None:
    assert guess_of_witness(max(one, other)) <= guess_of_witness(min(one, other))


def test_the_bb84_states_reach_the_full_witness_and_a_classical_bit_none() -> None:
    quantum = np.array([[1, 0.5], [0, 0.5], [0.5, 1], [0.5, 0]])
    assert witness(quantum) == pytest.approx(1)
    shots = np.full((4, 2), 10**7)
    claim = dimension_witness(np.rint(quantum * shots).astype(int), shots)
    assert 0.19 < claim.bits_per_sample < 0.228447
    same = np.array([[1, 1], [0, 0], [1, 1], [0, 0]]) * 10**7
    with pytest.raises(EntropyError, match="no min-entropy"):
        dimension_witness(same, shots)


def test_a_witness_beyond_a_qubit_is_refused() -> None:
    two_bits = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]) * 10**6
    with pytest.raises(EntropyError, match="more than one qubit"):
        dimension_witness(two_bits, np.full((4, 2), 10**6))
    with pytest.raises(ParameterError):
        dimension_witness([[1, 2]], [[3, 4]])


def test_a_classical_bit_passes_no_more_often_than_the_error_says() -> None:
    """A message of one classical bit has W = 0, whatever the probabilities; all of its outcomes may be known."""
    from scipy.stats import binomtest

    rng = np.random.default_rng(4)
    shots = np.full((4, 2), 300)
    passed = {"claim": 0, "point": 0}
    for _ in range(1000):
        message, responses = rng.random(4), rng.random((2, 2))
        p = responses[0] + message[:, None] * (responses[1] - responses[0])
        ones = rng.binomial(shots, p)
        passed["point"] += witness(ones / shots) > 0.01
        try:
            dimension_witness(ones, shots, math.log2(0.05))
            passed["claim"] += 1
        except EntropyError:
            pass
    assert binomtest(passed["claim"], 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(passed["point"], 1000, 0.05, "greater").pvalue < 1e-6


# Homodyne


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 12), st.floats(2, 6), st.floats(0.001, 0.5), st.floats(0, 0.3))
def test_more_classical_noise_never_raises_the_claim(bits: int, span: float, dark: float, more: float) -> None:
    def value(bound, noise: float) -> float:
        try:
            return bound(bits, span, 1 + noise, noise).bits_per_sample
        except EntropyError:
            return 0.0

    for bound in (homodyne, homodyne_worst_case):
        assert value(bound, dark + more) <= value(bound, dark) + 1e-9
    # the average reaches beyond the five standard deviations that the worst case stops at
    assert value(homodyne_worst_case, dark) <= value(homodyne, dark) + 1e-6


def test_an_adversary_who_knows_the_classical_noise_guesses_no_better_than_the_average_says() -> None:
    rng = np.random.default_rng(12)
    bits, span, sigma_e, n = 5, 3.0, 0.4, 200_000
    step = span / 2 ** (bits - 1)
    e = rng.normal(0, sigma_e, n)
    word = np.clip(np.rint((e + rng.normal(0, 1, n)) / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    centre = np.clip(np.rint(e / step), low, high)
    tail_low = 0.5 * np.array([math.erfc((span - step / 2 + x) / math.sqrt(2)) for x in e])
    tail_high = 0.5 * np.array([math.erfc((span - 1.5 * step - x) / math.sqrt(2)) for x in e])
    middle = math.erf(step / (2 * math.sqrt(2)))
    best = np.where(np.maximum(tail_low, tail_high) > middle, np.where(tail_low > tail_high, low, high), centre)
    guessed = float((best == word).mean())
    assert guessed <= average_guess(bits, span, sigma_e) + 5 / math.sqrt(4 * n)
    assert guessed > average_guess(bits, span, sigma_e) - 0.02


@pytest.mark.parametrize(
    ("bits", "decibels", "entropy"),
    [
        (8, None, 7.031),
        (8, 20, 6.934),
        (8, 10, 6.720),
        (8, 0, 6.106),
        (16, None, 14.361),
        (16, 20, 14.282),
        (16, 10, 14.108),
        (16, 0, 13.571),
    ],
)
def test_homodyne_optimised_averages(bits: int, decibels: float | None, entropy: float) -> None:
    """Haw et al. 2015, Table I: quantum to classical noise in dB."""
    sigma_e = 0.0 if decibels is None else 10 ** (-decibels / 20)
    span = best_range(bits, sigma_e=sigma_e)
    assert -math.log2(average_guess(bits, span, sigma_e)) == pytest.approx(entropy, abs=0.002)
    if bits == 8 and decibels is None:
        assert span == pytest.approx(2.454, abs=0.001)


@pytest.mark.parametrize(("bits", "entropy"), [(8, 6.369), (16, 13.892)])
def test_homodyne_worst_cases(bits: int, entropy: float) -> None:
    """e_max = 5 σ_E, 10 dB."""
    noise = 5 * 10**-0.5
    span = best_range(bits, largest_noise=noise)
    assert -math.log2(worst_guess(bits, span, noise)) == pytest.approx(entropy, abs=0.001)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 14), st.floats(1.5, 8), st.floats(0.01, 3))
def test_the_average_lies_between_no_noise_and_the_exact_sum(bits: int, span: float, sigma_e: float) -> None:
    guess = average_guess(bits, span, sigma_e)
    e = np.random.default_rng(bits).normal(0, sigma_e, 2000)
    sampled = np.array([worst_guess(bits, span, x) for x in e])
    assert average_guess(bits, span, 0.0) <= guess + 1e-12
    assert guess <= worst_guess(bits, span, 12 * sigma_e) + 1e-9
    # the sum is an upper one: 24 standard deviations in 4096 panels, each at its larger end
    assert abs(guess - sampled.mean()) <= 5 * sampled.std() / math.sqrt(2000) + 0.01


def test_homodyne_never_exceeds_the_exact_bin_probabilities() -> None:
    """Every bin of the converter, for classical noise all over its range."""
    bits, span = 6, 3.0
    step = span / 2 ** (bits - 1)
    edges = np.concatenate([[-np.inf], -span + step / 2 + step * np.arange(2**bits - 1), [np.inf]])
    for e in np.linspace(-2, 2, 41):
        cdf = np.array([0.5 * math.erfc(-(edge - e) / math.sqrt(2)) for edge in edges])
        assert np.diff(cdf).max() <= worst_guess(bits, span, abs(e)) + 1e-12


def test_homodyne_takes_the_units_of_the_data() -> None:
    span = best_range(8, sigma_e=10**-0.5)
    small, large = (homodyne(8, span * unit, 1.1 * unit**2, 0.1 * unit**2) for unit in (0.001, 700.0))
    assert small.bits_per_sample == pytest.approx(large.bits_per_sample)
    assert small.bits_per_sample == pytest.approx(6.720, abs=0.002)
    assert homodyne_worst_case(8, span, 1.1, 0.1).bits_per_sample < small.bits_per_sample
    assert small.bits_per_symbol == 8
    with pytest.raises(EntropyError):
        homodyne_worst_case(8, 0.5, 1.1, 1.0)
    for bad in ((8, 1.0, 0.1, 0.1), (8, 0.0, 1.0, 0.1), (0, 1.0, 1.0, 0.1), (8, 1.0, math.nan, 0.1)):
        with pytest.raises(ParameterError):
            homodyne(*bad)


# Arrival time and parity


def test_arrival_time_worked_value() -> None:
    assert arrival_time(0.1, 256).bits_per_sample == pytest.approx(7.9287, abs=5e-5)


@given(st.floats(0.001, 20), st.integers(1, 12), st.floats(0, 0.9), st.floats(0, 0.09))
def test_more_light_or_dead_time_makes_arrivals_easier_to_guess(
    mean: float, width: int, dead: float, more: float
) -> None:
    base = guess_of_arrival(mean, 2**width, dead)
    assert guess_of_arrival(mean * (1 + more), 2**width, dead) >= base - 1e-12
    assert guess_of_arrival(mean, 2**width, dead + more) >= base - 1e-12
    assert base >= 2**-width - 1e-12


def test_arrival_bins_of_a_simulated_detector_are_guessed_no_better() -> None:
    rng = np.random.default_rng(0)
    mean, bins, dead = 2.0, 16, 0.3
    closed = rng.uniform(0, dead, 400_000)
    times = closed + rng.exponential(1 / mean, closed.size)
    found = np.bincount((times[times < 1] * bins).astype(int), minlength=bins)
    share = found.max() / found.sum()
    assert share <= guess_of_arrival(mean, bins, dead) + 5 * math.sqrt(share / found.sum())


@pytest.mark.parametrize(("mean", "bins", "dead"), [(0, 4, 0), (1, 1, 0), (1, 6, 0), (1, 4, 1), (math.inf, 4, 0)])
def test_impossible_arrivals_are_refused(mean: float, bins: int, dead: float) -> None:
    with pytest.raises(ParameterError):
        arrival_time(mean, bins, dead)


def test_poisson_parity_worked_value() -> None:
    assert poisson_parity(1).bits_per_sample == pytest.approx(0.81688, abs=5e-6)


@given(st.floats(0.01, 8), st.floats(0, 2))
def test_more_light_makes_the_parity_no_easier_to_guess_without_dead_time(mean: float, more: float) -> None:
    assert guess_of_parity(mean + more) <= guess_of_parity(mean)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 6), st.floats(0, 0.5))
def test_a_dead_time_never_makes_the_parity_harder_to_guess_than_a_coin(mean: float, dead: float) -> None:
    assert 0.5 <= guess_of_parity(mean, dead) <= 1


def test_parity_with_dead_time_is_the_limit_of_no_dead_time() -> None:
    for mean in (0.3, 1.0, 4.0):
        assert guess_of_parity(mean, 1e-7) == pytest.approx(guess_of_parity(mean), abs=1e-5)


def test_parity_counts_of_a_simulated_detector_are_guessed_no_better() -> None:
    rng = np.random.default_rng(1)
    mean, dead, windows = 6.0, 0.15, 100_000
    for closed in (0.0, 0.07, 0.15):
        waits = rng.exponential(1 / mean, (windows, 60))
        times = closed + np.cumsum(waits, axis=1) + dead * np.arange(60)
        odd = ((times < 1).sum(axis=1) % 2).mean()
        assert max(odd, 1 - odd) <= guess_of_parity(mean, dead) + 5 / math.sqrt(4 * windows)


def test_a_saturated_counter_is_predictable() -> None:
    """With so much light every window holds the same number but for the state at its start."""
    with pytest.raises(EntropyError):
        poisson_parity(1e6, 0.3)
    for bad in ((0, 0), (1, 1), (math.nan, 0)):
        with pytest.raises(ParameterError):
            poisson_parity(*bad)
