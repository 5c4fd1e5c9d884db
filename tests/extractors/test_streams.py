"""`extract_blocks` on iterables of buffers: the same bits as one buffer, whatever the cuts, and nothing left behind."""

from __future__ import annotations

import gc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng import bits
from qrng._native import ffi
from qrng.errors import BudgetError, ClosedError, ParameterError
from qrng.extractors import Circulant, ModifiedToeplitz, Toeplitz, Trevisan, batches
from qrng.extractors.batches import Batches


def cut(data: bytes, borders: list[int]) -> list[bytes]:
    places = [0, *sorted(b % (len(data) + 1) for b in borders), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(2, 90),
    share=st.floats(0, 1),
    blocks=st.integers(1, 200),
    borders=st.lists(st.integers(0, 2**16), max_size=9),
    most=st.integers(1, 5000),
    entropy=st.integers(0, 2**32),
)
def test_pieces_cut_anywhere_give_what_one_buffer_gives(n, share, blocks, borders, most, entropy):
    m = 1 + int(share * (n - 2))
    random = np.random.default_rng(entropy)
    raw = random.bytes(bits.bytes_for(n * blocks))
    before, batches._BATCH_BITS = batches._BATCH_BITS, most
    try:
        for ext in (Toeplitz(n, m), ModifiedToeplitz(n, m), Circulant(n, m)):
            seed = random.bytes(ext.seed_bytes)
            whole = ext.extract_blocks(raw, seed, blocks=blocks)
            pieces = list(ext.extract_blocks(iter(cut(raw, borders)), seed, blocks=blocks))
            assert b"".join(pieces) == whole
            assert all(type(piece) is bytearray for piece in pieces)
            if 8 * len(raw) // n == blocks:  # else padding makes one more block of this n
                assert b"".join(ext.extract_blocks(cut(raw, borders), seed)) == whole
    finally:
        batches._BATCH_BITS = before


def test_trevisan_takes_streams_too():
    ext = Trevisan(101, 37, 20)
    random = np.random.default_rng(1)
    raw, seed = random.bytes(bits.bytes_for(101 * 8)), random.bytes(ext.seed_bytes)
    assert b"".join(ext.extract_blocks([raw[:5], b"", raw[5:]], seed)) == ext.extract_blocks(raw, seed)


def test_pieces_are_any_buffers_and_read_only_as_far_as_asked(monkeypatch):
    monkeypatch.setattr(batches, "_BATCH_BITS", 1)
    ext = Toeplitz(64, 16)
    seed = bytes(range(10))
    read = []

    def source():
        for i in range(4):
            read.append(i)
            yield [bytes(8), bytearray(8), memoryview(bytes(8)), np.zeros(8, np.uint8)][i]

    stream = ext.extract_blocks(source(), seed)
    assert read == []
    assert next(stream) == bytes(2)
    assert read == [0]
    assert len(b"".join(stream)) == 6
    assert read == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("pieces", "blocks", "message"),
    [
        ([bytes(8), bytes(7)], None, "whole blocks of 64 bits"),
        ([bytes(8), bytes(9)], None, "whole blocks"),
        ([], None, "whole blocks"),
        ([b"", b""], None, "whole blocks"),
        ([bytes(16)], 1, "1 blocks"),
        ([bytes(16), bytes(1)], 2, "2 blocks"),
        ([bytes(16)], 3, "3 blocks"),
        ([bytes(8), "text"], None, "each piece of raw"),
        ([bytes(8), 8], None, "each piece of raw"),
        ([bytes(8), np.zeros(8, np.int64)], None, "each piece of raw"),
    ],
)
def test_pieces_that_are_no_whole_blocks_end_in_an_error(pieces, blocks, message):
    with pytest.raises(ParameterError, match=message):
        list(Toeplitz(64, 16).extract_blocks(iter(pieces), bytes(10), blocks=blocks))


def test_what_is_no_stream_is_refused_at_once():
    ext = Toeplitz(64, 16)
    for raw in ("text", {b"a": 1}, None, 8):
        with pytest.raises(ParameterError, match="raw"):
            ext.extract_blocks(raw, bytes(10))
    with pytest.raises(ParameterError, match="out is for one buffer"):
        ext.extract_blocks([bytes(8)], bytes(10), bytearray(2))
    with pytest.raises(ParameterError, match="10 bytes"):
        ext.extract_blocks([bytes(8)], bytes(9))
    with pytest.raises(ParameterError, match="does not fit"):
        ext.extract_blocks([bytes(8)], Toeplitz(64, 17).prepare(bytes(10)))
    for blocks in (0, -1, 1.0, True):
        with pytest.raises(ParameterError, match="blocks"):
            ext.extract_blocks([bytes(8)], bytes(10), blocks=blocks)


