"""The length kernel of the compression statistic beside bzip2 itself."""

import bz2
import ctypes
import ctypes.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng._native import lib, readable, writable

BLOCK = 100_000 - 19  # bytes that fill a block at level 1


def length_of(text: bytes, level: int = 1) -> int:
    scratch = np.empty(lib.qrng_entropy_bzip2_scratch_bytes(level), np.uint8)
    return lib.qrng_entropy_bzip2_length(readable(text), len(text), level, writable(scratch))


def length_of_decimals(symbols: np.ndarray, level: int = 1, low: int = 0, step: int = 1) -> int:
    symbols = np.ascontiguousarray(symbols, np.uint8)
    scratch = np.empty(lib.qrng_entropy_bzip2_scratch_bytes(level), np.uint8)
    return lib.qrng_entropy_decimal_bzip2_length(readable(symbols), symbols.size, low, step, level, writable(scratch))


def decimals(symbols: np.ndarray, low: int = 0, step: int = 1) -> bytes:
    return b" ".join(b"%d" % (low + step * s) for s in np.asarray(symbols).tolist())


@given(st.binary(max_size=2000))
def test_any_bytes(text):
    assert length_of(text) == len(bz2.compress(text, 1))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 600)), max_size=40))
def test_runs_of_every_length(runs):
    text = b"".join(bytes([value]) * count for value, count in runs)
    assert length_of(text) == len(bz2.compress(text, 1))


@given(st.binary(min_size=1, max_size=40), st.integers(1, 4000), st.binary(max_size=3))
def test_periodic_texts(period, n, end):
    text = (period * n)[:n] + end
    assert length_of(text) == len(bz2.compress(text, 1))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=1500), st.integers(1, 9))
def test_symbols_in_decimal(symbols, level):
    assert length_of_decimals(np.array(symbols), level) == len(bz2.compress(decimals(symbols), level))


@given(st.lists(st.integers(0, 1), min_size=1, max_size=500), st.integers(0, 255), st.integers(0, 255))
def test_two_symbols_stand_for_any_two_values(bits, a, b):
    low, high = min(a, b), max(a, b)
    text = decimals(bits, low, high - low)
    assert length_of_decimals(np.array(bits), 1, low, high - low) == len(bz2.compress(text, 1))


@pytest.mark.parametrize("n", [4, 5, 254, 255, 256, 257, 258, 259, 260, 510, 511, 1000])
def test_one_run(n):
    assert length_of(b"a" * n) == len(bz2.compress(b"a" * n, 1))


SOURCES = {
    "bytes": lambda rng: rng.integers(0, 256, 120_000),
    "bits": lambda rng: rng.integers(0, 2, 120_000),
    "rare ones": lambda rng: (rng.random(120_000) < 0.001).astype(int),
    "a bell": lambda rng: rng.binomial(255, 0.5, 120_000),
    "all the same": lambda rng: np.full(120_000, 255),
    "sorted": lambda rng: np.sort(rng.integers(0, 256, 120_000)),
    "tiled": lambda rng: np.tile(rng.integers(0, 256, 700), 170),
    "tens": lambda rng: rng.choice([0, 11, 111, 222, 22, 2], 120_000),
}


@pytest.mark.parametrize("level", [1, 5])
@pytest.mark.parametrize("name", SOURCES)
def test_several_blocks(name, level):
    symbols = SOURCES[name](np.random.default_rng(4))
    text = decimals(symbols)
    want = len(bz2.compress(text, level))
    assert length_of_decimals(symbols, level) == want
    assert length_of(text, level) == want


def bzip2_in_one_call(text: bytes) -> int:
    """BZ2_bzBuffToBuffCompress, which the reference tool calls: Python's module hands over the end separately."""
    name = ctypes.util.find_library("bz2")
    if name is None:
        pytest.skip("libbz2 is not here as a shared library")
    out = ctypes.create_string_buffer(len(text) * 101 // 100 + 600)
    size = ctypes.c_uint(len(out))
    assert ctypes.CDLL(name).BZ2_bzBuffToBuffCompress(out, ctypes.byref(size), text, len(text), 1, 0, 0) == 0
    return size.value


@pytest.mark.parametrize("end", range(-4, 8))
def test_texts_that_end_where_a_block_does(end):
    rng = np.random.default_rng(end + 4)
    for alphabet in ([0, 1], [11, 22, 111, 222, 7], [111, 222]):
        symbols = rng.choice(alphabet, BLOCK)
        sizes = np.cumsum([len(str(s)) + 1 for s in symbols])
        for near in range(2):
            few = symbols[: int(np.searchsorted(sizes, BLOCK + end)) + near]
            text = decimals(few)
            assert length_of_decimals(few) == length_of(text) == bzip2_in_one_call(text)
        text = decimals(symbols)[: BLOCK + end]
        assert length_of(text) == bzip2_in_one_call(text)


@pytest.mark.parametrize("end", range(-6, 7))
def test_runs_that_end_where_a_block_does(end):
    noise = np.random.default_rng(6).bytes(BLOCK + 6)
    for run in (3, 4, 256):
        text = noise[: BLOCK + end - 4] + b"z" * run
        for tail in (b"", b"y", b"yx"):
            assert length_of(text + tail) == bzip2_in_one_call(text + tail)


@pytest.mark.trial
def test_thousands_of_texts():
    rng = np.random.default_rng(5)
    for _ in range(4000):
        n, k = int(rng.integers(1, 20_000)), int(rng.integers(1, 257))
        symbols = rng.integers(0, k, n)
        repeated = np.repeat(symbols[: n // 40 + 1], rng.integers(1, 300 if rng.random() < 0.3 else 9, n // 40 + 1))
        period = symbols[: int(rng.integers(1, 60))]
        skewed = np.minimum(rng.geometric(0.2, n), 255)
        for made in (symbols, repeated, np.tile(period, n // period.size + 1)[:n], skewed):
            text = made.astype(np.uint8).tobytes()
            assert length_of(text) == len(bz2.compress(text, 1))
            assert length_of_decimals(made) == len(bz2.compress(decimals(made), 1))


@pytest.mark.trial
@pytest.mark.parametrize("width", range(1, 9))
def test_a_million_symbols_shuffled(width):
    rng = np.random.default_rng(width)
    for law in (np.full(2**width, 2.0**-width), rng.dirichlet(np.full(2**width, 0.3))):
        for _ in range(5):
            symbols = rng.choice(2**width, 1_000_000, p=law)
            assert length_of_decimals(symbols, 5) == len(bz2.compress(decimals(symbols), 5))
