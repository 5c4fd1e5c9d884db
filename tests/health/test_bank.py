"""The bank and its theorem: nothing inside the null makes it alarm more often than promised; trouble is named."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm
from qrng.health import Gate, Setting, State
from qrng.health.bank import BankTest
from qrng.health.bank import tests as bank_tests
from qrng.health.base import Piece


def first_alarm(test: BankTest, bits: npt.NDArray[np.uint8], lanes: int = 1, chunk: int = 1 << 14) -> int | None:
    for at in range(0, len(bits), chunk):
        hit = test.update(Piece(Samples.from_symbols(bits[at : at + chunk], 1, lanes=lanes, first=at)), at)
        if hit is not None:
            return at + hit
    return None


def fair(n: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def biased(n: int, p: float, seed: int) -> npt.NDArray[np.uint8]:
    return (np.random.default_rng(seed).random(n) < p).astype(np.uint8)


N = 1 << 15


def never_above(p: float, previous: int) -> float:
    """A source inside the null of p that copies, flips or leans as its past says: dependent, yet within the claim."""
    return p if previous % 3 == 0 else 1 - p if previous % 3 == 1 else 0.5


def dependent(n: int, p: float, seed: int) -> npt.NDArray[np.uint8]:
    u = np.random.default_rng(seed).random(n)
    out, last = [], 0
    for x in u.tolist():
        bit = int(x < never_above(p, last & 15))
        out.append(bit)
        last = last << 1 | bit
    return np.array(out, np.uint8)


@pytest.mark.parametrize("source", ["fair", "least favourable", "dependent"])
def test_false_alarms_stay_within_the_bound(source: str) -> None:
    claim = 1.0 if source == "fair" else 0.9
    p, runs, threshold = 2.0**-claim, 48, 18  # P(alarm within N) <= 2^15 / 2^18 = 1/8 a run
    make = {"fair": lambda s: fair(N, s), "least favourable": lambda s: biased(N, p, s),
            "dependent": lambda s: dependent(N, p, s)}[source]  # fmt: skip
    setting = Setting.of(1, 1, claim, run_length_log2=threshold)
    alarms = sum(first_alarm(BankTest(setting), make(seed)) is not None for seed in range(runs))
    # Markov's inequality, so far from tight: a binomial of mean 6 exceeds 15 with probability below 0.001.
    assert alarms <= 15


def test_the_mean_of_the_evidence_is_at_most_the_symbols_seen() -> None:
    # With A out of reach M is a sum of products of payoffs of mean <= 1. Medians, because M has heavy tails.
    setting = Setting.of(1, 1, 1.0, run_length_log2=256)
    evidence = []
    for seed in range(64):
        test = BankTest(setting)
        assert first_alarm(test, fair(N, 1000 + seed)) is None
        evidence.append(2.0 ** test.evidence())
    assert np.median(evidence) <= N
    assert np.mean(np.array(evidence) > 8 * N) <= 1 / 8 + 3 * math.sqrt(1 / 8 * 7 / 8 / 64)


def xor_pair(n: int, seed: int) -> npt.NDArray[np.uint8]:
    out = fair(n, seed)
    flip = biased(n, 0.8, seed + 1)
    for t in range(8, n):
        if flip[t]:
            out[t] = out[t - 2] ^ out[t - 5]
    return out


def markov(n: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.bitwise_xor.accumulate(biased(n, 0.4, seed))


@pytest.mark.parametrize(
    ("bits", "detail", "within"),
    [
        (biased(1 << 16, 0.55, 1), "bias", 12_000),
        (markov(1 << 16, 1), "lag 1", 3_000),
        (xor_pair(1 << 14, 1), "parity with lags 2 and 5", 2_000),
        (np.concatenate([np.tile(fair(96, 3), 200)]), "lag 96", 2_000),
    ],
)
def test_trouble_is_found_and_named(bits: npt.NDArray[np.uint8], detail: str, within: int) -> None:
    test = BankTest(Setting.of(1, 1, 1.0, run_length_log2=30))
    at = first_alarm(test, bits)
    assert at is not None
    assert at < within
    alarm = test.alarm(at)
    assert (alarm.test, alarm.lane, alarm.detail) == ("bank", None, detail)
    assert alarm.log2_evidence is not None
    assert alarm.log2_evidence >= 30


def test_one_weak_lane_is_named_with_an_onset() -> None:
    lanes, first = 20, 7
    bits = fair(lanes * 8000, 4).reshape(-1, lanes)
    bits[3000:, 5] = biased(5000, 0.7, 5)
    test = BankTest(Setting.of(1, lanes, 1.0, run_length_log2=30), per_lane=True)
    stream = bits.reshape(-1)
    at = test.update(Piece(Samples.from_symbols(stream, 1, lanes=lanes)), first)
    assert at is not None
    assert 3000 * lanes < at < 3600 * lanes
    alarm = test.alarm(first + at)
    assert (alarm.lane, alarm.detail) == ((5 + first) % lanes, "bias")
    assert abs(alarm.onset_estimate - 3000 * lanes) < 1100 * lanes


def test_what_meets_a_lower_claim_does_not_alarm_there() -> None:
    stream = biased(1 << 17, 0.6, 9)
    assert first_alarm(BankTest(Setting.of(1, 1, 1.0, run_length_log2=30)), stream) is not None
    assert first_alarm(BankTest(Setting.of(1, 1, 0.7, run_length_log2=30)), stream) is None


def test_wide_symbols_and_very_many_lanes_have_no_bank() -> None:
    assert bank_tests(Setting.of(8, 1, 8.0)) == []
    assert bank_tests(Setting.of(1, 16385, 1.0)) == []
    assert [test.describe()["per_lane"] for test in bank_tests(Setting.of(1, 2, 1.0))] == [False, True]


def test_growing_evidence_makes_the_gate_suspect_then_alarm_and_suspicion_holds_nothing_back() -> None:
    gate = Gate(1, 1, 1.0, quarantine=0, run_length_log2=64)
    stream, states, released = biased(1 << 16, 0.57, 12), [], 0
    with pytest.raises(HealthAlarm, match="bank alarmed"):
        for at in range(0, len(stream), 256):
            out = gate.push(Samples.from_symbols(stream[at : at + 256], 1, first=at))
            released += sum(part.count for part in out)
            assert released == max(at + 256 - 1024, 0)
            states.append(gate.state)
    assert set(states) == {State.STARTUP, State.OK, State.SUSPECT}
    assert states[-1] is State.SUSPECT
    assert gate.state is State.INTERMITTENT
    assert gate.status()["log2_evidence"] >= 64


def test_suspicion_ends_when_the_evidence_falls() -> None:
    gate = Gate(1, 1, 1.0, quarantine=0)
    at, seen = 0, set()
    bad, good = biased(1 << 16, 0.57, 12), fair(1 << 16, 13)
    while gate.state is not State.SUSPECT:
        gate.push(Samples.from_symbols(bad[at : at + 256], 1, first=at))
        at += 256
    for start in range(0, len(good), 256):
        gate.push(Samples.from_symbols(good[start : start + 256], 1, first=at + start))
        seen.add(gate.state)
    assert gate.state is State.OK
    assert State.OK in seen
