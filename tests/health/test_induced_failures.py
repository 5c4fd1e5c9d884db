"""Each health test is driven to its cutoff: one below it stays silent, at it and one above it alarms, and alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.health import Setting
from qrng.health.base import HealthTest
from qrng.health.edetector import EDetector
from qrng.health.models.features import Shape
from qrng.health.predictor import PredictorTest
from qrng.health.registry import Maker, build
from qrng.health.score import Calibration, ScoreTest
from qrng.health.side import piece_of
from qrng.health.window_table import WindowTableTest
from qrng.training.models import fit

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


def nonlinear(n: int, p: float, seed: int) -> Bits:
    """A sum of products of the eight bits before, flipped with probability 1 - p."""
    out, flips = fair(n, seed), np.random.default_rng(seed + 1).random(n) >= p
    for t in range(8, n):
        a, b, c, d, e, f, g, h = out[t - 8 : t][::-1]
        out[t] = h ^ c ^ (a & b) ^ (d & e) ^ (f & g) ^ flips[t]
    return out


def told_by_two_lanes(n: int) -> Bits:
    """Of 20 lanes lane 12 is the parity of lanes 3 and 7, one time in ten not."""
    out = fair(n, 21).reshape(-1, 20)
    out[:, 12] = out[:, 3] ^ out[:, 7] ^ (np.random.default_rng(22).random(len(out)) >= 0.9)
    return out.reshape(-1)


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


def lane_of(n: int, lanes: int, lane: int, p: float) -> Bits:
    out = fair(n, 14).reshape(-1, lanes)
    out[:, lane] = np.random.default_rng(15).random(len(out)) < p
    return out.reshape(-1)


def narrow(n: int) -> Bits:
    return np.clip(np.random.default_rng(11).normal(128, 10, n), 0, 255).astype(np.uint8)


def told_by_a_record(n: int) -> Samples:
    bits = fair(n, 12)
    record = np.where(np.random.default_rng(13).random(n) < 0.75, bits, 1 - bits)
    return Samples.from_symbols(bits, side_data={"record": record})


class Ones:
    """A score of windows that grows with their ones, and a predictor that hears lag 150, as no fixed bet does."""

    window, block = 256, 1

    def score(self, window: Bits) -> float:
        return float(window.sum())

    def predict(self, history: Bits) -> list[float]:
        if len(history) < 150:
            return [0.5, 0.5]
        one = 0.55 if history[-150] else 0.45
        return [1 - one, one]


class Parity(Ones):
    """Of twelve bits: fixed bets hear three."""

    window = 12

    def score(self, window: Bits) -> float:
        return float(window.sum() % 2)


def odd(windows: int) -> Bits:
    out = fair(12 * windows, 19).reshape(-1, 12)
    out[:, 11] ^= (out.sum(axis=1, dtype=np.uint8) & 1) ^ (np.random.default_rng(20).random(windows) < 0.7)
    return out.reshape(-1)


def scored(setting: Setting) -> list[HealthTest]:
    healthy = fair(300 * 256, 16).reshape(-1, 256)
    return [ScoreTest(setting, "score", Ones(), Calibration.of(Ones(), healthy))]


def tabled(setting: Setting) -> list[HealthTest]:
    return [WindowTableTest(setting, "table", Parity())]


def foretold(setting: Setting) -> list[HealthTest]:
    return [PredictorTest(setting, "foretold", Ones())]


def modelled(setting: Setting) -> list[HealthTest]:
    """A model of `qrng health train`, without its file."""
    healthy = np.clip(np.random.default_rng(17).normal(128, 20, (600, 1024)), 0, 255).astype(np.uint8)
    model = fit("mahalanobis", Shape(8, 1, 1024), healthy[:300], 1)
    return [ScoreTest(setting, "mahalanobis", model, Calibration.of(model, healthy[300:]))]


def louder(n: int) -> Bits:
    """An amplifier that gains 15 %: more min-entropy than was there before."""
    return np.clip(np.random.default_rng(18).normal(128, 23, n), 0, 255).astype(np.uint8)


def bits(stream: Bits, lanes: int = 1) -> Samples:
    return Samples.from_symbols(stream, 1, lanes=lanes)


def chosen(n: int) -> np.ndarray:
    """Half of the codes, taken at random, come more often than the others: no fault of a converter."""
    rng = np.random.default_rng(16)
    likely = rng.permutation(256)[:128]
    return np.where(rng.random(n) < 0.3, likely[rng.integers(0, 128, n)], rng.integers(0, 256, n)).astype(np.uint8)


def parity_swings() -> Samples:
    """Its parity with lag 1 swings, so that the sine bank hears nothing."""
    return bits(np.bitwise_xor.accumulate(swinging(1 << 15, 1500, 0.15)))


Case = tuple[Setting, Callable[[], Samples], list[Maker]]
BITS = Setting.of(1, 1, 1.0)

CASES: dict[str, Case] = {
    "bank": (BITS, lambda: bits(lagged(1 << 15, 20, 0.6, 7)), []),
    "bank, lanes": (Setting.of(1, 20, 1.0), lambda: bits(lane_of(60_000, 20, 3, 0.62), 20), []),
    "learned": (BITS, parity_swings, []),
    "sine": (BITS, lambda: bits(np.concatenate([fair(100, 8), swinging(1 << 15, 700, 0.1)])), []),
    "lfsr": (BITS, lambda: bits(np.concatenate([fair(5000, 9), register(1000, 13, 33)])), []),
    "prbs": (BITS, lambda: bits(np.concatenate([fair(5000, 9), register(1000, 28, 31)])), []),
    "replay": (BITS, lambda: bits(np.concatenate([fair(1 << 16, 10), fair(1 << 16, 10)[12345:13000]])), []),
    "histogram": (Setting.of(8, 1, 8.0), lambda: Samples.from_symbols(chosen(1 << 15), 8), []),
    "converter": (Setting.of(8, 1, 6.2), lambda: Samples.from_symbols(narrow(1 << 14), 8), []),
    "side": (Setting.of(1, 1, 1.0, side_data=("record",)), lambda: told_by_a_record(1 << 14), []),
    "score": (Setting.of(1, 1, 0.5), lambda: bits(lane_of(1 << 15, 1, 0, 0.63)), [scored]),
    "table": (BITS, lambda: bits(odd(2000)), [tabled]),
    "foretold": (BITS, lambda: bits(lagged(1 << 15, 150, 0.6, 7)), [foretold]),
    "mahalanobis": (Setting.of(8, 1, 5.0), lambda: Samples.from_symbols(louder(1 << 18), 8), [modelled]),
    "context": (BITS, lambda: bits(nonlinear(4096, 0.9, 11)), []),
    "coupling": (Setting.of(1, 20, 1.0), lambda: bits(told_by_two_lanes(60_000), 20), []),
}
"""Each detector: what is claimed, a stream that it hears first, and its maker where it is no part of the default."""


@pytest.mark.parametrize("name", CASES)
def test_each_detector_is_set_off_alone_at_its_threshold_and_not_above(name: str) -> None:
    setting, stream, more = CASES[name]
    samples = stream()
    kind, _, per_lane = name.partition(", ")
    fresh = lambda: next(  # noqa: E731
        test for test in build(setting, more) if (test.name, test.describe()["per_lane"]) == (kind, bool(per_lane))
    )
    test = fresh()
    assert isinstance(test, EDetector)
    at = test.update(piece_of(setting, samples, 0, samples.count), 0)
    assert at is not None
    short = Samples.from_symbols(
        samples.symbols(0, at + 1),
        samples.bits_per_symbol,
        lanes=samples.lanes,
        side_data={key: array[: at + 1] for key, array in samples.side_data.items()},
    )
    piece = piece_of(setting, short, 0, at + 1)
    assert [
        (test.name, test.describe()["per_lane"]) for test in build(setting, more) if test.update(piece, 0) is not None
    ] == [(kind, bool(per_lane))]
    value = float(test.leader().total)  # the first that reaches the threshold, so the greatest so far
    # Those in Python, which come from a maker here, keep its logarithm: theirs is known to 2^-46 or so.
    at_it, above = (value * (1 - 2**-40), value * (1 + 2**-40)) if more else (value, math.nextafter(value, math.inf))
    for threshold, hit in ((value * (1 - 2**-30), True), (at_it, True), (above, False)):
        assert (fresh().scan(piece_of(setting, short, 0, at + 1), threshold) <= at) == hit


def test_every_test_in_force_has_a_case() -> None:
    """So that a test that is added without one is noticed."""
    settings = (Setting.of(1, 20, 1.0, side_data=("record",)), Setting.of(8, 1, 6.0))
    there = {
        test.name + (", lanes" if test.describe()["per_lane"] else "")
        for setting in settings
        for test in build(setting)
    }
    assert there - {"rct", "apt", "rct, lanes", "apt, lanes"} <= set(CASES)
