"""What every seeded extractor does at the borders of what it takes: refuse, and say so, before anything is written."""

from __future__ import annotations

import numpy as np
import pytest

from qrng import bits
from qrng.errors import BudgetError, ParameterError
from qrng.extractors import Circulant, Dodis, Elias, ModifiedToeplitz, Peres, Toeplitz, Trevisan, VonNeumann

PLANNED = [Toeplitz, ModifiedToeplitz, Circulant, Dodis, Trevisan]
N = 1019  # prime, and 2 is a primitive root of it, as Dodis needs


def bare(cls, n, m):
    return cls(n, m, 20) if cls is Trevisan else cls(n, m)


@pytest.fixture(params=PLANNED, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


@pytest.mark.parametrize(("n", "m"), [(N, N), (N, N + 1), (0, 0), (0, 1), (N, 0), (2**33, 100), (2**33, 2**32)])
def test_lengths_without_meaning_are_refused(cls, n, m):
    with pytest.raises(ParameterError):
        bare(cls, n, m)


@pytest.mark.parametrize("n", [0, -1, 2**33, 8.5, True, None])
def test_plans_for_such_lengths_are_refused(cls, n):
    with pytest.raises(ParameterError, match="n"):
        cls.plan(n, min_entropy=100, log2_error=-10)


def test_a_plan_never_gives_as_many_bits_as_go_in(cls):
    for k in (N, N - 1):
        try:
            assert cls.plan(N, min_entropy=k, log2_error=-1).m < N
        except ParameterError as refusal:
            assert "n" in str(refusal)


def test_seeds_of_another_length_are_refused(cls):
    ext = bare(cls, N, 300)
    raw = bytes(bits.bytes_for(N))
    for size in (0, ext.seed_bytes - 1, ext.seed_bytes + 1):
        with pytest.raises(ParameterError, match="seed"):
            ext.extract(raw, bytes(size))


def test_a_spent_budget_is_refused_and_nothing_is_written(cls):
    ext = cls.plan(N, min_entropy=900, log2_error=-20, blocks=1)
    raw, seed = bytes(bits.bytes_for(ext.n)), bytes(ext.seed_bytes)
    ext.extract(raw, seed)
    out = bytearray(b"\xaa" * bits.bytes_for(ext.m))
    with pytest.raises(BudgetError):
        ext.extract_blocks(raw, seed, out, blocks=1)
    assert set(out) == {0xAA}


def test_outputs_that_can_not_take_the_bits_are_refused_unchanged(cls):
    ext = bare(cls, N, 300)
    size, out_size = bits.bytes_for(N), bits.bytes_for(300)
    seed, memory = bytes(ext.seed_bytes), bytearray(b"\xaa" * (size + out_size))
    frozen = np.zeros(out_size, np.uint8)
    frozen.setflags(write=False)
    for out in (bytes(out_size), frozen, memoryview(memory)[:out_size].toreadonly()):
        with pytest.raises(ParameterError, match="read-only"):
            ext.extract_blocks(bytes(size), seed, out, blocks=1)
    for out in (bytearray(out_size - 1), bytearray(out_size + 1)):
        with pytest.raises(ParameterError, match="out holds"):
            ext.extract_blocks(bytes(size), seed, out, blocks=1)
    view = memoryview(memory)
    for start in (0, 1, size - out_size, size - 1):
        with pytest.raises(ParameterError, match="overlap"):
            ext.extract_blocks(view[:size], seed, view[start : start + out_size], blocks=1)
    assert set(memory) == {0xAA}
    ext.extract_blocks(view[:size], seed, view[size:], blocks=1)  # side by side is no overlap


def test_raw_input_of_no_or_other_blocks_is_refused(cls):
    ext = bare(cls, N, 300)
    for raw in (b"", bytes(1), bytes(bits.bytes_for(N) + 1)):
        with pytest.raises(ParameterError, match="raw"):
            ext.extract_blocks(raw, bytes(ext.seed_bytes))
        with pytest.raises(ParameterError, match="raw"):
            ext.extract(raw, bytes(ext.seed_bytes))


@pytest.mark.parametrize("extractor", [VonNeumann(), Elias(64), Peres(3)], ids=str)
def test_seedless_extractors_give_nothing_for_nothing(extractor):
    assert extractor.extract(b"") == (bytearray(), 0)
    assert extractor.extract(b"\xff", 0) == (bytearray(), 0)
    assert extractor.extract(b"\x40", 1) == (bytearray(), 0)
    for n in (9, 2**33, -1, True):
        with pytest.raises(ParameterError, match="n = "):
            extractor.extract(b"\xff", n)
