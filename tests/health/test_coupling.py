"""Lanes that know of one another are found and named; sources inside the claim are left alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthAlarm, ParameterError
from qrng.health import Gate, Setting
from qrng.health.base import Piece
from qrng.health.coupling import EVERY, LOOK, MOST_LANES, CouplingTest
from qrng.health.coupling import tests as coupling_tests

Bits = npt.NDArray[np.uint8]
Fault = Literal["fair", "copy", "parity"]


def shots(n: int, fault: Fault, p: float, seed: int, lanes: int = 20) -> Bits:
    """About n bits: in each shot lane 12 is, with probability p, lane 3 or the parity of lanes 3 and 7."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (-(-n // lanes), lanes), dtype=np.uint8)
    if fault != "fair":
        x[:, 12] = x[:, 3] ^ (x[:, 7] if fault == "parity" else 0) ^ (rng.random(len(x)) >= p)
    return x.reshape(-1)


def first_alarm(test: CouplingTest, bits: Bits, first: int = 0, lanes: int = 20) -> int | None:
    return test.update(Piece(Samples.from_symbols(bits, lanes=lanes, first=first)), first)


@pytest.mark.parametrize("claim", [1.0, 0.9])
@pytest.mark.parametrize(
    ("fault", "what"), [("copy", "the bit 9 before"), ("parity", "the parity of the bits 5 and 9 before")]
)
def test_coupled_lanes_are_found_on_every_bit_and_named(fault: Fault, what: str, claim: float) -> None:
    onset = 16_000
    bits = np.concatenate([shots(onset, "fair", 0.5, 1), shots(60_000, fault, 0.85, 2)])
    test = CouplingTest(Setting.of(1, 20, claim), LOOK)
    at = first_alarm(test, bits)
    assert at is not None
    assert onset < at < onset + 40_000
    alarm = test.alarm(at)
    assert (alarm.test, alarm.lane) == ("coupling", 12)
    assert alarm.detail == f"foretold, among others, by {what}"
    assert onset - 4000 < alarm.onset_estimate < at


def test_beyond_32_lanes_last_bits_are_heard_and_products_are_not() -> None:
    found = []
    for fault in ("copy", "parity"):
        test = CouplingTest(Setting.of(1, 40, 1.0, run_length_log2=40), LOOK)
        found.append(first_alarm(test, shots(100_000, fault, 0.9, 3, 40), lanes=40))
    assert found[0] is not None
    assert found[1] is None


def test_a_fault_that_lasts_is_found_in_one_of_the_default_s_looks() -> None:
    test = CouplingTest(Setting.of(1, 20, 1.0))
    first = EVERY // 2 // 20 * 20
    assert first_alarm(test, shots(first, "fair", 0.5, 4)) is None
    at = first_alarm(test, shots(EVERY, "copy", 0.95, 5), first)
    assert at is not None
    assert EVERY - first <= at < EVERY - first + 4 * LOOK
    assert test.alarm(first + at).lane in (None, 12)


def test_a_gate_can_be_told_to_watch_every_bit() -> None:
    bits = np.concatenate([shots(1 << 14, "fair", 0.5, 6), shots(1 << 16, "parity", 0.85, 7)])
    gate = Gate(1, 20, 1.0, every_bit=True)
    with pytest.raises(HealthAlarm, match="coupling alarmed"):
        gate.push(Samples.from_symbols(bits, lanes=20))
    assert gate.alarms[0].lane == 12
    Gate(1, 20, 1.0).push(Samples.from_symbols(bits, lanes=20))  # nobody else hears it


def dependent(n: int, claim: float, seed: int, lanes: int) -> Bits:
    """Each bit is the parity of its neighbour's and of its lane's last with probability 2^-claim."""
    out = np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)
    flips = np.random.default_rng(seed + 1).random(n) >= 2.0**-claim
    for t in range(lanes, n):
        out[t] = out[t - 1] ^ out[t - lanes] ^ flips[t]
    return out


@pytest.mark.parametrize(("claim", "lanes"), [(1.0, 20), (0.7, 4), (0.3, 8)])
def test_false_alarms_stay_within_the_bound_for_a_source_that_couples_lanes_as_its_claim_allows(
    claim: float, lanes: int
) -> None:
    n, alarms, values = 1 << 12, 0, []
    for seed in range(60):
        test = CouplingTest(Setting.of(1, lanes, claim, run_length_log2=15), LOOK)  # P(alarm) <= 2^12 / 2^15 a run
        alarms += first_alarm(test, dependent(n, claim, 100 + 2 * seed, lanes), lanes=lanes) is not None
        watched = CouplingTest(Setting.of(1, lanes, claim), LOOK)
        assert first_alarm(watched, dependent(n, claim, 1000 + 2 * seed, lanes), lanes=lanes) is None
        values.append(watched.leader().total / n)
    assert alarms <= 18  # a binomial of mean 7.5 exceeds that with probability below 0.001
    assert np.mean(values) <= 1 + 3 * np.std(values) / 60**0.5


@pytest.mark.parametrize("every", [LOOK, 3 * LOOK])
def test_it_resumes_from_what_it_saved(every: int) -> None:
    setting = Setting.of(1, 20, 1.0)
    bits = np.concatenate([shots(LOOK, "fair", 0.5, 8), shots(1 << 18, "parity", 0.9, 9)])
    whole, first, second = (CouplingTest(setting, every) for _ in range(3))
    at = first_alarm(whole, bits)
    assert at is not None
    cut = LOOK + 777
    assert first_alarm(first, bits[:cut]) is None
    saved = first.save()
    second.restore(saved)
    assert first_alarm(second, bits[cut:], cut) == at - cut
    assert second.alarm(at) == whole.alarm(at)
    for damaged in (b"", saved[:-1], saved[:9] + bytes(len(saved) - 9), CouplingTest(Setting.of(1, 19, 1.0)).save()):
        with pytest.raises(ParameterError):
            second.restore(damaged)


def test_it_is_wiped() -> None:
    test = CouplingTest(Setting.of(1, 20, 1.0))
    assert first_alarm(test, shots(10_000, "fair", 0.5, 9)) is None
    test.wipe()
    assert not test._owner.any()


def test_one_lane_too_many_lanes_and_wide_symbols_have_none() -> None:
    for setting in (Setting.of(8, 2, 8.0), Setting.of(1, 1, 1.0), Setting.of(1, MOST_LANES + 1, 1.0)):
        assert coupling_tests(setting) == []
    with pytest.raises(ParameterError, match="2 to 256 lanes, and here is 1"):
        CouplingTest(Setting.of(1, 1, 1.0))
    with pytest.raises(ParameterError, match="no watch on coupling"):
        CouplingTest(Setting.of(1, 20, 1.0), LOOK - 1)
    most = CouplingTest(Setting.of(1, MOST_LANES, 1.0))
    assert most._bytes <= 1 << 19


def test_it_says_what_it_watches() -> None:
    test = CouplingTest(Setting.of(1, 20, 1.0))
    found = test.describe()
    assert found.pop("log2_threshold") == 64
    assert found == {"name": "coupling", "per_lane": False, "watched": LOOK, "of_every": EVERY}