class Failure(Exception):
    pass


@pytest.fixture
def arrays(monkeypatch):
    """The arrays that batches gather raw bits in."""
    made = []
    zeros = np.zeros
    monkeypatch.setattr(batches.np, "zeros", lambda *a, **k: made.append(zeros(*a, **k)) or made[-1])
    return made


def full(*_):
    return b"\xff" * 8


def test_raw_bits_and_seed_are_wiped_at_the_end(arrays):
    ext = Toeplitz(60, 16)
    states = []
    prepare = ext._prepare
    ext._prepare = lambda seed: states.append(prepare(seed)) or states[-1]
    stream = ext.extract_blocks((full() for _ in range(15)), b"\xff" * ext.seed_bytes)
    assert any(bytes(ffi.buffer(states[0])))
    assert len(b"".join(stream)) == 32
    assert len(arrays) == 1
    assert not arrays[0].any()
    assert not any(bytes(ffi.buffer(states[0])))


def test_raw_bits_and_seed_are_wiped_when_the_source_raises(arrays):
    ext = Toeplitz(60, 16)
    states = []
    prepare = ext._prepare
    ext._prepare = lambda seed: states.append(prepare(seed)) or states[-1]

    def source():
        yield full()
        assert arrays[0].any()
        raise Failure

    with pytest.raises(Failure):
        list(ext.extract_blocks(source(), b"\xff" * ext.seed_bytes))
    assert not arrays[0].any()
    assert not any(bytes(ffi.buffer(states[0])))


def test_raw_bits_are_wiped_when_the_consumer_stops_half_way(arrays, monkeypatch):
    monkeypatch.setattr(batches, "_BATCH_BITS", 1)
    ext = Toeplitz(64, 16)
    with ext.prepare(b"\xff" * 10) as seed:
        stream = ext.extract_blocks((full() for _ in range(9)), seed)
        next(stream)
        assert arrays[0].any()
        stream.close()
        assert not arrays[0].any()
        assert ext.extract(full(), seed)  # the caller's seed is still good
        forgotten = ext.extract_blocks((full() for _ in range(9)), seed)
        next(forgotten)
        del forgotten
        gc.collect()
        assert not arrays[1].any()


def test_pieces_belong_to_the_caller():
    piece = bytearray(b"\x80" * 8)
    out = list(Toeplitz(64, 16).extract_blocks([piece], bytes(range(10))))
    assert piece == b"\x80" * 8
    assert any(out[0])


def test_a_seed_closed_half_way_stops_the_stream(monkeypatch):
    monkeypatch.setattr(batches, "_BATCH_BITS", 1)
    ext = Toeplitz(64, 16)
    seed = ext.prepare(bytes(10))
    stream = ext.extract_blocks((full() for _ in range(9)), seed)
    next(stream)
    seed.close()
    with pytest.raises(ClosedError):
        next(stream)


def test_each_piece_is_paid_when_it_is_made_and_the_budget_is_not_passed(monkeypatch, arrays):
    monkeypatch.setattr(batches, "_BATCH_BITS", 1)
    ext = Toeplitz.plan(64, 60, -10, blocks=3)
    assert (ext.m, ext.blocks_left) == (38, 3)
    out = []
    with pytest.raises(BudgetError):
        for piece in ext.extract_blocks((full() for _ in range(20)), bytes(ext.seed_bytes)):
            out.append(piece)
    assert ext.blocks_left == 3  # the first batch of four blocks was more than there are
    assert out == []
    assert not arrays[0].any()
    stream = ext.extract_blocks((full() for _ in range(3)), bytes(ext.seed_bytes), blocks=3)
    assert ext.blocks_left == 3
    assert len(b"".join(stream)) == 15
    assert ext.blocks_left == 0


def test_batches_say_how_much_they_took():
    walk = Batches([(b"\xff" * 3, 20), (b"\xff", 7)], 5)
    assert [(bytes(held[:4]), blocks) for held, blocks in walk] == [(b"\xff\xff\xff\xe0", 5)]
    assert walk.taken == 27


def test_threads_share_the_blocks_of_a_stream():
    ext = Toeplitz(101, 37)
    raw = bytes(range(256)) * 20
    seed = bytes(range(ext.seed_bytes))
    raw = raw[: bits.bytes_for(101 * 400)]
    out = b"".join(ext.extract_blocks([raw[:77], raw[77:]], seed, blocks=400, threads=2))
    assert out == ext.extract_blocks(raw, seed, blocks=400)
