"""Trevisan, von Neumann, Elias and Peres: Gbit/s of raw input, or time for an output bit, on each kernel level."""

from __future__ import annotations

import numpy as np
import pytest

from qrng import _native
from qrng.extractors import Elias, Peres, Trevisan, VonNeumann

LEVELS = [level for level, here in _native.kernel_levels().items() if here]


@pytest.fixture(params=LEVELS)
def level(request):
    _native.force_kernel(request.param)
    yield request.param
    _native.force_kernel("auto")


@pytest.mark.parametrize("extractor", [VonNeumann(), Elias(64), Peres(5), Peres(10)], ids=str)
def test_seedless(benchmark, level, extractor):
    raw = np.random.default_rng(1).bytes(1 << 20)
    benchmark.pedantic(extractor.extract, (raw,), rounds=8, warmup_rounds=1)
    rate = 8 * len(raw) / benchmark.stats.stats.min / 1e9
    benchmark.extra_info["Gbit/s"] = rate
    print(f"\n{extractor} on {level}: {rate:.3g} Gbit/s")


def test_trevisan(benchmark, level):
    random = np.random.default_rng(1)
    planned = Trevisan.plan(10_000, 5000, -20)
    ext = Trevisan(planned.n, planned.m, planned.l)
    raw, seed = random.bytes(1250), random.bytes(ext.seed_bytes)
    benchmark.pedantic(ext.extract, (raw, seed), rounds=3, warmup_rounds=1)
    time = benchmark.stats.stats.min / ext.m * 1e6
    benchmark.extra_info["us/bit"] = time
    print(f"\n{ext} on {level}: {time:.3g} us an output bit")
