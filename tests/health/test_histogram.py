"""Wide symbols: a distribution that narrows or a value that lingers is found; a source at its claim is left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm
from qrng.health import Gate, Setting
from qrng.health.base import Piece
from qrng.health.histogram import HistogramTest
from qrng.health.histogram import tests as histogram_tests


def first_alarm(test: HistogramTest, symbols: npt.ArrayLike, width: int) -> int | None:
    return test.update(Piece(Samples.from_symbols(symbols, width)), 0)


def adc(n: int, sigma: float, seed: int) -> npt.NDArray[np.uint8]:
    values = np.random.default_rng(seed).normal(127.5, sigma, n)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def claim_of(sigma: float) -> float:
    """Min-entropy of the ADC symbol of a Gaussian: its most likely value."""
    from math import erf, log2, sqrt

    return -log2(erf(0.5 / (sigma * sqrt(2))) if sigma > 0 else 1)


def test_a_narrower_noise_is_found_by_the_distribution() -> None:
    stream = np.concatenate([adc(1 << 15, 30, 1), adc(1 << 15, 20, 2)])
    test = HistogramTest(Setting.of(8, 1, round(claim_of(30), 2)))
    at = first_alarm(test, stream, 8)
    assert at is not None
    assert (1 << 15) < at < (1 << 15) + 6000
    alarm = test.alarm(at)
    assert (alarm.test, alarm.lane, alarm.detail) == ("histogram", None, "distribution of symbols")
    assert alarm.onset_estimate <= at


def test_a_slower_noise_is_found_by_the_differences() -> None:
    steps = np.random.default_rng(3).integers(-8, 9, 1 << 15)
    walk = (np.cumsum(steps) % 256).astype(np.uint8)  # every value equally often
    stream = np.concatenate([np.random.default_rng(4).integers(0, 256, 1 << 15).astype(np.uint8), walk])
    test = HistogramTest(Setting.of(8, 1, 7.5))
    at = first_alarm(test, stream, 8)
    assert at is not None
    assert (1 << 15) < at < (1 << 15) + 2000
    assert test.alarm(at).detail == "distribution of differences"


def test_an_amplifier_that_rings_is_found_by_the_linear_prediction() -> None:
    # Each sample keeps the spread of the healthy one, but most of it is foretold by the two before: an AR(2) process.
    rng, n = np.random.default_rng(5), 1 << 15
    noise, values = rng.normal(0, 1, n), np.zeros(n)
    for t in range(2, n):
        values[t] = 1.2 * values[t - 1] - 0.9 * values[t - 2] + noise[t]
    ringing = np.clip(np.rint(127.5 + 30 * values / values.std()), 0, 255).astype(np.uint8)
    test = HistogramTest(Setting.of(8, 1, round(claim_of(30), 2)))
    at = first_alarm(test, np.concatenate([adc(1 << 15, 30, 6), ringing]), 8)
    assert at is not None
    assert (1 << 15) < at < (1 << 15) + 3000
    assert test.alarm(at).detail == "distribution around a linear prediction"


@pytest.mark.parametrize("width", [2, 4, 8])
def test_false_alarms_of_the_least_favourable_source_stay_within_the_bound(width: int) -> None:
    claim, n, alarms = width / 2, 1 << 13, 0
    for seed in range(48):
        rng = np.random.default_rng(seed)
        common = rng.random(n) < 2.0**-claim  # one symbol exactly at the claim
        others = rng.integers(1, 2**width, n)
        test = HistogramTest(Setting.of(width, 1, claim, run_length_log2=16))
        alarms += first_alarm(test, np.where(common, 0, others).astype(np.uint8), width) is not None
    assert alarms <= 15  # P(alarm) <= 2^13 / 2^16 a run; a binomial of mean 6 exceeds 15 with probability < 0.001


def test_a_full_claim_of_fair_symbols_is_left_alone() -> None:
    for width in (2, 3, 8):
        symbols = np.random.default_rng(width).integers(0, 2**width, 1 << 16)
        assert first_alarm(HistogramTest(Setting.of(width, 1, float(width))), symbols, width) is None


def test_the_gate_runs_it_for_wide_symbols() -> None:
    gate = Gate(8, 1, 8.0)
    assert [test["name"] for test in gate.status()["tests"]] == ["rct", "apt", "histogram", "converter"]
    rng = np.random.default_rng(5)
    likely = rng.permutation(256)[:128]  # half of the codes, those that no fault of a converter would choose
    often = np.where(rng.random(1 << 15) < 0.3, likely[rng.integers(0, 128, 1 << 15)], rng.integers(0, 256, 1 << 15))
    with pytest.raises(HealthAlarm, match="histogram alarmed"):
        gate.push(Samples.from_symbols(often.astype(np.uint8), 8))


def test_bits_and_symbols_wider_than_a_byte_have_none() -> None:
    for width in (1, 9, 16):
        assert histogram_tests(Setting.of(width, 1, float(width))) == []
