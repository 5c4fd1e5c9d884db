"""What was seen before is known again, at any lag and alignment; sources inside the claim are left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, HealthFailure, ParameterError
from qrng.health import Gate, Setting, State
from qrng.health.base import Piece
from qrng.health.replay import ReplayTest
from qrng.health.replay import tests as replay_tests


def fair(n: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def first_alarm(test: ReplayTest, bits: npt.NDArray[np.uint8], first: int = 0) -> int | None:
    return test.update(Piece(Samples.from_symbols(bits, first=first)), first)


def test_half_of_the_repetitions_are_caught_within_93_bits() -> None:
    delays = []
    for seed in range(40):
        bits = fair(1 << 15, seed)
        lag = int(np.random.default_rng(seed + 100).integers(64, 1 << 15))
        test = ReplayTest(Setting.of(1, 1, 1.0, run_length_log2=30))
        assert first_alarm(test, bits) is None
        at = first_alarm(test, bits[-lag:], 1 << 15)
        if at is not None:
            delays.append(at + 1)
            alarm = test.alarm((1 << 15) + at)
            assert (alarm.test, alarm.lane) == ("replay", None)
            assert (alarm.detail or "").startswith(f"the bits of {lag} bits before, again")
            assert abs(alarm.onset_estimate - (1 << 15)) < 200
    assert len(delays) >= 38
    assert sorted(delays)[20] <= 93


@pytest.mark.parametrize(("flipped", "within"), [(0.05, 300), (0.1, 1000)])
def test_a_recording_with_noise_on_it_is_known_again(flipped: float, within: int) -> None:
    delays = []
    for seed in range(21):
        bits = fair(1 << 16, seed)
        again = bits ^ (np.random.default_rng(seed + 100).random(1 << 16) < flipped)
        test = ReplayTest(Setting.of(1, 1, 1.0, run_length_log2=30))
        assert first_alarm(test, bits) is None
        at = first_alarm(test, again, 1 << 16)
        delays.append(1 << 16 if at is None else at + 1)
    assert sorted(delays)[10] < within


def test_the_gate_stops_a_recording_that_is_sent_again() -> None:
    gate = Gate(1, 1, 1.0)
    recording = Samples.from_symbols(fair(1 << 17, 3))
    again = Samples(recording.packed.copy(), 1 << 17, first=1 << 17)
    gate.push(recording)
    with pytest.raises(HealthAlarm, match="replay alarmed"):
        gate.push(again)
    assert gate.state is State.INTERMITTENT


@pytest.mark.parametrize("claim", [1.0, 0.6, 0.2])
def test_false_alarms_stay_within_the_bound_even_for_a_source_that_copies_as_its_claim_allows(claim: float) -> None:
    # Each bit is the one of 64 bits before with probability 2^-claim: the null's worst source for this bettor.
    n, alarms = 1 << 13, 0
    for seed in range(100):
        keep = np.random.default_rng(seed).random(n) < 2.0**-claim
        bits = fair(n, seed + 1000)
        for t in range(64, n):
            bits[t] = bits[t - 64] if keep[t] else 1 - bits[t - 64]
        alarms += first_alarm(ReplayTest(Setting.of(1, 1, claim, run_length_log2=16)), bits) is not None
    assert alarms <= 25  # P(alarm) <= 2^13 / 2^16 a run; a binomial of mean 12.5 exceeds 25 with probability < 0.001


def test_the_mean_of_the_evidence_is_the_bits_seen_where_nothing_is_known_again() -> None:
    test = ReplayTest(Setting.of(1, 1, 1.0))
    assert first_alarm(test, fair(1 << 16, 5)) is None
    assert test.leader().total <= 1 << 16


def test_it_resumes_from_what_it_saved() -> None:
    setting, bits = Setting.of(1, 1, 1.0), fair(100_003, 6)
    one, two = ReplayTest(setting), ReplayTest(setting)
    for test in (one, two):
        assert first_alarm(test, bits) is None
    saved = two.save()
    assert len(saved) < 13_000
    two = ReplayTest(setting)
    two.restore(saved)
    ends = [first_alarm(test, bits[777:2000], 100_003) for test in (one, two)]
    assert ends[0] is not None
    assert ends[0] == ends[1]
    assert one.alarm(100_003 + ends[0]) == two.alarm(100_003 + ends[0])
    for damaged in (b"", saved[:-1], saved + b"0", saved[:9] + b"\0" * 8 + saved[17:]):
        with pytest.raises(ParameterError):
            ReplayTest(setting).restore(damaged)


def test_an_alarm_and_a_restart_forget_every_bit() -> None:
    gate = Gate(1, 1, 1.0)
    test = next(test for test in gate._monitor.tests if isinstance(test, ReplayTest))
    gate.push(Samples.from_symbols(fair(1 << 16, 7)))
    assert np.count_nonzero(test._owner) > 5000
    gate.close()
    assert not test._owner.any()
    gate = Gate(1, 1, 1.0)
    gate.push(Samples.from_symbols(fair(1 << 16, 8)))
    with pytest.raises(HealthAlarm):
        gate.push(Samples.from_symbols(np.ones(45, np.uint8), first=1 << 16))
    gate.restart()
    gate.push(Samples.from_symbols(fair(1 << 16, 8), first=(1 << 16) + 45))  # known, but to the gate before
    assert gate.state is not State.INTERMITTENT


def test_wide_symbols_have_none() -> None:
    assert replay_tests(Setting.of(8, 1, 8.0)) == []
    with pytest.raises((ParameterError, HealthFailure)):
        ReplayTest(Setting.of(8, 1, 8.0))
