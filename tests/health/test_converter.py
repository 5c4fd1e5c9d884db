"""A converter's faults are found in tens of codes and named; a source at its claim is left alone."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, log2, sqrt

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, ParameterError
from qrng.health import Gate, Setting
from qrng.health.base import Piece
from qrng.health.converter import ConverterTest
from qrng.health.converter import tests as converter_tests
from qrng.health.histogram import HistogramTest

Codes = npt.NDArray[np.uint8]
BEFORE = 1 << 14


def first_alarm(test: ConverterTest | HistogramTest, codes: npt.ArrayLike, width: int) -> int | None:
    return test.update(Piece(Samples.from_symbols(codes, width)), 0)


def digitised(values: npt.NDArray[np.float64], width: int = 8) -> Codes:
    return np.clip(np.rint(2 ** (width - 1) - 0.5 + values), 0, 2**width - 1).astype(np.uint8)


def noise(n: int, spread: float, rng: np.random.Generator, width: int = 8) -> Codes:
    return digitised(rng.normal(0, spread, n), width)


def claim_of(spread: float) -> float:
    """Min-entropy of a Gaussian's code: that of its likeliest value, rounded down."""
    return np.floor(-100 * log2(erf(0.5 / (spread * sqrt(2))))) / 100


def predicted(n: int, past: list[float], spread: float, rng: np.random.Generator) -> Codes:
    """Noise of this spread whose innovations are weighed with the samples before."""
    values = rng.normal(0, 1, n)
    for t in range(len(past), n):
        values[t] += sum(a * values[t - 1 - k] for k, a in enumerate(past))
    return digitised(values / values[100:].std() * spread)


def stays(codes: Codes, bit: int, toggles: int = 0) -> Codes:
    """A bit stays as it was, or toggles, from the first code on."""
    mask = np.uint8(1 << bit)
    level = (np.arange(len(codes)) * toggles + (codes[0] >> bit)) & 1
    return (codes & ~mask) | (level.astype(np.uint8) << np.uint8(bit))


def in_turns(n: int, rng: np.random.Generator) -> Codes:
    values = rng.normal(0, 30, n)
    values[1::2] /= 2
    return digitised(values)


