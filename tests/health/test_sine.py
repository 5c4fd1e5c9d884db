"""A bias that swings is found near the limit, whatever its phase; sources inside the claim are left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.health import Setting
from qrng.health.base import Piece
from qrng.health.sine import SineTest
from qrng.health.sine import tests as sine_tests


def swinging(n: int, period: float, size: float, seed: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    phase = np.arange(n) / period + rng.random()
    return (rng.random(n) < 0.5 + size * np.sin(2 * np.pi * phase)).astype(np.uint8)


def first_alarm(test: SineTest, bits: npt.NDArray[np.uint8]) -> int | None:
    return test.update(Piece(Samples.from_symbols(bits)), 0)


@pytest.mark.parametrize(
    ("period", "size"), [(70, 0.1), (130, 0.1), (300, 0.1), (600, 0.1), (1000, 0.1), (5000, 0.1), (15_000, 0.06)]
)
def test_a_swing_is_found_within_seven_quarters_of_the_limit(period: float, size: float) -> None:
    angle = np.arange(1000) / 1000 * 2 * np.pi
    p = 0.5 + size * np.sin(angle)
    limit = 30 / float(np.mean(1 + p * np.log2(p) + (1 - p) * np.log2(1 - p)))
    delays = []
    for seed in range(11):
        test = SineTest(Setting.of(1, 1, 1.0, run_length_log2=30))
        at = first_alarm(test, swinging(1 << 16, period, size, seed))
        delays.append(1 << 16 if at is None else at)
    assert sorted(delays)[5] < 1.75 * limit


@pytest.mark.parametrize("period", [80, 300, 1000])
def test_the_period_is_named(period: int) -> None:
    test = SineTest(Setting.of(1, 1, 1.0, run_length_log2=30))
    at = first_alarm(test, swinging(1 << 16, period, 0.08, 1))
    assert at is not None
    detail = test.alarm(at).detail
    assert detail is not None
    assert detail.startswith("bias that swings with a period of about ")
    assert 0.85 < int(detail.split()[-2]) / period < 1.15


@pytest.mark.parametrize("period", [800, 128])
@pytest.mark.parametrize("claim", [1.0, 0.9, 0.5])
def test_false_alarms_stay_within_the_bound_for_a_source_that_swings_as_its_claim_allows(
    claim: float, period: int
) -> None:
    n, alarms = 1 << 14, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        side = np.sin(2 * np.pi * np.arange(n) / period) > 0
        bits = (rng.random(n) < 2.0**-claim) == side
        test = SineTest(Setting.of(1, 1, claim, run_length_log2=17))  # P(alarm) <= 2^14 / 2^17 a run
        alarms += first_alarm(test, bits.astype(np.uint8)) is not None
    assert alarms <= 18  # a binomial of mean 7.5 exceeds that with probability below 0.001


@pytest.mark.parametrize("period", [900, 200])
def test_it_resumes_from_what_it_saved(period: int) -> None:
    setting, bits = Setting.of(1, 1, 1.0, run_length_log2=40), swinging(1 << 15, period, 0.1, 3)
    whole, first, second = SineTest(setting), SineTest(setting), SineTest(setting)
    at = first_alarm(whole, bits)
    assert at is not None
    cut = 1011
    assert first_alarm(first, bits[:cut]) is None
    second.restore(first.save())
    rest = second.update(Piece(Samples.from_symbols(bits[cut:])), cut)
    assert rest == at - cut
    assert second.alarm(at) == whole.alarm(at)


def test_wide_symbols_have_none() -> None:
    assert sine_tests(Setting.of(8, 1, 8.0)) == []


def test_a_short_swing_at_a_claim_below_one_bit_is_found_where_it_exceeds_the_claim() -> None:
    g = 2.0**-0.9
    n = 1 << 15
    rng = np.random.default_rng(5)
    swing = np.sin(2 * np.pi * np.arange(n) / 200)
    inside, outside = (g - 0.5) * 0.95, (g - 0.5) * 4
    for size, found in ((inside, False), (outside, True)):
        bits = (rng.random(n) < 0.5 + size * swing).astype(np.uint8)
        test = SineTest(Setting.of(1, 1, 0.9, run_length_log2=40))
        assert (first_alarm(test, bits) is not None) == found
