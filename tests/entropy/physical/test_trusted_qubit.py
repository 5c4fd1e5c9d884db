"""Trusted qubits: the formula, its limits, lanes and groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.entropy.physical import trusted_lanes, trusted_qubit
from qrng.entropy.physical.limits import binary_entropy, lower_limit, share, upper_limit
from qrng.errors import EntropyError, ParameterError
from qrng.formats import open_capture
from qrng.samples import Samples
from qrng.sources.simulator import SimulatorSource


def binomial_cdf(k: int, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


@given(st.integers(1, 60), st.data(), st.floats(-30, -0.5))
def test_the_limit_is_where_the_binomial_tail_meets_the_error(n: int, data: st.DataObject, log2_error: float) -> None:
    k = data.draw(st.integers(0, n - 1))
    limit = upper_limit(k, n, log2_error)
    assert binomial_cdf(k, n, limit) == pytest.approx(2**log2_error, rel=1e-6)
    assert lower_limit(n - k, n, log2_error) == pytest.approx(1 - limit)
    assert upper_limit(n, n, log2_error) == 1.0


def test_limits_work_at_cryptographic_errors() -> None:
    assert 0.5 < upper_limit(50_000, 100_000, -128) < 0.53
    for log2_error in (0.0, 1.0, -2000.0, math.nan):
        with pytest.raises(ParameterError):
            upper_limit(1, 2, log2_error)
    with pytest.raises(ParameterError):
        upper_limit(3, 2, -10)


def test_a_worked_value() -> None:
    """p1 = .5, n = 1e5, p10 = .02, p01 = .01, δ = 1e-6 split over two limits: 0.9221."""
    claim = trusted_qubit(50_000, 100_000, p01=0.01, p10=0.02, log2_error=math.log2(1e-6))
    assert claim.bits_per_sample == pytest.approx(0.9221, abs=5e-5)
    assert claim.log2_error == math.log2(1e-6)
    assert any("exact" in words for words in claim.assumptions)


def test_calibration_by_counts_costs_its_limits() -> None:
    exact = trusted_qubit(50_000, 100_000, 0.01, 0.02)
    counted = trusted_qubit(50_000, 100_000, (100, 10_000), (200, 10_000))
    assert counted.bits_per_sample < exact.bits_per_sample
    assert any("bounded by counts" in words for words in counted.assumptions)


@given(st.integers(0, 2000), st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0, 0.1), st.floats(-100, -5))
def test_more_noise_or_less_error_never_raises_the_claim(
    ones: int, p01: float, p10: float, more: float, log2_error: float
) -> None:
    def value(*args: float) -> float:
        try:
            return trusted_qubit(ones, 2000, *args).bits_per_sample
        except EntropyError:
            return 0.0

    base = value(p01, p10, log2_error)
    assert value(p01 + more, p10, log2_error) <= base
    assert value(p01, p10 + more, log2_error) <= base
    assert value(p01, p10, log2_error - 1) <= base
    assert value(p01, p10, log2_error) <= -math.log2(max(ones, 2000 - ones) / 2000)


def test_a_stuck_qubit_has_nothing() -> None:
    with pytest.raises(EntropyError, match="no min-entropy"):
        trusted_qubit(0, 1000, 0, 0)


def test_lanes_share_the_error_and_add_up() -> None:
    source = SimulatorSource(4, bias=(0, 0.1, -0.1, 0.2), readout_error=0.01, drift=0, crosstalk=0, seed=3)
    samples = source.read(4 * 50_000)
    found = trusted_lanes(samples, 0.01, 0.01, -40)
    assert found.claim.bits_per_sample == pytest.approx(sum(lane.min_entropy for lane in found.lanes) / 4)
    assert "the qubits are independent of each other given the side information" in found.claim.assumptions
    each = share(-40, 4 * 2 + 4 * 2)
    for lane in found.lanes:
        one = trusted_qubit(lane.ones, 50_000, 0.01, 0.01, each + 1)
        assert lane.min_entropy == pytest.approx(one.bits_per_sample)
        assert lane.p1_low < lane.ones / 50_000 < lane.p1_high
    assert found.lanes[0].min_entropy > found.lanes[1].min_entropy > found.lanes[3].min_entropy


def test_a_copied_lane_counts_nothing_in_its_group() -> None:
    rng = np.random.default_rng(0)
    shots = rng.integers(0, 2, (40_000, 3))
    shots[:, 2] = shots[:, 0]
    samples = Samples.from_symbols(shots.reshape(-1), lanes=3)
    alone = trusted_lanes(samples, 0, 0, -30)
    grouped = trusted_lanes(samples, 0, 0, -30, groups=[[2, 0]])
    assert alone.lanes[2].min_entropy > 0.95
    assert grouped.lanes[2].min_entropy == 0
    assert grouped.lanes[0].min_entropy > 0.95 and grouped.lanes[1].min_entropy > 0.95


def test_a_group_takes_the_worst_pattern_before() -> None:
    rng = np.random.default_rng(1)
    first = rng.integers(0, 2, 200_000)
    second = (rng.random(200_000) < np.where(first, 0.7, 0.5)).astype(int)
    samples = Samples.from_symbols(np.stack([first, second], 1).reshape(-1), lanes=2)
    grouped = trusted_lanes(samples, 0, 0, -30, groups=[(0, 1)])
    assert grouped.lanes[1].min_entropy == pytest.approx(-math.log2(0.7), abs=0.03)
    assert grouped.lanes[1].min_entropy < -math.log2(0.7)


@pytest.mark.parametrize(
    "call",
    [
        lambda s: trusted_lanes(Samples.from_symbols([1, 0, 1], lanes=2), 0, 0),
        lambda s: trusted_lanes(Samples.from_symbols([1, 2], 2), 0, 0),
        lambda s: trusted_lanes(s, [0.1], 0),
        lambda s: trusted_lanes(s, 2.0, 0),
        lambda s: trusted_lanes(s, 0, 0, groups=[[0, 1], [1]]),
        lambda s: trusted_lanes(s, 0, 0, groups=[[2]]),
        lambda s: trusted_qubit(3, 2, 0, 0),
        lambda s: trusted_qubit(1, 2, -0.1, 0),
    ],
)
def test_what_does_not_fit_is_refused(call) -> None:
    with pytest.raises(ParameterError):
        call(Samples.from_symbols([1, 0, 1, 1], lanes=2))


def test_no_lane_left_is_an_error() -> None:
    with pytest.raises(EntropyError, match="no lane"):
        trusted_lanes(Samples.from_symbols([0] * 4000, lanes=2), 0, 0)


def test_the_ibm_capture_has_a_bound_in_every_lane(test_data) -> None:
    with open_capture(test_data / "captures" / "ibmquantum_ibm_fez_20260223_122743.json") as capture:
        found = trusted_lanes(capture.read_all(), 0.01, 0.01)
    assert len(found.lanes) == 32
    for lane in found.lanes:
        assert 0.6 < lane.min_entropy < 1


def test_binary_entropy_is_symmetric_and_ends_at_nothing() -> None:
    assert (binary_entropy(0), binary_entropy(1), binary_entropy(0.5)) == (0, 0, 1)
    assert binary_entropy(0.11) == pytest.approx(binary_entropy(0.89))


def violations(runs: int, wrong: bool) -> int:
    """Runs in which the claim exceeds what an adversary who knows each shot's readout leaves unknown."""
    rng = np.random.default_rng(11)
    count = 0
    for _ in range(runs):
        q, p01, p10 = rng.uniform(0.3, 0.7), rng.uniform(0, 0.1), rng.uniform(0, 0.1)
        shots, calibrations = 3000, 2000
        ones = rng.binomial(shots, p01 + q * (1 - p01 - p10))
        flips = [(int(rng.binomial(calibrations, p)), calibrations) for p in (p01, p10)]
        if wrong:  # the observed frequencies as if they were the probabilities
            claim = -math.log2(max(ones / shots + flips[1][0] / 2000, 1 - ones / shots + flips[0][0] / 2000))
        else:
            claim = trusted_qubit(int(ones), shots, *flips, log2_error=math.log2(0.05)).bits_per_sample
        count += claim > -math.log2(p01 + p10 + (1 - p01 - p10) * max(q, 1 - q))
    return count


def test_the_claim_fails_no_more_often_than_its_error_and_a_wrong_one_is_caught() -> None:
    from scipy.stats import binomtest

    assert binomtest(violations(1000, wrong=False), 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(violations(200, wrong=True), 200, 0.05, "greater").pvalue < 1e-6
