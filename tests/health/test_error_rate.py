"""A claimed error rate: exceeded, it is found about as soon as anything could; kept, it stays silent."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.errors import HealthAlarm, ParameterError
from qrng.health.error_rate import ErrorRateTest

ODDS = (1.05, 1.1, 1.15, 1.25, 1.4, 1.6, 2, 2.5, 3, 4, 6, 9, 15, 30, 100, 1000)


def plain(errors: list[int], rate: float) -> float:
    """log2 of the mean of the detectors, step by step."""
    total = 0.0
    for r in ODDS:
        q, m = r * rate / (1 - rate + r * rate), 0.0
        for error in errors:
            m = (m + 1) * (q / rate if error else (1 - q) / (1 - rate))
        total += m
    return math.log2(total / len(ODDS))


@given(st.lists(st.integers(0, 1), min_size=1, max_size=80), st.floats(0.001, 0.9), st.integers(0, 80))
def test_the_evidence_is_that_of_its_definition_however_cut(errors: list[int], rate: float, cut: int) -> None:
    test = ErrorRateTest(rate, run_length_log2=256)
    test.update(errors[:cut])
    test.update(errors[cut:])
    assert test.evidence == pytest.approx(plain(errors, rate), rel=1e-9, abs=1e-9)
    assert test.seen == len(errors)


@pytest.mark.parametrize(("claimed", "true"), [(0.05, 0.08), (0.11, 0.25), (0.1464, 0.25), (0.001, 0.01)])
def test_an_exceeded_rate_is_found_near_the_least_possible_delay(claimed: float, true: float) -> None:
    # Lorden's limit: log2(run length) / divergence of the true rate from the claimed one.
    divergence = true * math.log2(true / claimed) + (1 - true) * math.log2((1 - true) / (1 - claimed))
    delays, onsets = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        stream = np.concatenate([rng.random(5000) < claimed / 2, rng.random(1 << 15) < true])
        test = ErrorRateTest(claimed, run_length_log2=30)
        with pytest.raises(HealthAlarm, match="exceeded"):
            test.update(stream)
        (alarm,) = test.alarms
        delays.append(alarm.at_sample - 5000)
        assert alarm.log2_evidence is not None
        assert alarm.log2_evidence >= 30
        onsets.append(alarm.onset_estimate)
    assert abs(np.median(onsets) - 5000) < 15 / divergence
    assert np.median(delays) <= 1.5 * 30 / divergence


def test_false_alarms_at_the_claimed_rate_stay_within_the_bound() -> None:
    alarms = 0
    for seed in range(100):
        test = ErrorRateTest(0.05, run_length_log2=16)
        try:
            test.update(np.random.default_rng(seed).random(1 << 13) < 0.05)  # P(alarm) <= 2^13 / 2^16
        except HealthAlarm:
            alarms += 1
    assert alarms <= 25  # a binomial of mean 12.5 exceeds that with probability below 0.001


def test_a_rate_below_the_claim_leaves_no_evidence() -> None:
    test = ErrorRateTest(0.1)
    test.update(np.random.default_rng(1).random(1 << 18) < 0.05)
    assert test.evidence < 10


def test_nothing_passes_after_an_alarm() -> None:
    test = ErrorRateTest(0.01)
    with pytest.raises(HealthAlarm):
        test.update(np.ones(100, bool))
    for _ in range(2):
        with pytest.raises(HealthAlarm, match=r"claimed error rate of 0\.01"):
            test.update(np.zeros(100_000, bool))
    assert len(test.alarms) == 1


def test_what_is_no_indicator_or_no_rate_is_refused() -> None:
    for rate in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(ParameterError, match="error rate"):
            ErrorRateTest(rate)
    with pytest.raises(ParameterError, match="run length"):
        ErrorRateTest(0.1, 9)
    test = ErrorRateTest(0.1)
    for bad in ([0, 2], [[0, 1]], [0.5]):
        with pytest.raises(ParameterError, match="0 and 1"):
            test.update(bad)
    assert test.seen == 0
