"""A key's worth of bytes from a warm pool, beside the operating system alone; bulk, beside each of its stages.

    pytest benchmarks/test_generator.py

Each delivery draws as many bytes from the system, so os.urandom is the floor that the others stand on.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import warnings

import numpy as np
import pytest

import qrng
from qrng import EntropyClaim, RandomBitGenerator, Samples, Source
from qrng.extractors import Toeplitz
from qrng.health.gate import Gate
from qrng.pool import Pool

BULK = 1 << 24


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


class Fast(Source):
    """Raw bits from PCG64, so that what is measured is the way behind the source."""

    spec = "benchmark:fast"

    def __init__(self):
        self._random = np.random.default_rng(1)
        self._first = 0

    def read(self, count):
        size = -(-count // 8)
        packed = np.frombuffer(bytearray(self._random.bytes(size)), np.uint8)
        self._first += 8 * size
        return Samples(packed, 8 * size, first=self._first - 8 * size)

    def claim(self):
        return EntropyClaim(0.95, None, ("a benchmark",), "a benchmark")

    def provenance(self):
        return {"source": self.spec}


def seconds(work, rounds=5):
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def read_in_threads(rbg, threads):
    buffers = [bytearray(BULK // threads) for _ in range(threads)]
    workers = [threading.Thread(target=rbg.readinto, args=(buffer,)) for buffer in buffers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_bulk_beside_its_slowest_stage(benchmark):
    """MB/s of output: the whole way, and each stage alone on as many raw bits, in this same run."""
    with RandomBitGenerator(Fast()) as rbg:
        rbg.random_bytes(1)
        plan = rbg.provenance()["extractor"]
        n, m = plan["n"], plan["m"]
        blocks = 8 * BULK // m
        alone = Fast()
        raw = [alone.read(16 * n) for _ in range(-(-blocks // 16))]
        gate, tested = Gate(1, 1, 0.95), Fast()
        extractor = Toeplitz(n, m)
        seed = extractor.prepare(os.urandom(extractor.seed_bytes))
        packed = [samples.packed.copy() for samples in raw]
        pool, out = Pool(pure=False), bytearray(BULK)

        def push():
            for samples in gated.pop():
                gate.push(samples)

        rounds = 5
        gated = [[tested.read(16 * n) for _ in raw] for _ in range(rounds)][::-1]
        stages = {
            "source": seconds(lambda: [alone.read(16 * n) for _ in raw]),
            "health gate": seconds(push, rounds),
            "extractor": seconds(lambda: [extractor.extract_blocks(part, seed) for part in packed]),
            "system mixing": seconds(lambda: (pool.fill(bytearray(BULK)), pool.take_into(memoryview(out)))),
        }
        four = seconds(lambda: read_in_threads(rbg, 4))
        benchmark.pedantic(read_in_threads, (rbg, 1), rounds=5)
    whole = benchmark.stats.stats.min
    slowest = max(stages, key=stages.get)
    for name, spent in {"whole way": whole, "whole way, 4 threads": four, **stages}.items():
        print(f"\n{name}: {BULK / spent / 1e6:.1f} MB/s", end="")
    print(f"\nthe whole way at {stages[slowest] / whole:.0%} of the slowest stage, {slowest}", end="")
