"""SP 800-22: processor time a megabit of each test on each kernel level, and of the whole battery beside a peer.

    pytest benchmarks/test_sts.py

`QRNG_PEER_STS` may name a built `assess` of NIST STS or of Sys and Riha's optimised version; it runs in its own folder
with `QRNG_PEER_STS_OPTIONS` (for instance `-fast`) behind the length.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import nist_sts
from nist_sts import TESTS, Sequence
from nist_sts.base import NotApplicable
from qrng import _native

MEGABIT = 1_000_000
LEVELS = [level for level, here in _native.kernel_levels().items() if here]


@pytest.fixture(scope="module")
def table():
    """Milliseconds by test and level, printed when all are measured."""
    figures: dict[str, dict[str, float]] = {}
    yield figures
    for name, row in figures.items():
        cells = (f"{level} {ms:.3f} ms ({row['portable'] / ms:.2f}x)" for level, ms in row.items())
        print(f"\n{name:27} " + "  ".join(cells), end="")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", TESTS)
def test_kernel(benchmark, table, name, level):
    packed = np.random.default_rng(1).bytes(MEGABIT // 8)

    def evaluate(sequence):
        try:
            TESTS[name](sequence)
        except NotApplicable:
            pytest.skip("too few cycles in this sequence")

    _native.force_kernel(level)
    try:
        benchmark.pedantic(evaluate, setup=lambda: ((Sequence(packed),), {}), rounds=10, warmup_rounds=1)
    finally:
        _native.force_kernel("auto")
    table.setdefault(name, {})[level] = benchmark.stats.stats.min * 1e3


@pytest.mark.parametrize("workers", [1, 2])
def test_battery(benchmark, workers):
    packed = np.random.default_rng(2).bytes(100 * MEGABIT // 8)
    started = time.process_time()
    report = benchmark.pedantic(
        nist_sts.run, (packed,), {"length": MEGABIT, "workers": workers}, rounds=3, warmup_rounds=1
    )
    processor = (time.process_time() - started) / 4
    assert report.sequences == 100
    wall = benchmark.stats.stats.min
    print(f"\n{workers} workers: 100 megabits in {wall:.3f} s, {10 * processor:.2f} ms of processor time each")


def test_peer(tmp_path):
    program = os.environ.get("QRNG_PEER_STS")
    if not program:
        pytest.skip("QRNG_PEER_STS names no built program")
    data = tmp_path / "data.bin"
    data.write_bytes(np.random.default_rng(2).bytes(10 * MEGABIT // 8))
    answers = f"0\n{data}\n1\n0\n10\n1\n"
    options = os.environ.get("QRNG_PEER_STS_OPTIONS", "").split()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(
        [program, str(MEGABIT), *options], cwd=Path(program).parent, input=answers, text=True, capture_output=True
    )
    theirs = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) * 100
    packed = data.read_bytes()
    nist_sts.run(packed, length=MEGABIT, mode="nist")
    started = time.process_time()
    nist_sts.run(packed, length=MEGABIT, mode="nist")
    ours = (time.process_time() - started) * 100
    print(f"\n10 megabits: peer {theirs:.1f} ms each, nist_sts {ours:.2f} ms each ({theirs / ours:.1f}x)")
