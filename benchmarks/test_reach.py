"""The whole table of extractors and products: rate, what binds and the share of it reached, peers beside.

    make bench B=benchmarks/test_reach.py

Times are CPU time of one core, the least of several, except for two threads and two processes, which take the clock's,
in turn with one. "kernel" calls the C core with a prepared seed; the figure before it goes through Python. Of products,
what an empty call takes is taken off. Peers: cryptomite where it is installed, and those of reach/peers.py.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
from reach import bounds, peers

from qrng import _native, bits
from qrng._native import ffi, lib, readable, writable
from qrng.extractors import Elias, Peres, Toeplitz, Trevisan, VonNeumann

CACHED = 1 << 19
TOEPLITZ = [  # n, m, bytes of raw input, reach and stretch in GB/s
    (1024, 512, CACHED, 10, 12),
    (1024, 512, 1 << 26, 7, 9),
    (4096, 2048, CACHED, 4.3, 6),
    (8192, 4096, CACHED, 2.8, 4),
    (100_000, 50_000, 1 << 23, 4 / 8, 6 / 8),
    (1_000_000, 500_000, 1 << 20, 1.2 / 8, 2 / 8),
    (100_000_000, 50_000_000, 0, 1 / 8, 2 / 8),
]
PRODUCTS = [256, 1024, 4096, 16_384, 65_536, 1 << 20]
ENOUGH = 0.15  # seconds spent on each figure, at least


@pytest.fixture(scope="module")
def rates():
    figures = bounds.measure() if _native.kernel_name() == "avx512" else {}
    names = {"clmul": "VPCLMULQDQ", "gfni": "GF2P8AFFINEQB", "reading": "memory"}
    print(f"\nkernel {_native.kernel_name()}", end="")
    for name, rate in figures.items():
        print(f"; {names[name]} {rate / 1e9:.3g} G{'B' if name == 'reading' else ''}/s", end="")
    print()
    return figures


def least(work, enough=ENOUGH):
    """Seconds of CPU time of one call: the least of batches that take a millisecond or more."""
    work()
    batch, best, spent = 1, float("inf"), 0.0
    while spent < enough or best == float("inf"):
        start = time.process_time()
        for _ in range(batch):
            work()
        took = time.process_time() - start
        spent += took
        if took < 1e-3:
            batch *= 2
        else:
            best = min(best, took / batch)
    return best


def share(rates, needs, seconds):
    """The bound that takes longest for these needs, and the share of it."""
    at_least = {name: count / rates[name] for name, count in needs.items() if name in rates}
    if not at_least:
        return "bound not measured here"
    name = max(at_least, key=at_least.get)
    return f"{at_least[name] / seconds:.0%} of the {name} bound"


@pytest.mark.parametrize(("n", "m", "size", "reach", "stretch"), TOEPLITZ)
def test_toeplitz(rates, n, m, size, reach, stretch):
    blocks = max(1, 8 * size // n)
    raw, ext = np.random.default_rng(1).bytes(bits.bytes_for(blocks * n)), Toeplitz(n, m)
    out, total = bytearray(bits.bytes_for(blocks * m)), blocks * n / 8
    with ext.prepare(os.urandom(ext.seed_bytes)) as seed:
        python = least(lambda: ext.extract_blocks(raw, seed, out, blocks=blocks))
        x, y = readable(raw), writable(out)
        scratch = ffi.new("uint8_t[]", lib.qrng_linear_scratch_bytes(seed.state))
        kernel = least(lambda: lib.qrng_linear_extract(seed.state, x, 0, y, 0, blocks, scratch))
        memory = (len(seed.state) + len(scratch)) / (n / 8)
    needs = {"reading": total}
    if n < 20_000:
        needs["gfni"] = blocks * bounds.gfni(n, m)
    elif rates:
        needs["clmul"] = blocks * bounds.fft(n, m, lib.qrng_linear_state_bytes(0, n, m, n + m - 1))
    beside = cryptomite_beside(n, m, python / blocks) if n <= 8192 else ""
    print(
        f"Toeplitz {n} -> {m}, {total / 1e6:.3g} MB: {total / python / 1e9:.3g} GB/s ({8 * total / python / 1e9:.3g} "
        f"Gbit/s), kernel {total / kernel / 1e9:.3g}; reach {reach:.3g}, stretch {stretch:.3g}; "
        f"{share(rates, needs, kernel)}; state and scratch {memory:.3g} x a packed block{beside}"
    )


def cryptomite_beside(n, m, seconds):
    try:
        peer = importlib.import_module("cryptomite").Toeplitz(n, m)
    except ImportError:
        return "; cryptomite is not installed"
    random = np.random.default_rng(1)
    raw, seed = random.integers(0, 2, n).tolist(), random.integers(0, 2, n + m - 1).tolist()
    ours = Toeplitz(n, m).extract(bits.pack(np.array(raw, np.uint8)), bits.pack(np.array(seed, np.uint8)))
    assert bits.unpack(ours, m).tolist() == list(peer.extract(raw, seed))
    return f"; {least(lambda: peer.extract(raw, seed)) / seconds:.3g} x cryptomite"


@pytest.mark.parametrize("words", PRODUCTS)
def test_product(rates, words):
    random = np.random.default_rng(words)
    a, b = (random.integers(0, 2**64, words, np.uint64) for _ in range(2))
    size = lib.qrng_gf2_scratch_bytes(words, words)
    memory = [np.empty(2 * words, np.uint64) for _ in range(3)]
    scratch = np.empty(size, np.uint8)
    x, y, *outs = (peers.ffi.cast("uint64_t *", peers.ffi.from_buffer(buffer)) for buffer in (a, b, *memory))
    multiply, room = peers.ours(), peers.ffi.from_buffer(scratch)
    works = {"ours": lambda: multiply(outs[0], x, words, y, words, room, size)}
    for (name, peer), out in zip(peers.found().items(), outs[1:], strict=False):
        if name == "gf2x" or words >= 4096:  # bitpolymul2 is made for long ones
            works[name] = lambda peer=peer, out=out: peer(out, x, y, words)
    times = dict.fromkeys(works, float("inf"))
    for _ in range(3):  # in turn, so that all meet the same machine
        for name, work in works.items():
            times[name] = min(times[name], least(work, ENOUGH / 3))
    calls = [least(call) for call in peers.empty_calls()]
    times = {name: spent - calls[name != "ours"] for name, spent in times.items()}
    for result in memory[1 : len(works)]:
        assert np.array_equal(result, memory[0])
    line = ", ".join(
        f"{times[name] / times['ours']:.2f} x {name} ({times[name] * 1e6:.4g} us)" for name in list(works)[1:]
    )
    reach = "reach 4 x gf2x" if words <= 16_384 else "reach 2 x bitpolymul2" if words == 1 << 20 else ""
    needs = {"clmul": bounds.product(words)} if rates else {}
    print(
        f"GF(2)[x] product, {words} words: {times['ours'] * 1e6:.4g} us; {line or 'no peer named'}; {reach}; "
        f"{share(rates, needs, times['ours'])}"
    )


@pytest.mark.parametrize(("n", "k", "log2_error"), [(10_000, 5_000, -20), (1_000_000, 10_000, -20)])
def test_trevisan(rates, n, k, log2_error):
    planned = Trevisan.plan(n, k, log2_error)
    ext = Trevisan(planned.n, planned.m, planned.l)
    random = np.random.default_rng(1)
    raw, seed = random.bytes(bits.bytes_for(n)), random.bytes(ext.seed_bytes)
    spent = least(lambda: ext.extract(raw, seed)) / ext.m
    needs = {"clmul": bounds.trevisan(n, ext.l)}
    print(f"{ext}: {spent * 1e6:.3g} us an output bit; reach 0.2 at n = 10^4; {share(rates, needs, spent)}")


WRITER = "PEXT and the writer, whose every append waits for the one before"


@pytest.mark.parametrize(
    ("extractor", "reach", "binds"),
    [
        (VonNeumann(), 4, WRITER),
        (Elias(64), 0.3, "64 steps of two multiplications for each block"),
        (Peres(5), 0.3, WRITER),
        (Peres(10), 0.3, WRITER),
    ],
    ids=str,
)
def test_seedless(rates, extractor, reach, binds):
    raw = np.random.default_rng(1).bytes(1 << 20)
    spent = least(lambda: extractor.extract(raw))
    rate = 8 * len(raw) / spent / 1e9
    print(f"{extractor}: {rate:.3g} Gbit/s; reach {reach}; {share(rates, {'reading': len(raw)}, spent)}, for {binds}")


CHILD = """
import os, sys, time
from qrng import bits
from qrng.extractors import Toeplitz
n, blocks = int(sys.argv[1]), int(sys.argv[2])
ext = Toeplitz(n, n // 2)
raw, out = os.urandom(bits.bytes_for(n * blocks)), bytearray(bits.bytes_for(n // 2 * blocks))
with ext.prepare(os.urandom(ext.seed_bytes)) as seed:
    ext.extract_blocks(raw, seed, out, blocks=blocks)
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            ext.extract_blocks(raw, seed, out, blocks=blocks)
        print(time.perf_counter() - start, flush=True)
"""


def processes_bound(n, blocks, rounds):
    """What two independent processes do, times what one does: the machine's bound on two threads."""
    start = [sys.executable, "-P", "-c", CHILD, str(n), str(blocks)]  # -P: the installed package, not the source tree
    with ExitStack() as stack:
        children = [
            stack.enter_context(subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(2)
        ]
        for child in children:
            assert child.stdout.readline() == "ready\n"

        def ask(child):
            child.stdin.write(f"{rounds}\n")
            child.stdin.flush()
            return float(child.stdout.readline())

        alone = min(ask(children[0]) for _ in range(5))
        with ThreadPoolExecutor(2) as pool:
            both = min(max(pool.map(ask, children)) for _ in range(5))
    return 2 * alone / both


@pytest.mark.parametrize(("n", "blocks"), [(1024, 524_288), (10_000_000, 1), (100_000_000, 1)])
def test_two_threads(n, blocks):
    """Many blocks shared, and one long block in pieces."""
    ext = Toeplitz(n, n // 2)
    raw, out = os.urandom(bits.bytes_for(n * blocks)), bytearray(bits.bytes_for(n // 2 * blocks))
    best = {1: float("inf"), 2: float("inf")}
    spent = dict(best)
    with ext.prepare(os.urandom(ext.seed_bytes)) as seed:
        for _ in range(9):
            for threads in best:
                start, used = time.perf_counter(), time.process_time()
                ext.extract_blocks(raw, seed, out, blocks=blocks, threads=threads)
                best[threads] = min(best[threads], time.perf_counter() - start)
                spent[threads] = min(spent[threads], time.process_time() - used)
    print(
        f"two threads, {blocks} block{'s' * (blocks > 1)} of {n} bits: {best[1] / best[2]:.2f} x one; reach 1.9; two "
        f"processes {processes_bound(n, blocks, 3):.2f} x one; CPU time of both {spent[2] / spent[1]:.2f} x that of one"
    )
