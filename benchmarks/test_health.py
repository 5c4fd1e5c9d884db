"""Throughput of the health tests on one core, by processor time: each alone, all of them, and the gate around them.

The gate comes twice: as it is, and with the mixing of contexts and the coupling of lanes on every bit.

`pytest benchmarks/test_health.py -s` prints a line a test for each kernel and number of lanes. Unpacking the symbols
is counted in the total, outside the tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest

from qrng import Samples
from qrng._native import force_kernel, kernel_levels, kernel_name
from qrng.health import Gate, HealthTest, Setting
from qrng.health.base import Piece
from qrng.health.edetector import EDetector
from qrng.health.registry import build

N = 1 << 22
ROUNDS = 5
T = TypeVar("T")


def seconds(work: Callable[[T], object], parts: list[T]) -> float:
    """Least processor time of one part: what others do on the machine only adds to it."""
    times = []
    for part in parts:
        start = time.process_time()
        work(part)
        times.append(time.process_time() - start)
    return min(times)


def parts(lanes: int) -> list[Samples]:
    """Fair bits, each part new: a part that came again would be a replay."""
    rng = np.random.default_rng(1)
    return [Samples(rng.integers(0, 256, N // 8, dtype=np.uint8), N, 1, lanes, k * N) for k in range(ROUNDS)]


@pytest.fixture(params=[name for name, here in kernel_levels().items() if here])
def kernel(request: pytest.FixtureRequest) -> str:
    before = kernel_name()
    force_kernel(request.param)
    request.addfinalizer(lambda: force_kernel(before))
    return str(request.param)


@pytest.mark.parametrize("lanes", [1, 20, 156])
def test_throughput(kernel: str, lanes: int) -> None:
    total = seconds(Piece, parts(lanes))
    print(f"\n{kernel}, {lanes} lanes")
    for test in build(Setting.of(1, lanes, 1.0)):

        def update(part: tuple[Piece, int], test: HealthTest = test) -> None:
            assert test.update(*part) is None

        spent = seconds(update, [(Piece(part), part.first) for part in parts(lanes)])
        total += spent
        over = "lanes" if test.describe()["per_lane"] else "stream"
        print(f"  {test.name:8} {over:7} {N / spent / 1e6:8.0f} Mbit/s")
    print(f"  all {N / total / 1e6:21.0f} Mbit/s")
    for every_bit in (False, True):
        whole = seconds(Gate(1, lanes, 1.0, every_bit=every_bit).push, parts(lanes))
        print(f"  gate{', every bit' if every_bit else '':12} {N / whole / 1e6:8.1f} Mbit/s")


def test_throughput_of_an_adc(kernel: str) -> None:
    n, rng = N // 4, np.random.default_rng(1)
    noise = [np.clip(np.rint(rng.normal(127.5, 30, n)), 0, 255).astype(np.uint8) for _ in range(ROUNDS)]
    codes = [Samples(part, n, 8, first=k * n) for k, part in enumerate(noise)]
    print(f"\n{kernel}, 8-bit samples")
    total = 0.0
    for test in build(Setting.of(8, 1, 6.23)):

        def update(part: Samples, test: object = test) -> None:
            assert test.update(Piece(part), part.first) is None  # type: ignore[attr-defined]

        spent = seconds(update, codes)
        total += spent
        print(f"  {test.name:16} {n / spent / 1e6:8.1f} Msamples/s")
    print(f"  all {n / total / 1e6:21.1f} Msamples/s")


def test_near_a_threshold() -> None:
    """The run length is so short that evidence is always within 2^16 of it: the shorter blocks of bank and sine."""
    n, part = 1 << 20, parts(20)[0]
    print("\n20 lanes, near the threshold")
    for test in build(Setting.of(1, 20, 1.0, run_length_log2=22)):
        if test.name in ("bank", "sine"):
            start = time.process_time()
            at = test.update(Piece(part, 0, n), 0)
            spent = time.process_time() - start
            over = "lanes" if test.describe()["per_lane"] else "stream"
            print(f"  {test.name:8} {over:7} {spent / (n if at is None else at + 1) * 1e9:8.1f} ns a bit")


def test_memory() -> None:
    for lanes in (1, 20, 156, 16384):
        states = [test for test in build(Setting.of(1, lanes, 1.0)) if isinstance(test, EDetector)]
        print(f"\n{lanes} lanes: {sum(test._bytes for test in states) / 1e6:.1f} MB of state")
