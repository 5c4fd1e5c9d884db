"""Rules that no parity of few bits follows are learned and found; sources inside the claim are left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, ParameterError
from qrng.health import Gate, Setting
from qrng.health.base import Piece
from qrng.health.context import EVERY, LOOK, ContextTest
from qrng.health.context import tests as context_tests

Bits = npt.NDArray[np.uint8]


def fair(n: int, seed: int) -> Bits:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def nonlinear(n: int, p: float, seed: int) -> Bits:
    """A sum of products of the last eleven bits with probability p, of which each parity of three says at most 1/16."""
    out, flips = fair(n, seed), np.random.default_rng(seed + 1).random(n) >= p
    for t in range(11, n):
        x = out[t - 11 : t][::-1]
        out[t] = x[10] ^ x[8] ^ (x[0] & x[1]) ^ (x[2] & x[3]) ^ (x[4] & x[5]) ^ (x[6] & x[7]) ^ flips[t]
    return out


def echoed(n: int, lag: int, p: float, seed: int) -> Bits:
    out, flips = fair(n, seed), np.random.default_rng(seed + 1).random(n) >= p
    for t in range(lag, n):
        out[t] = out[t - lag] ^ flips[t]
    return out


def first_alarm(test: ContextTest, bits: Bits, first: int = 0, lanes: int = 1) -> int | None:
    return test.update(Piece(Samples.from_symbols(bits, lanes=lanes, first=first)), first)


@pytest.mark.parametrize("claim", [1.0, 0.9])
def test_a_nonlinear_rule_is_found_on_every_bit_and_named(claim: float) -> None:
    bits = np.concatenate([fair(10_000, 1), nonlinear(20_000, 0.85, 2)])
    test = ContextTest(Setting.of(1, 1, claim), LOOK)
    at = first_alarm(test, bits)
    assert at is not None
    assert 10_000 < at < 18_000
    alarm = test.alarm(at)
    assert (alarm.test, alarm.lane) == ("context", None)
    assert alarm.detail is not None
    assert alarm.detail.startswith("foretold, among others, by ")
    assert 10_000 - 500 < alarm.onset_estimate < at


def test_an_echo_with_noise_is_found_soon_after_its_lag() -> None:
    test = ContextTest(Setting.of(1, 1, 1.0, run_length_log2=30), LOOK)
    at = first_alarm(test, echoed(1 << 16, 20_001, 0.8, 3))
    assert at is not None
    assert 20_001 < at < 20_001 + 8192
    assert test.alarm(at).detail == "foretold, among others, by what came when the last 20 stood before"


def test_a_fault_that_lasts_is_found_in_one_of_the_default_s_looks() -> None:
    test = ContextTest(Setting.of(1, 1, 1.0))
    assert first_alarm(test, fair(EVERY // 2, 4)) is None
    bits = nonlinear(EVERY, 0.9, 5)
    at = first_alarm(test, bits, EVERY // 2)
    assert at is not None
    assert EVERY // 2 < at < EVERY // 2 + 2 * LOOK


def test_a_gate_can_be_told_to_watch_every_bit() -> None:
    bits = np.concatenate([fair(1 << 14, 6), nonlinear(1 << 15, 0.8, 7)])
    gate = Gate(1, 1, 1.0, every_bit=True)
    with pytest.raises(HealthAlarm, match="context alarmed"):
        gate.push(Samples.from_symbols(bits))
    assert gate.alarms[0].at_sample < (1 << 14) + 9000
    assert Gate(1, 1, 1.0).push(Samples.from_symbols(bits[: 1 << 14])) is not None  # else nobody hears it so soon


@pytest.mark.parametrize(("claim", "lanes"), [(1.0, 1), (0.7, 1), (0.3, 8)])
def test_false_alarms_stay_within_the_bound_for_a_source_that_follows_a_rule_as_its_claim_allows(
    claim: float, lanes: int
) -> None:
    n, alarms = 1 << 12, 0
    for seed in range(60):
        bits = nonlinear(n, 2.0**-claim, 100 + 2 * seed)
        test = ContextTest(Setting.of(1, lanes, claim, run_length_log2=15), LOOK)  # P(alarm) <= 2^12 / 2^15 a run
        alarms += first_alarm(test, bits, lanes=lanes) is not None
    assert alarms <= 18  # a binomial of mean 7.5 exceeds that with probability below 0.001


@pytest.mark.parametrize("every", [LOOK, 3 * LOOK])
def test_it_resumes_from_what_it_saved(every: int) -> None:
    setting, bits = Setting.of(1, 1, 1.0), np.concatenate([fair(LOOK, 8), nonlinear(1 << 15, 0.85, 9)])
    whole, first, second = (ContextTest(setting, every) for _ in range(3))
    at = first_alarm(whole, bits)
    assert at is not None
    cut = LOOK + 777
    assert first_alarm(first, bits[:cut]) is None
    saved = first.save()
    second.restore(saved)
    assert first_alarm(second, bits[cut:], cut) == at - cut
    assert second.alarm(at) == whole.alarm(at)
    for damaged in (b"", saved[:-1], saved[:9] + bytes(len(saved) - 9)):
        with pytest.raises(ParameterError):
            second.restore(damaged)


def test_it_is_wiped() -> None:
    test = ContextTest(Setting.of(1, 1, 1.0))
    assert first_alarm(test, fair(10_000, 9)) is None
    test.wipe()
    assert not test._owner.any()


def test_wide_symbols_and_very_many_lanes_have_none_and_less_than_a_look_is_refused() -> None:
    assert context_tests(Setting.of(8, 1, 8.0)) == context_tests(Setting.of(1, 1 << 15, 1.0)) == []
    for width, lanes in ((8, 1), (1, 1 << 15)):
        with pytest.raises(ParameterError, match="one-bit symbols in at most 16384 lanes"):
            Setting.of(width, lanes, 1.0, every_bit=True)
    with pytest.raises(ParameterError, match="no context mixing"):
        ContextTest(Setting.of(1, 1, 1.0), LOOK - 1)
