"""Each health test is driven to its cutoff: one below it stays silent, at it and one above it alarms, and alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.health import Setting
from qrng.health.base import HealthTest, Piece
from qrng.health.edetector import EDetector
from qrng.health.registry import build
from qrng.health.side import piece_of

Bits = npt.NDArray[np.uint8]


def fair(n: int, seed: int = 1) -> Bits:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def swinging(n: int, period: float, size: float) -> Bits:
    chance = 0.5 + size * np.sin(2 * np.pi * np.arange(n) / period)
    return (np.random.default_rng(2).random(n) < chance).astype(np.uint8)


def lagged(n: int, lag: int, p: float, seed: int) -> Bits:
    out, flips = fair(n, seed), np.random.default_rng(seed + 1).random(n) >= p
    for t in range(lag, n):
        out[t] = out[t - lag] ^ flips[t]
    return out


def register(n: int, *taps: int) -> Bits:
    bits = list(fair(max(taps), 3))
    while len(bits) < n:
        bits.append(sum(bits[-t] for t in taps) % 2)
    return np.array(bits[:n], np.uint8)


def names_of(tests: list[HealthTest]) -> set[str]:
    return {test.name for test in tests}


def alarmed(setting: Setting, samples: Samples) -> list[HealthTest]:
    piece = piece_of(setting, samples, 0, samples.count)
    return [test for test in build(setting) if test.update(piece, 0) is not None]


@pytest.mark.parametrize(("lanes", "width"), [(1, 1), (8, 1), (1, 8)])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_run_of_the_cutoff_sets_off_rct_alone(lanes: int, width: int, over: int) -> None:
    setting = Setting.of(width, lanes, float(width) if lanes == 1 else 1.0)
    cutoff = next(test for test in build(setting) if test.name == "rct").describe()["cutoff"]
    stream = np.random.default_rng(4).integers(0, 1 << width, 4096 * lanes).astype(np.uint8).reshape(-1, lanes)
    lane = lanes // 2
    stream[1000 : 1000 + cutoff + over, lane] = stream[1000, lane]
    for edge in (999, 1000 + cutoff + over):
        stream[edge, lane] = stream[1000, lane] ^ 1
    found = alarmed(setting, Samples.from_symbols(stream.reshape(-1), width, lanes=lanes))
    assert names_of(found) == ({"rct"} if over >= 0 else set())
    assert all(test.describe()["per_lane"] == (lanes > 1) for test in found)


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_window_of_the_cutoff_sets_off_apt_alone(lanes: int, over: int) -> None:
    setting = Setting.of(1, lanes, 1.0)
    apt = next(test for test in build(setting) if test.name == "apt").describe()
    stream = fair(4 * 1024 * lanes, 5).reshape(-1, lanes)
    first, lane, rng = 1024, lanes // 2, np.random.default_rng(6)
    window = np.zeros(1024, np.uint8)
    window[rng.permutation(1023)[: apt["cutoff"] + over - 1] + 1] = 1
    window[0] = 1
    stream[first : first + 1024, lane] = window
    found = alarmed(setting, Samples.from_symbols(stream.reshape(-1), 1, lanes=lanes))
    assert names_of(found) == ({"apt"} if over >= 0 else set())
    assert all(test.describe()["per_lane"] == (lanes > 1) for test in found)


CASES: dict[str, Callable[[], Bits]] = {
    "bank": lambda: lagged(1 << 15, 20, 0.6, 7),
    "learned": lambda: np.bitwise_xor.accumulate(swinging(1 << 15, 1500, 0.15)),  # swings in the parity with lag 1
    "sine": lambda: np.concatenate([fair(100, 8), swinging(1 << 15, 700, 0.1)]),
    "lfsr": lambda: np.concatenate([fair(5000, 9), register(1000, 28, 31)]),
    "replay": lambda: np.concatenate([fair(1 << 16, 10), fair(1 << 16, 10)[12345:13000]]),
}


@pytest.mark.parametrize("name", CASES)
def test_each_detector_is_set_off_alone_at_its_threshold_and_not_above(name: str) -> None:
    setting = Setting.of(1, 1, 1.0)
    samples = Samples.from_symbols(CASES[name]())
    fresh = lambda: next(test for test in build(setting) if test.name == name)  # noqa: E731
    test = fresh()
    assert isinstance(test, EDetector)
    at = test.update(Piece(samples), 0)
    assert at is not None
    short = samples.slice(0, at + 1)
    assert names_of(alarmed(setting, short)) == {name}
    value = float(test.leader().total)  # the first that reaches the threshold, so the greatest so far
    for threshold, hit in ((value * (1 - 2**-40), True), (value, True), (math.nextafter(value, math.inf), False)):
        assert (fresh().scan(Piece(short), threshold) <= at) == hit


def test_the_histogram_and_side_data_are_set_off_alone() -> None:
    narrow = np.clip(np.random.default_rng(11).normal(128, 10, 1 << 14), 0, 255).astype(np.uint8)
    assert names_of(alarmed(Setting.of(8, 1, 6.2), Samples.from_symbols(narrow, 8))) == {"histogram"}
    bits = fair(1 << 14, 12)
    record = np.where(np.random.default_rng(13).random(1 << 14) < 0.75, bits, 1 - bits)
    setting = Setting.of(1, 1, 1.0, side_data=("record",))
    assert names_of(alarmed(setting, Samples.from_symbols(bits, side_data={"record": record}))) == {"side"}