FAULTS: dict[str, tuple[Callable[[int, np.random.Generator], Codes], int, str]] = {
    "lowest bit at 0": (lambda n, rng: noise(n, 30, rng) & np.uint8(254), 220, "bit 0 of the code held at 0"),
    "bit 4 at 1": (lambda n, rng: noise(n, 30, rng) | np.uint8(16), 300, "bit 4 of the code held at 1"),
    "bit 2 toggles": (lambda n, rng: stays(noise(n, 30, rng), 2, 1), 220, "bit 2 of the code toggles"),
    "steps of 5": (lambda n, rng: noise(n, 30, rng) // np.uint8(5) * np.uint8(5), 90, "codes in steps of 5"),
    "half the spread": (lambda n, rng: noise(n, 15, rng), 220, "noise about a linear prediction narrower than claimed"),
    "saturated": (lambda n, rng: noise(n, 120, rng), 120, "the lowest or highest code"),
    "ringing": (
        lambda n, rng: predicted(n, [0.8, -0.6], 30, rng),
        1200,
        "noise about a linear prediction narrower than claimed",
    ),
    "one of two slower": (in_turns, 800, "noise narrower than claimed in one code of 2"),
    "a few codes": (lambda n, rng: rng.choice([90, 91, 133, 150, 152], n).astype(np.uint8), 40, "the last codes again"),
    "both lowest lines tied": (
        lambda n, rng: np.where((low := noise(n, 30, rng)) & 3 == 3, low, low & ~np.uint8(3)),
        260,
        "shares of the bits of a code",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_soon_and_named(fault: str) -> None:
    make, most, named = FAULTS[fault]
    delays, details = [], []
    for seed in range(5):
        rng = np.random.default_rng([seed, *fault.encode()])
        test = ConverterTest(Setting.of(8, 1, claim_of(30)))
        at = first_alarm(test, np.concatenate([noise(BEFORE, 30, rng), make(4000, rng)]), 8)
        assert at is not None
        assert at >= BEFORE
        alarm = test.alarm(at)
        assert (alarm.test, alarm.lane) == ("converter", None)
        assert BEFORE - 2000 <= alarm.onset_estimate <= at + 1
        delays.append(at - BEFORE)
        details.append(alarm.detail)
    assert np.median(delays) < most
    assert details.count(named) >= 3


def test_a_bit_that_stays_for_a_while_is_found_though_each_value_is_as_likely_as_before() -> None:
    rng = np.random.default_rng(7)
    codes = noise(4000, 30, rng)
    for t in range(1, len(codes)):
        if rng.random() < 0.95:
            codes[t] = (codes[t] & 0xF7) | (codes[t - 1] & 8)
    stream = np.concatenate([noise(BEFORE, 30, rng), codes])
    test = ConverterTest(Setting.of(8, 1, claim_of(30)))
    at = first_alarm(test, stream, 8)
    assert at is not None
    assert BEFORE < at < BEFORE + 400
    assert test.alarm(at).detail == "bit 3 of the code stays as it was"


def test_a_spread_that_shrinks_is_found_whatever_its_shape() -> None:
    rng = np.random.default_rng(8)
    wide, narrow = rng.uniform(-100, 100, BEFORE), rng.uniform(-75, 75, 4000)
    test = ConverterTest(Setting.of(8, 1, 7.6))
    at = first_alarm(test, digitised(np.concatenate([wide, narrow])), 8)
    assert at is not None
    assert BEFORE < at < BEFORE + 500
    assert test.alarm(at).detail == "a narrower distribution of codes than before"


def test_slow_hum_is_foretold_from_32_codes() -> None:
    rng = np.random.default_rng(9)
    hum = 30 * np.sin(2 * np.pi * np.arange(8000) / 50.3) + rng.normal(0, 30 / sqrt(2), 8000)
    stream = np.concatenate([noise(BEFORE, 30, rng), digitised(hum)])
    at = first_alarm(ConverterTest(Setting.of(8, 1, claim_of(30))), stream, 8)
    assert at is not None
    assert BEFORE < at < BEFORE + 3000


@pytest.mark.parametrize("width", [2, 3, 5, 6])
def test_fewer_bits_have_the_same_faults(width: int) -> None:
    rng = np.random.default_rng(width)
    fair = rng.integers(0, 2**width, BEFORE).astype(np.uint8)
    stuck = rng.integers(0, 2**width, 2000).astype(np.uint8) | np.uint8(1 << (width - 1))
    test = ConverterTest(Setting.of(width, 1, width))
    at = first_alarm(test, np.concatenate([fair, stuck]), width)
    assert at is not None
    assert BEFORE < at < BEFORE + 150
    assert f"bit {width - 1} of the code" in str(test.alarm(at).detail) or width < 4


def likeliest_first(width: int, claim: float, n: int, rng: np.random.Generator) -> Codes:
    """One symbol exactly at the claim, the others alike."""
    return np.where(rng.random(n) < 2.0**-claim, 0, rng.integers(1, 2**width, n)).astype(np.uint8)


def as_many_as_can_be(width: int, claim: float, n: int, rng: np.random.Generator) -> Codes:
    """As many symbols as can be, each exactly at the claim, and others for each symbol before: dependent."""
    base = rng.integers(0, int(2**claim), n)
    return ((np.cumsum(base) + np.arange(n) // 7) % 2**width).astype(np.uint8)


@pytest.mark.parametrize("source", [likeliest_first, as_many_as_can_be])
@pytest.mark.parametrize("width", [2, 4, 8])
def test_false_alarms_at_the_claim_stay_within_the_bound(
    source: Callable[[int, float, int, np.random.Generator], Codes], width: int
) -> None:
    claim, n, alarms = width / 2, 1 << 12, 0
    for seed in range(96):
        codes = source(width, claim, n, np.random.default_rng([seed, width]))
        test = ConverterTest(Setting.of(width, 1, claim, run_length_log2=16))
        alarms += first_alarm(test, codes, width) is not None
    assert alarms <= 15  # P(alarm) <= 2^12 / 2^16 a run; a binomial of mean 6 exceeds 15 with probability < 0.001


def test_healthy_noise_of_many_shapes_is_left_alone() -> None:
    rng = np.random.default_rng(10)
    shapes = {
        "Gaussian": rng.normal(0, 30, 1 << 16),
        "uniform": rng.uniform(-100, 100, 1 << 16),
        "two peaks": rng.choice([-60, 60], 1 << 16) + rng.normal(0, 20, 1 << 16),
        "walk that returns": np.cumsum(rng.normal(0, 40, 1 << 16)) % 200 - 100,
    }
    for name, values in shapes.items():
        codes = digitised(values)
        steps = np.diff(codes.astype(np.int64)) if "walk" in name else codes
        claim = -log2(np.unique(steps, return_counts=True)[1].max() / len(steps)) - 0.05
        assert first_alarm(ConverterTest(Setting.of(8, 1, round(claim, 2))), codes, 8) is None, name


def test_the_gate_runs_it_and_wipes_what_came_before_the_alarm() -> None:
    gate = Gate(8, 1, claim_of(30))
    good = noise(1 << 15, 30, np.random.default_rng(11))
    gate.push(Samples.from_symbols(good, 8))
    bad = Samples.from_symbols(good & np.uint8(0xF7), 8, first=1 << 15)
    with pytest.raises(HealthAlarm, match="converter alarmed"):
        gate.push(bad)
    assert not bad.packed.any()
    assert gate.alarms[-1].detail == "bit 3 of the code held at 0"


def test_a_saved_state_goes_on_and_another_tests_is_refused() -> None:
    rng = np.random.default_rng(12)
    codes = np.concatenate([noise(5001, 30, rng), noise(400, 12, rng)])
    setting = Setting.of(8, 1, claim_of(30))
    whole, before, after = (ConverterTest(setting) for _ in range(3))
    expected = first_alarm(whole, codes, 8)
    assert expected is not None
    assert first_alarm(before, codes[:5017], 8) is None
    after.restore(before.save())
    assert first_alarm(after, codes[5017:], 8) == expected - 5017
    assert (after.evidence(), after.alarm(expected)) == (whole.evidence(), whole.alarm(expected))
    for other in (HistogramTest(setting).save(), before.save()[:-1], before.save()[:9] + bytes(after._bytes)):
        with pytest.raises(ParameterError):
            ConverterTest(setting).restore(other)


def test_bits_and_symbols_wider_than_a_byte_have_none() -> None:
    for width in (1, 9, 16):
        assert converter_tests(Setting.of(width, 1, float(width))) == []


@pytest.mark.parametrize("width", range(2, 9))
def test_streams_without_any_chance_are_found_at_every_claim_and_evidence_stays_a_number(width: int) -> None:
    at = np.arange(6000)
    streams = (at * 0, at * 0 + 2**width - 1, at % 2 * (2**width - 1), at % 2**width)
    for claim in (0.0001, 0.5, width / 2, float(width)):
        for number, codes in enumerate(streams):
            test = ConverterTest(Setting.of(width, 1, claim, run_length_log2=256))
            found = first_alarm(test, codes.astype(np.uint8), width)
            assert 0 <= float(test.leader().total) < np.inf
            assert claim < 0.5 or number == 3 or (found is not None and found < 2000)
