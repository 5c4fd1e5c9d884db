"""Toeplitz hashing with a fixed seed: each kernel level, beside the portable one and beside cryptomite.

    pytest benchmarks/test_toeplitz.py

GB/s are of raw input; times are the least of the rounds. cryptomite hashes one block of Python ints a call, which is
how its users meet it.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from qrng import _native, bits
from qrng.extractors import Toeplitz

CACHED = 1 << 19  # bytes of raw input that stay in the second-level cache
SIZES = [
    (1024, 512, CACHED),
    (1024, 512, 1 << 26),
    (4096, 2048, CACHED),
    (8192, 4096, CACHED),
    (65_536, 32_768, 1 << 20),
    (100_000, 50_000, 1 << 23),
    (1_000_000, 500_000, 1 << 20),
    (100_000_000, 50_000_000, 12_500_000),
]
PORTABLE_UP_TO = 1_000_000  # bits of a block; the portable kernel takes minutes beyond
LEVELS = [level for level, here in _native.kernel_levels().items() if here]


@pytest.fixture(scope="module")
def table():
    """GB/s by size and implementation, printed when all are measured."""
    figures: dict[tuple[int, int, int], dict[str, float]] = {}
    yield figures
    for (n, m, size), row in figures.items():
        base = row.get("portable")
        cells = (f"{name} {rate:.3g} GB/s" + (f" ({rate / base:.3g}x)" if base else "") for name, rate in row.items())
        print(f"\n{n} -> {m}, {size / 1e6:.3g} MB: " + ", ".join(cells), end="")


def measure(benchmark, n, m, size, rounds, threads=1):
    random = np.random.default_rng(1)
    blocks = max(1, 8 * size // n)
    raw = random.bytes(bits.bytes_for(blocks * n))
    ext = Toeplitz(n, m)
    out = bytearray(bits.bytes_for(blocks * m))
    with ext.prepare(random.bytes(ext.seed_bytes)) as seed:
        benchmark.pedantic(
            ext.extract_blocks,
            (raw, seed, out),
            {"blocks": blocks, "threads": threads},
            rounds=rounds,
            warmup_rounds=1,
        )
    rate = blocks * n / 8 / benchmark.stats.stats.min / 1e9
    benchmark.extra_info["GB/s"] = rate
    return rate


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("n", "m", "size"), SIZES)
def test_kernel(benchmark, table, n, m, size, level):
    if level in ("portable", "avx2") and (n > PORTABLE_UP_TO or size > 1 << 23):
        pytest.skip("this level takes too long here")
    slow = level == "portable"
    _native.force_kernel(level)
    try:
        rate = measure(benchmark, n, m, min(size, CACHED) if slow else size, 3 if slow or size > 1 << 23 else 20)
    finally:
        _native.force_kernel("auto")
    table.setdefault((n, m, size), {})[level] = rate


def test_two_threads(benchmark, table):
    one = table.get((1024, 512, 1 << 26), {}).get(LEVELS[-1])
    two = measure(benchmark, 1024, 512, 1 << 26, 10, threads=2)
    if one:
        print(f"\ntwo threads, 1024 -> 512: {two:.3g} GB/s, {two / one:.2f} times one")


@pytest.mark.parametrize(("n", "m"), [(1024, 512), (4096, 2048), (65_536, 32_768)])
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
    table.setdefault((n, m, next(s[2] for s in SIZES if s[:2] == (n, m))), {})["cryptomite"] = rate
