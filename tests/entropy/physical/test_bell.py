"""CHSH three ways: worked values, real counts, and adversaries without any entanglement."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng.entropy.physical import (
    BellCounts,
    EstimationFactors,
    chsh,
    entropy_accumulation,
    probability_estimation,
)
from qrng.entropy.physical.chsh import TSIRELSON, min_entropy_of_s, pironio_bits
from qrng.entropy.physical.entropy_accumulation import accumulated_bits, entropy_of_win
from qrng.entropy.physical.probability_estimation import behaviours, isotropic
from qrng.errors import EntropyError, ParameterError

# Counts of a superconducting chip (Rigetti), 100,000 shots a pair of settings, outcomes 00, 01, 10, 11.
RIGETTI = {
    "a0b0": [41998, 7712, 8590, 41700],
    "a0b1": [36513, 12554, 7498, 43435],
    "a1b0": [41091, 12469, 9505, 36935],
    "a1b1": [9583, 44280, 35503, 10634],
}
LOG2_1E6 = math.log2(1e-6)


def counts_of(behaviour: np.ndarray, trials: int, seed: int) -> BellCounts:
    """Random settings, then outcomes, of a device with P(ab|xy) = behaviour[x, y, a, b]."""
    flat = np.random.default_rng(seed).multinomial(trials, (behaviour / 4).reshape(16))
    return BellCounts(flat.reshape(2, 2, 2, 2))


@pytest.mark.parametrize(
    ("s", "bits"),
    [(2.2, 0.082515), (2.414, 0.203412), (2.5, 0.267568), (2.7, 0.492781), (TSIRELSON, 1), (2, 0), (-2.5, 0)],
)
def test_min_entropy_of_s(s: float, bits: float) -> None:
    assert min_entropy_of_s(s) == pytest.approx(bits, abs=1e-6)


def test_pironio_worked_value() -> None:
    """n = 3016, S = 2.414, δ = .01: 40.8 bits by the formula (the paper prints 42)."""
    assert pironio_bits(3016, 2.414, math.log2(0.01)) == pytest.approx(40.8, abs=0.05)


def test_entropy_accumulation_worked_values() -> None:
    """S = 2.4291, ε_s = ε_EA = 1e-6."""
    win = 0.5 + 2.4291 / 8
    assert accumulated_bits(400_000, win, LOG2_1E6, LOG2_1E6) == pytest.approx(21_478, abs=1)
    assert accumulated_bits(100_000, win, LOG2_1E6, LOG2_1E6) == 0
    assert accumulated_bits(10_000_000, win, LOG2_1E6, LOG2_1E6) == pytest.approx(3_081_809, abs=1)


def test_probability_estimation_worked_value() -> None:
    """Isotropic device, S = 2.4291, n = 4e5, ε = 1e-6, β = .01: about 168,000 bits."""
    factors = EstimationFactors.train(isotropic(2.4291), 0.01)
    counts = BellCounts(np.rint(400_000 * isotropic(2.4291)).astype(np.int64))
    assert factors.bits(counts, LOG2_1E6) == pytest.approx(168_000, abs=500)


def test_real_counts_have_their_s_and_their_signalling() -> None:
    counts = BellCounts.from_settings(RIGETTI)
    assert counts.s == pytest.approx(2.4291, abs=1e-9)
    assert counts.win == pytest.approx(0.80364, abs=5e-6)
    assert counts.worst_signalling() == pytest.approx(4.8, abs=0.05)
    assert set(counts.signalling()) == {"a0", "a1", "b0", "b1"}


def test_real_counts_give_three_certificates() -> None:
    counts = BellCounts.from_settings(RIGETTI)
    factors = EstimationFactors.plan(isotropic(2.4291), counts.trials, -20)
    claims = [
        chsh(counts, -20, threshold=2.429),
        entropy_accumulation(counts, -20, threshold=0.8036),
        probability_estimation(counts, factors, -20),
    ]
    pironio, accumulated, estimated = (claim.bits_per_sample * counts.trials for claim in claims)
    assert 60_000 < pironio < 70_480
    assert 18_000 < accumulated < 21_478
    assert 150_000 < estimated < 185_000
    assert chsh(counts, -20).bits_per_sample < claims[0].bits_per_sample
    for certify, threshold in ((chsh, 2.43), (entropy_accumulation, 0.8037)):
        with pytest.raises(EntropyError, match="does not reach"):
            certify(counts, -20, threshold=threshold)
    for claim in claims:
        assert (claim.bits_per_symbol, claim.log2_error) == (2, -20)
        assert "no crosstalk assumed" in claim.assumptions[0]
        assert "z-score 4.8" in claim.assumptions[1]


def test_the_golden_counts_are_these(test_data: Path) -> None:
    golden = json.loads((test_data / "golden" / "chsh_rigetti.json").read_text())["counts"]
    assert golden == RIGETTI


def test_signalling_and_more_than_quantum_are_refused() -> None:
    counts = BellCounts.from_settings(RIGETTI)
    with pytest.raises(EntropyError, match=r"the marginals signal: z = 4\.8, more than 4"):
        chsh(counts, -20, limit=4)
    box = np.where(np.equal(*np.broadcast_arrays(*xor_and())), 0.5, 0.0)
    with pytest.raises(EntropyError, match="exceeds 2√2"):
        entropy_accumulation(counts_of(box, 10_000, 0), -20)


def xor_and() -> tuple[np.ndarray, np.ndarray]:
    x, y, a, b = np.indices((2, 2, 2, 2))
    return a ^ b, x & y


def test_the_extreme_points_are_behaviours_within_tsirelsons_bound() -> None:
    points = behaviours()
    assert points.shape == (80, 2, 2, 2, 2)
    assert len({tuple(np.rint(1e6 * point.reshape(-1)).astype(int)) for point in points}) == 80
    assert np.allclose(points.sum(axis=(3, 4)), 1) and (points >= 0).all()
    assert np.allclose(points.sum(axis=4)[:, :, 0], points.sum(axis=4)[:, :, 1])  # P(a|x) without y
    assert np.allclose(points.sum(axis=3)[:, 0], points.sum(axis=3)[:, 1])
    left, right = xor_and()
    s = ((left == right) * points).sum(axis=(1, 2, 3, 4)) * 2 - 4
    assert s.max() == pytest.approx(TSIRELSON) and s.min() == pytest.approx(-TSIRELSON)


@settings(max_examples=30, deadline=None)
@given(st.floats(2.0, 2.8), st.floats(0.001, 0.3), st.integers(0, 2**32))
def test_factors_are_valid_for_every_mixture(s: float, power: float, seed: int) -> None:
    factors = EstimationFactors.train(isotropic(s), power)
    weights = np.random.default_rng(seed).dirichlet(np.full(80, 0.1))
    sigma = np.tensordot(weights, behaviours(), 1)
    assert (0.25 * sigma ** (1 + power) * factors.factors).sum() <= 1 + 1e-12


@given(st.floats(2.0, TSIRELSON), st.floats(0, 0.1), st.integers(1000, 10**8), st.floats(-100, -1))
def test_bell_bounds_rise_with_s_and_fall_with_less_error(s: float, more: float, n: int, error: float) -> None:
    higher = min(s + more, TSIRELSON)
    assert min_entropy_of_s(higher) >= min_entropy_of_s(s)
    assert pironio_bits(n, higher, error) >= pironio_bits(n, s, error) >= pironio_bits(n, s, error - 1)
    win, better = 0.5 + s / 8, 0.5 + higher / 8
    assert entropy_of_win(better) >= entropy_of_win(win)
    bits = accumulated_bits(n, win, error, error)
    assert accumulated_bits(n, better, error, error) >= bits - 1e-6 * n
    assert accumulated_bits(n, win, error - 1, error) <= bits + 1e-6 * n


def test_impossible_parameters_are_refused() -> None:
    for call in (
        lambda: min_entropy_of_s(3.0),
        lambda: entropy_of_win(0.9),
        lambda: BellCounts(np.zeros((2, 2, 2, 2), np.int64)),
        lambda: BellCounts(np.ones((2, 2), np.int64)),
        lambda: BellCounts.from_settings({"a0b0": [1, 2, 3, 4]}),
        lambda: EstimationFactors.train(isotropic(2.5), 0),
        lambda: chsh(BellCounts.from_settings(RIGETTI), 0),
    ):
        with pytest.raises(ParameterError):
            call()


def classical(runs: int, trials: int, certify) -> int:
    """Runs in which a device of fixed answers, which an adversary knows, is certified to be random at all."""
    points = behaviours()[:16]
    best = points[[i for i, point in enumerate(points) if (point * np.equal(*xor_and())).sum() == 3]]
    rng = np.random.default_rng(8)
    count = 0
    for _ in range(runs):
        settings = rng.multinomial(trials, np.full(4, 0.25))
        strategy = best[rng.integers(len(best))]
        counts = BellCounts((strategy * settings.reshape(2, 2, 1, 1)).astype(np.int64))
        try:
            count += certify(counts).bits_per_sample > 0
        except EntropyError:
            continue
    return count


def test_fixed_answers_are_certified_no_more_often_than_the_error_says() -> None:
    """The winning share of fixed answers fluctuates around 3/4: the sharpest test of a finite-size term."""
    from scipy.stats import binomtest

    epsilon = math.log2(0.05)
    factors = EstimationFactors.train(isotropic(2.3), 0.05)
    for certify in (
        lambda counts: chsh(counts, epsilon, limit=None),
        lambda counts: entropy_accumulation(counts, epsilon, limit=None),
        lambda counts: probability_estimation(counts, factors, epsilon, limit=None),
    ):
        assert binomtest(classical(1000, 2000, certify), 1000, 0.05, "greater").pvalue > 0.01

    def wrong(counts: BellCounts):
        if counts.s <= 2:
            raise EntropyError("none")
        return type("Claim", (), {"bits_per_sample": min_entropy_of_s(counts.s)})

    assert binomtest(classical(200, 2000, wrong), 200, 0.05, "greater").pvalue < 1e-6


def test_a_mixed_device_is_never_certified_beyond_its_guessing_probability() -> None:
    """The adversary knows which trials are quantum; there a pair of outcomes is guessed with (2 + √2) / 8."""
    left, right = xor_and()
    quantum = np.where(left == right, (2 + math.sqrt(2)) / 8, (2 - math.sqrt(2)) / 8)
    local = behaviours()[[i for i, p in enumerate(behaviours()[:16]) if (p * (left == right)).sum() == 3]]
    factors = EstimationFactors.train(isotropic(2.6), 0.02)
    rng = np.random.default_rng(2)
    for run in range(60):
        share = rng.uniform(0.5, 1)
        behaviour = share * quantum + (1 - share) * local[rng.integers(len(local))]
        counts = counts_of(behaviour, 200_000, run)
        true = share * -math.log2((2 + math.sqrt(2)) / 8)
        for certify in (chsh, entropy_accumulation, lambda c, e: probability_estimation(c, factors, e)):
            try:
                claim = certify(counts, -20)
            except EntropyError:
                continue
            assert claim.bits_per_sample <= true
