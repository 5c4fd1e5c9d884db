"""SP 800-90B: each estimator, each track, and the reference tool beside them.

    pytest benchmarks/test_assessment.py

`QRNG_PEER_EA_NON_IID` and `QRNG_PEER_EA_RESTART` name a built ea_non_iid and ea_restart of the reference tool,
`QRNG_PEER_THESEUS` a built non-iid-main of KeyPair's; without them their figures are left out. Times are CPU time, so
that a busy machine changes little; only threads are measured by the clock. Ratios are printed (-s) and kept in
`extra_info`.
"""

from __future__ import annotations

import bz2
import os
import resource
import subprocess
import time
from collections.abc import Callable
from multiprocessing import get_context

import numpy as np
import pytest

from qrng.entropy.sp800_90b import iid, registry, restart
from qrng.entropy.sp800_90b.permutation import GROUPS, setting_of, statistics
from qrng.entropy.sp800_90b.sequence import bit_string, literal
from qrng.entropy.sp800_90b.tracks import run
from qrng.samples import Samples

MILLION = 1_000_000
pytestmark = pytest.mark.benchmark(timer=time.process_time)


def noise(width: int, n: int = MILLION) -> Samples:
    return Samples.from_symbols(np.random.default_rng(width).integers(0, 2**width, n), width)


@pytest.mark.parametrize("on", ["literal", "bitstring"])
@pytest.mark.parametrize("estimator", registry.NON_IID, ids=lambda e: e.name)
def test_estimator_on_a_million_bytes(benchmark, estimator, on):
    if on == "literal" and estimator.binary_only:
        pytest.skip("for bits alone")
    make = literal if on == "literal" else bit_string
    samples = noise(8)
    benchmark.pedantic(estimator.estimate, setup=lambda: ((make(samples),), {}), rounds=3)


def beside(benchmark, what: str, peers: dict[str, tuple[str, list[str]]]) -> None:
    """Run the peers that the environment names once each and print their CPU time beside ours."""
    for name, (variable, arguments) in peers.items():
        tool = os.environ.get(variable)
        if tool:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            quiet = subprocess.DEVNULL
            one_core = os.environ | {"OMP_NUM_THREADS": "1"}
            subprocess.run([tool, *arguments], check=True, stdout=quiet, stderr=quiet, env=one_core)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            peer = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            ours = benchmark.stats.stats.min
            benchmark.extra_info[f"times faster than {name}"] = peer / ours
            print(f"\n{what}: ours {ours:.3f} s, {name} {peer:.2f} s, {peer / ours:.1f} times as long", end="")


@pytest.mark.parametrize(("width", "millions"), [(1, 1), (4, 1), (8, 1), (8, 8)])
def test_non_iid_track_beside_the_reference_tool(benchmark, width, millions, tmp_path):
    samples = noise(width, millions * MILLION)
    benchmark.pedantic(run, args=(samples,), rounds=5 if millions == 1 else 1)
    path = str(tmp_path / "symbols.bin")
    samples.symbols().tofile(path)
    peers = {
        "reference tool": ("QRNG_PEER_EA_NON_IID", ["-i", "-a", "-q", path, str(width)]),
        "Theseus": ("QRNG_PEER_THESEUS", ["-i", path]),
    }
    beside(benchmark, f"{millions} million of {width} bits", peers)


@pytest.mark.benchmark(timer=time.perf_counter)
@pytest.mark.parametrize("width", [1, 4, 8])
def test_two_threads_on_one_assessment(benchmark, width):
    """By the clock, in turns: one thread, two threads, and two processes with one assessment each."""
    samples = noise(width)
    took: dict[str, list[float]] = {"one": [], "two": [], "both": []}

    def clock(what: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        took[what].append(time.perf_counter() - started)

    def two_processes() -> None:
        other = get_context("fork").Process(target=run, args=(samples,))
        other.start()
        run(samples)
        other.join()

    def turn() -> None:
        clock("one", lambda: run(samples))
        clock("two", lambda: run(samples, workers=2))
        clock("both", two_processes)

    benchmark.pedantic(turn, rounds=11)
    one, two, both = (min(took[what]) for what in ("one", "two", "both"))
    benchmark.extra_info |= {"two threads": one / two, "two processes": 2 * one / both}
    print(f"\n{width} bits: {one:.3f} s, two threads {two:.3f} s, {one / two:.2f} times as fast; ", end="")
    print(f"two processes at once {2 * one / both:.2f}", end="")


@pytest.mark.parametrize("width", [1, 4, 8])
def test_length_of_bzip2_beside_bzip2(benchmark, width):
    symbols = noise(width).symbols()
    setting = setting_of(literal(noise(width)), symbols)
    ours = benchmark.pedantic(statistics, args=(symbols, setting, ["compression"]), rounds=5)
    text = b" ".join(b"%d" % symbol for symbol in symbols.tolist())
    started = time.process_time()
    assert len(bz2.compress(text, 5)) == ours["compression"]
    ratio = (time.process_time() - started) / benchmark.stats.stats.min
    benchmark.extra_info["times faster"] = ratio
    print(f"\n{width} bits: {ratio:.1f} times as fast as bz2", end="")


@pytest.mark.parametrize("group", GROUPS)
def test_statistic_of_one_permutation_round(benchmark, group):
    samples = noise(8)
    symbols = samples.symbols()
    setting = setting_of(literal(samples), symbols)
    benchmark.pedantic(statistics, args=(symbols, setting, [group]), rounds=3)


def test_iid_tests(benchmark):
    benchmark.pedantic(iid.test, args=(noise(4),), kwargs={"seed": 1}, rounds=1)


def test_restart_beside_the_reference_tool(benchmark, tmp_path):
    samples = noise(8)
    benchmark.pedantic(restart.restart, args=(samples, 7.0), rounds=3)
    path = str(tmp_path / "symbols.bin")
    samples.symbols().tofile(path)
    beside(benchmark, "restart tests", {"reference tool": ("QRNG_PEER_EA_RESTART", ["-n", path, "8", "7.0"])})
