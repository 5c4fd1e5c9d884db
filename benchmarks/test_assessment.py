"""SP 800-90B: each estimator, each track, and the reference tool beside them.

    pytest benchmarks/test_assessment.py

`QRNG_PEER_EA_NON_IID` names a built ea_non_iid of the reference tool, `QRNG_PEER_THESEUS` a built non-iid-main of
KeyPair's; without them their figures are left out. Ratios are printed (-s) and kept in `extra_info`.
"""

from __future__ import annotations

import bz2
import os
import subprocess
import time

import numpy as np
import pytest

from qrng.entropy.sp800_90b import iid, registry, restart
from qrng.entropy.sp800_90b.permutation import GROUPS, setting_of, statistics
from qrng.entropy.sp800_90b.sequence import bit_string, literal
from qrng.entropy.sp800_90b.tracks import run
from qrng.samples import Samples

MILLION = 1_000_000


def noise(width: int) -> Samples:
    return Samples.from_symbols(np.random.default_rng(width).integers(0, 2**width, MILLION), width)


@pytest.mark.parametrize("on", ["literal", "bitstring"])
@pytest.mark.parametrize("estimator", registry.NON_IID, ids=lambda e: e.name)
def test_estimator_on_a_million_bytes(benchmark, estimator, on):
    if on == "literal" and estimator.binary_only:
        pytest.skip("for bits alone")
    make = literal if on == "literal" else bit_string
    samples = noise(8)
    benchmark.pedantic(estimator.estimate, setup=lambda: ((make(samples),), {}), rounds=3)


@pytest.mark.parametrize("width", [1, 4, 8])
def test_non_iid_track_beside_the_reference_tool(benchmark, width, tmp_path):
    samples = noise(width)
    benchmark.pedantic(run, args=(samples,), rounds=3)
    path = str(tmp_path / "symbols.bin")
    samples.symbols().tofile(path)
    for name, variable, arguments in (
        ("reference tool", "QRNG_PEER_EA_NON_IID", ["-i", "-a", "-q", path, str(width)]),
        ("Theseus", "QRNG_PEER_THESEUS", ["-i", path]),
    ):
        tool = os.environ.get(variable)
        if tool:
            started = time.perf_counter()
            subprocess.run([tool, *arguments], check=True, stdout=subprocess.DEVNULL)
            peer = time.perf_counter() - started
            ratio = peer / benchmark.stats.stats.min
            benchmark.extra_info[f"times faster than {name}"] = ratio
            print(f"\n{width} bits: {name} {peer:.2f} s, {ratio:.1f} times ours", end="")


@pytest.mark.parametrize("width", [1, 4, 8])
def test_length_of_bzip2_beside_bzip2(benchmark, width):
    symbols = noise(width).symbols()
    setting = setting_of(literal(noise(width)), symbols)
    ours = benchmark.pedantic(statistics, args=(symbols, setting, ["compression"]), rounds=5)
    text = b" ".join(b"%d" % symbol for symbol in symbols.tolist())
    started = time.perf_counter()
    assert len(bz2.compress(text, 5)) == ours["compression"]
    ratio = (time.perf_counter() - started) / benchmark.stats.stats.min
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


def test_restart(benchmark):
    benchmark.pedantic(restart.restart, args=(noise(8), 7.0), rounds=1)
