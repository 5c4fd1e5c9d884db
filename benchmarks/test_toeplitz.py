"""Toeplitz hashing with a fixed seed: each kernel level, beside the portable one and beside cryptomite.

    pytest benchmarks/test_toeplitz.py

`extra_info` holds GB/s of raw input; the last column of the table at the end is the ratio to the portable kernel.
cryptomite hashes one block of Python ints a call, which is how its users meet it.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from qrng import _native, bits
from qrng.extractors import Toeplitz

SIZES = [(1024, 512), (4096, 2048), (65536, 32768)]
INPUT_BYTES = 1 << 18  # stays in the second-level cache
LEVELS = [level for level, here in _native.kernel_levels().items() if here]


@pytest.fixture(scope="module")
def table():
    """GB/s by size and implementation, printed when all are measured."""
    figures: dict[tuple[int, int], dict[str, float]] = {}
    yield figures
    for (n, m), row in figures.items():
        base = row["portable"]
        cells = (f"{name} {rate:.3g} GB/s ({rate / base:.3g}x portable)" for name, rate in row.items())
        print(f"\n{n} -> {m}: " + ", ".join(cells), end="")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_kernel(benchmark, table, n, m, level):
    random = np.random.default_rng(1)
    raw = random.bytes(INPUT_BYTES)
    ext = Toeplitz(n, m)
    out = bytearray(bits.bytes_for(8 * INPUT_BYTES // n * m))
    _native.force_kernel(level)
    try:
        with ext.prepare(random.bytes(ext.seed_bytes)) as seed:
            benchmark.pedantic(ext.extract_blocks, (raw, seed, out), rounds=10, warmup_rounds=1)
    finally:
        _native.force_kernel("auto")
    rate = INPUT_BYTES / benchmark.stats.stats.min / 1e9
    benchmark.extra_info["GB/s"] = rate
    table.setdefault((n, m), {})[level] = rate


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_cryptomite(benchmark, table, n, m):
    try:
        cryptomite = importlib.import_module("cryptomite")
    except ImportError:
        pytest.skip("cryptomite is not installed: pip install cryptomite puts it beside")
    random = np.random.default_rng(1)
    raw = random.integers(0, 2, n).tolist()
    seed = random.integers(0, 2, n + m - 1).tolist()
    peer = cryptomite.Toeplitz(n, m)
    out = benchmark.pedantic(peer.extract, (raw, seed), rounds=5, warmup_rounds=1)
    ours = Toeplitz(n, m).extract(bits.pack(np.array(raw, np.uint8)), bits.pack(np.array(seed, np.uint8)))
    assert bits.unpack(ours, m).tolist() == list(out)
    rate = n / 8 / benchmark.stats.stats.min / 1e9
    benchmark.extra_info["GB/s"] = rate
    table.setdefault((n, m), {})["cryptomite"] = rate
