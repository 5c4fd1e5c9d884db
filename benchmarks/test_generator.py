"""A key's worth of bytes from a warm pool, beside the operating system alone.

    pytest benchmarks/test_generator.py

Each delivery draws as many bytes from the system, so os.urandom is the floor that the others stand on.
"""

from __future__ import annotations

import os
import secrets
import warnings

import pytest

import qrng


@pytest.fixture(scope="module")
def table():
    figures = {}
    yield figures
    floor = figures["os.urandom"]
    for name, seconds in figures.items():
        print(f"\n{name}(32): {seconds * 1e6:.2f} us ({seconds / floor:.3g}x os.urandom)", end="")


@pytest.mark.parametrize(
    ("name", "give"),
    [
        ("os.urandom", os.urandom),
        ("secrets.token_bytes", secrets.token_bytes),
        ("qrng.random_bytes", qrng.random_bytes),
    ],
)
def test_32_bytes(benchmark, table, name, give):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qrng.SimulatedSourceWarning)
        give(32)
    benchmark.pedantic(give, (32,), rounds=1000, iterations=50)
    table[name] = benchmark.stats.stats.median
