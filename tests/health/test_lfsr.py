"""A linear feedback register is caught as soon as a window holds it; sources inside the claim are left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm
from qrng.health import Gate, Setting
from qrng.health.base import Piece
from qrng.health.lfsr import LinearFeedbackTest
from qrng.health.lfsr import tests as lfsr_tests


def register(n: int, *taps: int) -> npt.NDArray[np.uint8]:
    bits = list(np.random.default_rng(taps).integers(0, 2, max(taps)))
    while len(bits) < n:
        bits.append(sum(bits[-t] for t in taps) % 2)
    return np.array(bits[:n], np.uint8)


def fair(n: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


@pytest.mark.parametrize("taps", [(28, 31), (1, 3, 4, 64), (14, 17), (89, 51)])
def test_a_register_is_caught_in_the_second_window_after_its_onset_at_the_latest(taps: tuple[int, ...]) -> None:
    every, window, longest = (96, 96, 40) if max(taps) <= 40 else (4096, 256, 96)
    stream = np.concatenate([fair(5000, 1), register(9000, *taps)])
    test = LinearFeedbackTest(Setting.of(1, 1, 1.0))
    at = test.update(Piece(Samples.from_symbols(stream)), 0)
    assert at is not None
    assert 5000 < at < 5000 + every + window + 96
    alarm = test.alarm(at)
    assert (alarm.test, alarm.detail) == ("lfsr", f"linear feedback register of at most {longest} bits")
    assert abs(alarm.onset_estimate - 5000) <= every + window


def test_the_gate_stops_a_register_that_no_other_test_hears() -> None:
    with pytest.raises(HealthAlarm, match="lfsr alarmed"):
        Gate(1, 1, 1.0).push(Samples.from_symbols(register(1 << 14, 13, 33)))


def test_a_register_longer_than_96_bits_is_not_found() -> None:
    test = LinearFeedbackTest(Setting.of(1, 1, 1.0))
    assert test.update(Piece(Samples.from_symbols(register(1 << 14, 97, 91))), 0) is None


def test_fair_bits_never_have_so_short_a_register() -> None:
    test = LinearFeedbackTest(Setting.of(1, 1, 1.0))
    assert test.update(Piece(Samples.from_symbols(fair(1 << 18, 2))), 0) is None
    assert 2.0 ** test.evidence() == pytest.approx(1 << 18)  # no bet was made: M grows by 1 with each bit


def test_a_mean_payoff_of_one_at_most_for_a_source_at_its_claim_that_plays_a_register() -> None:
    # The least favourable source of the null: the register's bit with probability 2^-claim exactly.
    claim, n, alarms = 0.3, 1 << 12, 0
    for seed in range(100):
        rng, bits = np.random.default_rng(seed), [1, 0, 1]
        while len(bits) < n:
            bits.append((bits[-1] ^ bits[-3]) ^ int(rng.random() >= 2.0**-claim))
        test = LinearFeedbackTest(Setting.of(1, 1, claim, run_length_log2=15))
        alarms += test.update(Piece(Samples.from_symbols(np.array(bits, np.uint8))), 0) is not None
    assert alarms <= 25  # P(alarm) <= 2^12 / 2^15 a run; a binomial of mean 12.5 exceeds 25 with probability < 0.001


def test_wide_symbols_have_no_such_test() -> None:
    assert lfsr_tests(Setting.of(8, 1, 8.0)) == []
