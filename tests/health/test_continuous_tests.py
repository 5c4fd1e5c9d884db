"""RCT and APT alarm exactly where the standard says, however a stream is cut and whatever its lanes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng import Samples
from qrng.health import Setting
from qrng.health.apt import AdaptiveProportionTest
from qrng.health.apt import tests as apt_tests
from qrng.health.base import HealthTest, Piece
from qrng.health.rct import RepetitionCountTest
from qrng.health.rct import tests as rct_tests


def plain_rct(symbols: Sequence[int], cutoff: int, lanes: int = 1) -> int | None:
    """SP 800-90B 4.4.1 over one list: index of the first symbol with which a run inside one lane reaches the cutoff."""
    found = []
    for lane in range(lanes):
        run = 0
        for i in range(lane, len(symbols), lanes):
            run = run + 1 if i >= lanes and symbols[i] == symbols[i - lanes] else 1
            if run >= cutoff:
                found.append(i)
                break
    return min(found, default=None)


def plain_apt(symbols: Sequence[int], window: int, cutoff: int, lanes: int = 1) -> int | None:
    """SP 800-90B 4.4.2 over one list: index of the first symbol with which a window of one lane reaches the cutoff."""
    found = []
    for lane in range(lanes):
        mine = list(symbols[lane::lanes])
        for start in range(0, len(mine), window):
            same = [i for i in range(start, min(start + window, len(mine))) if mine[i] == mine[start]]
            if len(same) >= cutoff:
                found.append(lane + lanes * same[cutoff - 1])
                break
    return min(found, default=None)


def run_of(length: int, total: int, at: int = 2000) -> npt.NDArray[np.uint8]:
    """Bits 0011 0011 … with one run of exactly `length` equal bits from index `at`: nothing else to complain of."""
    bits = np.array(list(islice(cycle([0, 0, 1, 1]), total)), np.uint8)
    value = 1 - bits[at - 1]
    bits[at : at + length] = value
    bits[at + length] = 1 - value
    return bits


def window_with(count: int, window: int, total: int, at_window: int = 2) -> npt.NDArray[np.uint8]:
    """Bits whose window number `at_window` holds its first bit exactly `count` times, in short runs."""
    bits = np.array(list(islice(cycle([0, 0, 1, 1]), total)), np.uint8)
    start = at_window * window
    spread = np.ones(window, np.uint8)
    ones = (np.arange(window - count) * window) // (window - count)
    spread[ones] = 0
    spread = spread[::-1]
    assert spread[0] == 1 and int(spread.sum()) == count
    bits[start : start + window] = spread
    return bits


def piece(symbols: npt.ArrayLike, width: int = 1) -> Piece:
    return Piece(Samples.from_symbols(symbols, width))


def first_alarm(test: HealthTest, symbols: npt.NDArray[Any], cuts: list[int], width: int) -> int | None:
    """Stream index of the first alarm, the stream handed over in pieces."""
    at = 0
    for stop in [*sorted(cuts), len(symbols)]:
        hit = test.update(piece(symbols[at:stop], width), at)
        if hit is not None:
            return at + hit
        at = stop
    return None


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 3000),
    width=st.sampled_from([1, 2, 8, 12]),
    lanes=st.integers(1, 5),
    stay=st.floats(0, 0.95),
    cuts=st.lists(st.integers(0, 3000), max_size=6),
)
def test_alarms_come_where_a_plain_reading_of_the_standard_puts_them(
    seed: int, n: int, width: int, lanes: int, stay: float, cuts: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, 1 << width, n).astype(np.uint8 if width <= 8 else np.uint32)
    for i in np.flatnonzero(rng.random(n) < stay):
        if i >= lanes:
            symbols[i] = symbols[i - lanes]
    cuts = [min(cut, n) for cut in cuts]
    setting = Setting.of(width, lanes, width / 2, -20)
    rct = RepetitionCountTest(setting, per_lane=True)
    assert first_alarm(rct, symbols, cuts, width) == plain_rct(symbols.tolist(), rct.cutoff, lanes)
    apt = AdaptiveProportionTest(setting, per_lane=True)
    assert first_alarm(apt, symbols, cuts, width) == plain_apt(symbols.tolist(), apt.window, apt.cutoff, lanes)


def alarms(symbols: npt.NDArray[Any], lanes: int = 1, width: int = 1) -> dict[tuple[str, bool], int]:
    """The continuous tests that alarm, with the place."""
    found = {}
    setting = Setting.of(width, lanes, 1.0)
    for test in (*rct_tests(setting), *apt_tests(setting)):
        at = test.update(piece(symbols, width), 0)
        if at is not None:
            found[test.name, bool(test.describe()["per_lane"])] = at
    return found


RCT_CUTOFF, APT_CUTOFF = 41, 626  # claim 1 bit, alpha 2^-40


@pytest.mark.parametrize(("length", "expected"), [(40, {}), (41, {("rct", False): 2040}), (42, {("rct", False): 2040})])
def test_a_run_at_the_cutoff_fires_rct_alone(length: int, expected: dict[tuple[str, bool], int]) -> None:
    assert alarms(run_of(length, 8192)) == expected


@pytest.mark.parametrize(("count", "fires"), [(625, False), (626, True), (627, True)])
def test_a_count_at_the_cutoff_fires_apt_alone(count: int, fires: bool) -> None:
    found = alarms(window_with(count, 1024, 8192))
    assert list(found) == ([("apt", False)] if fires else [])
    assert all(2048 < at < 3072 for at in found.values())


@pytest.mark.parametrize(("length", "fires"), [(40, False), (41, True), (42, True)])
def test_a_run_in_one_lane_fires_the_lane_rct_alone(length: int, fires: bool) -> None:
    symbols = np.array([0, 0, 1, 1] * 2048 * 5, np.uint8)
    symbols = np.concatenate([symbols[:8192]] * 5).reshape(5, -1).T.copy()
    symbols[:, 3] = run_of(length, 8192)
    symbols[:, 1] = np.roll(symbols[:, 1], 1)
    found = alarms(symbols.reshape(-1), lanes=5)
    assert found == ({("rct", True): 2040 * 5 + 3} if fires else {})


@pytest.mark.parametrize(("count", "fires"), [(625, False), (626, True), (627, True)])
def test_a_count_in_one_lane_fires_the_lane_apt_alone(count: int, fires: bool) -> None:
    symbols = np.tile(np.array([0, 0, 1, 1], np.uint8), 2048)[:, None].repeat(5, axis=1)
    symbols[:, 3] = window_with(count, 1024, 8192)
    symbols[:, 1] = np.roll(symbols[:, 1], 1)
    found = alarms(symbols.reshape(-1), lanes=5)
    assert list(found) == ([("apt", True)] if fires else [])
    assert all(at % 5 == 3 for at in found.values())


def test_an_alarm_names_lane_and_onset() -> None:
    setting = Setting.of(1, 4, 1.0)
    symbols = np.random.default_rng(2).integers(0, 2, 8000, dtype=np.uint8)
    symbols[1 + 4 * 200 :: 4] = 1
    symbols[1 + 4 * 199] = 0
    test = RepetitionCountTest(setting, per_lane=True)
    at = test.update(piece(symbols), 0)
    assert at == 1 + 4 * 240
    alarm = test.alarm(at)
    assert (alarm.test, alarm.at_sample, alarm.lane, alarm.onset_estimate) == ("rct", at, 1, 1 + 4 * 200)
    apt = AdaptiveProportionTest(setting, per_lane=True)
    at = apt.update(piece(symbols), 0)
    assert at is not None
    assert apt.alarm(at).lane == 1
    assert apt.alarm(at).onset_estimate == 1 + 4 * 1024  # the window of the lane that is stuck from its first symbol


def test_the_lane_follows_the_index_in_the_whole_stream() -> None:
    test = RepetitionCountTest(Setting.of(1, 3, 1.0), per_lane=True)
    symbols = np.random.default_rng(3).integers(0, 2, 600, dtype=np.uint8)
    symbols[2::3] = 0
    at = test.update(piece(symbols), 1000)  # 1000 mod 3 = 1: the stuck lane is (1 + 2) mod 3
    assert at == 2 + 40 * 3
    assert test.alarm(1000 + at).lane == 0


def test_wide_symbols_are_compared_whole() -> None:
    test = RepetitionCountTest(Setting.of(20, 1, 20.0))
    same_low_byte = (np.arange(100, dtype=np.uint32) % 3) * 256 + 7
    assert test.update(piece(same_low_byte, 20), 0) is None
    assert test.update(piece(np.full(10, 9), 20), 100) == test.cutoff - 1


@pytest.mark.parametrize(("following", "permanent"), [(39, False), (40, True), (60, True)])
def test_a_run_is_permanent_when_it_reaches_the_cutoff_of_alpha_squared(following: int, permanent: bool) -> None:
    test = RepetitionCountTest(Setting.of(1, 1, 1.0))
    assert test.update(piece(np.ones(41, np.uint8)), 0) == 40
    assert test.permanent_cutoff == 81
    assert test.is_permanent(np.ones(following, np.uint8), 40) is permanent
    broken = np.ones(60, np.uint8)
    broken[20] = 0
    assert not test.is_permanent(broken, 40)


def test_a_window_is_permanent_when_it_reaches_the_cutoff_of_alpha_squared() -> None:
    test = AdaptiveProportionTest(Setting.of(1, 1, 1.0))
    at = test.update(piece(np.ones(1024, np.uint8)), 0)
    assert at == test.cutoff - 1
    missing = test.permanent_cutoff - test.cutoff
    assert not test.is_permanent(np.ones(missing - 1, np.uint8), at)
    assert test.is_permanent(np.ones(missing, np.uint8), at)
    late = np.ones(1000, np.uint8)
    late[: 1024 - test.cutoff - missing + 1] = 0  # one match short when the window ends
    assert not test.is_permanent(late, at)
