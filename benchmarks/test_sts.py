"""SP 800-22: processor time a megabit of each test on each kernel level, and of the whole battery beside a peer.

    pytest benchmarks/test_sts.py

`QRNG_PEER_STS` may name a built `assess` of Sys and Riha's optimised version, which runs in its own folder with
`QRNG_PEER_STS_OPTIONS` (for instance `-fast`) behind the length; `QRNG_PEER_STS_NIST` one of NIST STS itself, and
`QRNG_PEER_STS_ARCETRI` a built `sts` of arcetri. Processor time, ours and theirs in turn.
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
SHARED = 10
"""Megabits that peers judge too."""
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


def answering(program, data, folder, *options):
    """NIST's program and Sys and Riha's ask for the file, the tests, the number of sequences and the format."""
    answers = f"0\n{data}\n1\n0\n{SHARED}\n1\n"
    subprocess.run(
        [program, str(MEGABIT), *options], cwd=Path(program).parent, input=answers, text=True, capture_output=True
    )
    return Path(program).parent / "experiments/AlgorithmTesting/finalAnalysisReport.txt"


def answering_with_options(program, data, folder):
    return answering(program, data, folder, *os.environ.get("QRNG_PEER_STS_OPTIONS", "").split())


def told(program, data, folder):
    """arcetri's program takes options; one thread."""
    sizes = ["-i", str(SHARED), "-S", str(MEGABIT)]
    subprocess.run([program, "-O", "-s", "-T", "1", "-w", folder, "-F", "r", *sizes, data], capture_output=True)
    return folder / "finalAnalysisReport.txt"


@pytest.mark.parametrize(
    ("variable", "judge"),
    [("QRNG_PEER_STS", answering_with_options), ("QRNG_PEER_STS_NIST", answering), ("QRNG_PEER_STS_ARCETRI", told)],
)
def test_peer(tmp_path, variable, judge):
    program = os.environ.get(variable)
    if not program:
        pytest.skip(f"{variable} names no built program")
    data = tmp_path / "data.bin"
    packed = np.random.default_rng(2).bytes(SHARED * MEGABIT // 8)
    data.write_bytes(packed)
    nist_sts.run(packed, length=MEGABIT, mode="nist")
    theirs, ours = [], []
    for _ in range(3):
        begun, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
        report = judge(program, data, tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert report.stat().st_mtime >= begun - 1 and report.stat().st_size > 1000, "the peer judged nothing"
        theirs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        started = time.process_time()
        nist_sts.run(packed, length=MEGABIT, mode="nist")
        ours.append(time.process_time() - started)
    peer, own = (1e3 * min(spent) / SHARED for spent in (theirs, ours))
    print(f"\n{SHARED} megabits: {variable} {peer:.1f} ms each, nist_sts {own:.2f} ms each ({peer / own:.1f}x)")
