"""A known test pattern is named soon after as many bits as its register has; sources inside the claim are let be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, HealthFailure, ParameterError
from qrng.health import Gate, Setting, State
from qrng.health.base import Piece
from qrng.health.prbs import KnownPatternTest
from qrng.health.prbs import tests as prbs_tests
from qrng.health.registry import build

Bits = npt.NDArray[np.uint8]

PATTERNS = {
    7: (7, 6), 9: (9, 5), 10: (10, 7), 11: (11, 9), 13: (13, 12, 2, 1), 15: (15, 14), 17: (17, 14), 20: (20, 3),
    23: (23, 18), 29: (29, 27), 31: (31, 28),
}  # fmt: skip
"""Powers of x as the standards have them: those of the bits whose sum the next bit is."""

PRIMES = {
    7: (127,), 9: (7, 73), 10: (3, 11, 31), 11: (23, 89), 13: (8191,), 15: (7, 31, 151), 17: (131071,),
    20: (3, 5, 11, 31, 41), 23: (47, 178481), 29: (233, 1103, 2089), 31: (2147483647,),
}  # fmt: skip
"""Of 2^n - 1."""


def lags(size: int, *, backwards: bool) -> tuple[int, ...]:
    powers = PATTERNS[size]
    return (size, *(size - power for power in powers[1:])) if backwards else powers


def pattern(n: int, taps: tuple[int, ...], inverted: int = 0, seed: int = 1, flipped: float = 0.0) -> Bits:
    """Bits of a test pattern from a register with anything in it, some of them sent wrong."""
    rng = np.random.default_rng([seed, *taps])
    sent = [1, *rng.integers(0, 2, max(taps) - 1)]
    while len(sent) < n + max(taps):
        sent.append(sum(sent[-t] for t in taps) % 2)
    return np.array(sent[max(taps) :], np.uint8) ^ np.uint8(inverted) ^ (rng.random(n) < flipped)


def fair(n: int, seed: int) -> Bits:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def first_alarm(test: KnownPatternTest, stream: Bits, first: int = 0) -> int | None:
    return test.update(Piece(Samples.from_symbols(stream, first=first)), first)


@pytest.mark.parametrize("size", PATTERNS)
def test_the_registers_have_the_longest_period_that_there_is(size: int) -> None:
    polynomial = 1 | sum(1 << power for power in PATTERNS[size])

    def power_of_x(exponent: int) -> int:
        out = 1
        for digit in bin(exponent)[2:]:
            square = sum(1 << 2 * i for i in range(size) if out >> i & 1) << (digit == "1")
            for i in range(2 * size, size - 1, -1):
                square ^= polynomial << (i - size) if square >> i & 1 else 0
            out = square
        return out

    period = (1 << size) - 1
    assert power_of_x(period) == 1
    assert all(power_of_x(period // prime) != 1 for prime in PRIMES[size])
    left = period
    for prime in PRIMES[size]:
        while left % prime == 0:
            left //= prime
    assert left == 1


@pytest.mark.parametrize("inverted", [0, 1])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("size", PATTERNS)
def test_each_pattern_is_found_and_named(size: int, backwards: bool, inverted: int) -> None:
    onset = 3000 + 37 * size
    taps = lags(size, backwards=backwards)
    stream = np.concatenate([fair(onset, size), pattern(500, taps, inverted)])
    test = KnownPatternTest(Setting.of(1, 1, 1.0))
    at = first_alarm(test, stream)
    assert at is not None
    assert onset + size < at < onset + 100
    alarm = test.alarm(at)
    marks = ", reversed" * backwards + ", inverted" * inverted
    assert (alarm.test, alarm.lane, alarm.detail) == ("prbs", None, f"test pattern PRBS{size}{marks}")
    assert abs(alarm.onset_estimate - onset) <= 30


def test_the_longest_is_found_within_75_bits_by_all_tests_together() -> None:
    delays = []
    for seed in range(21):
        stream = np.concatenate([fair(4000 + seed, seed), pattern(400, (31, 28), seed % 2, seed)])
        piece = Piece(Samples.from_symbols(stream))
        hits = [test.update(piece, 0) for test in build(Setting.of(1, 1, 1.0, run_length_log2=30))]
        delays.append(min(at for at in hits if at is not None) + 1 - 4000 - seed)
    assert sorted(delays)[10] <= 75


@pytest.mark.parametrize(("flipped", "within"), [(0.01, 150), (0.05, 700), (0.1, 8000)])
def test_a_pattern_with_errors_in_it_is_found(flipped: float, within: int) -> None:
    delays = []
    for seed in range(11):
        stream = np.concatenate([fair(4000, seed), pattern(60_000, (23, 18), 1, seed, flipped)])
        test = KnownPatternTest(Setting.of(1, 1, 1.0, run_length_log2=30))
        at = first_alarm(test, stream)
        assert at is not None
        delays.append(at + 1 - 4000)
        assert (test.alarm(at).detail or "").startswith("test pattern PRBS23, inverted")
    assert sorted(delays)[5] < within


def test_alarms_do_not_depend_on_how_the_stream_is_cut() -> None:
    stream = np.concatenate([fair(70_000, 3), pattern(300, (29, 27), 1)])
    setting = Setting.of(1, 1, 1.0)
    whole = KnownPatternTest(setting)
    expected = first_alarm(whole, stream)
    assert expected is not None
    for seed in range(5):
        rng, cut, at = np.random.default_rng(seed), KnownPatternTest(setting), 0
        while True:
            take = int(rng.integers(1, (5, 100, 1000, 5000, 50_000)[seed]))
            hit = first_alarm(cut, stream[at : at + take], at)
            if hit is not None:
                break
            at += take
        assert at + hit == expected
        assert cut.alarm(at + hit) == whole.alarm(expected)


@pytest.mark.parametrize("claim", [1.0, 0.6, 0.2])
@pytest.mark.parametrize(("size", "backwards", "inverted"), [(7, False, 0), (13, True, 1), (31, False, 1)])
def test_false_alarms_stay_within_the_bound_even_for_a_source_that_plays_as_its_claim_allows(
    size: int, backwards: bool, inverted: int, claim: float
) -> None:
    # Each bit is the pattern's with probability 2^-claim: the null's worst source for these bets.
    n, runs, taps = 1 << 12, 100, lags(size, backwards=backwards)
    rng = np.random.default_rng([size, int(10 * claim)])
    streams = rng.integers(0, 2, (n, runs), dtype=np.uint8)
    wrong = rng.random((n, runs)) >= 2.0**-claim
    for t in range(size, n):
        streams[t] = np.bitwise_xor.reduce([streams[t - k] for k in taps]) ^ np.uint8(inverted) ^ wrong[t]
    setting = Setting.of(1, 1, claim, run_length_log2=15)
    alarms = sum(first_alarm(KnownPatternTest(setting), stream) is not None for stream in streams.T)
    assert alarms <= 25  # P(alarm) <= 2^12 / 2^15 a run; a binomial of mean 12.5 exceeds 25 with probability < 0.001


def test_fair_bits_leave_little_evidence() -> None:
    for seed in range(4):
        test = KnownPatternTest(Setting.of(1, 1, 1.0))
        assert first_alarm(test, fair(1 << 18, seed)) is None
        assert test.leader().total < 1 << 18


def test_it_resumes_from_what_it_saved() -> None:
    setting = Setting.of(1, 1, 1.0)
    stream = np.concatenate([fair(10_000, 6), pattern(200, (15, 14), 1)])
    one, two = KnownPatternTest(setting), KnownPatternTest(setting)
    for test in (one, two):
        assert first_alarm(test, stream[:10_040]) is None
    saved = two.save()
    two = KnownPatternTest(setting)
    two.restore(saved)
    ends = [first_alarm(test, stream[10_040:], 10_040) for test in (one, two)]
    assert ends[0] is not None
    assert ends[0] == ends[1]
    assert one.alarm(10_040 + ends[0]) == two.alarm(10_040 + ends[0])
    for damaged in (b"", saved[:-1], saved + b"0", saved[:9] + b"\0" * 8 + saved[17:], saved[:-40] + b"\xff" * 40):
        with pytest.raises(ParameterError):
            KnownPatternTest(setting).restore(damaged)


def test_the_gate_stops_a_pattern_and_begins_afresh() -> None:
    gate = Gate(1, 4, 1.0)
    bad = np.concatenate([fair(1 << 16, 7), pattern(1000, (31, 28), 1)])
    with pytest.raises(HealthAlarm, match="prbs alarmed"):
        gate.push(Samples.from_symbols(bad, lanes=4))
    assert gate.state is State.INTERMITTENT
    assert gate.alarms[-1].detail == "test pattern PRBS31, inverted"
    gate.restart()
    gate.push(Samples.from_symbols(fair(1 << 17, 8), lanes=4, first=len(bad)))
    assert gate.state is State.OK
    gate.close()
    assert not any(test._owner.any() for test in gate._monitor.tests if isinstance(test, KnownPatternTest))


def test_a_constant_is_left_to_the_repetition_count() -> None:
    stream = np.concatenate([fair(5000, 9), np.zeros(300, np.uint8)])
    hits = {test.name: test.update(Piece(Samples.from_symbols(stream)), 0) for test in build(Setting.of(1, 1, 1.0))}
    found = {name: at for name, at in hits.items() if at is not None}
    assert min(found, key=lambda name: found[name]) == "rct"


def test_wide_symbols_have_none() -> None:
    assert prbs_tests(Setting.of(8, 1, 8.0)) == []
    with pytest.raises((ParameterError, HealthFailure)):
        KnownPatternTest(Setting.of(8, 1, 8.0))
