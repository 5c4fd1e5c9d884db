"""The pool gives each byte once, XORed with system bytes unless pure, and keeps nothing of what it gave."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.pool import SMALL, Pool

DATA = bytes(range(1, 256)) * 40


@given(st.lists(st.integers(1, SMALL), max_size=12), st.booleans())
def test_any_mix_of_small_and_large_reads_gives_the_bytes_in_order(sizes: list[int], into: bool) -> None:
    pool = Pool(pure=True)
    pool.fill(bytearray(DATA))
    got = b""
    for size in sizes:
        n = min(size, pool.left)
        if into:
            part = bytearray(n)
            assert pool.take_into(memoryview(part)) == n
        else:
            part = pool.take_small(n)
        got += part
        into = not into
        assert DATA[: len(got)] == got
        assert not any(pool.data[: len(got)])
        assert pool.data[len(got) :] == DATA[len(got) :]
        assert pool.left == len(DATA) - len(got)


@pytest.mark.parametrize("n", [1, 32, SMALL])
def test_each_delivery_is_xored_with_system_bytes_drawn_for_it(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    drawn = []

    def urandom(count: int) -> bytes:
        drawn.append(np.random.default_rng(len(drawn)).bytes(count))
        return drawn[-1]

    monkeypatch.setattr(os, "urandom", urandom)
    pool = Pool(pure=False)
    pool.fill(bytearray(DATA))
    small = pool.take_small(n)
    large = bytearray(n)
    pool.take_into(memoryview(large))
    assert [len(part) for part in drawn] == [n, n]
    for got, start, fresh in ((small, 0, drawn[0]), (large, n, drawn[1])):
        assert got == bytes(a ^ b for a, b in zip(DATA[start : start + n], fresh, strict=True))


def test_its_own_copy_of_a_small_read_is_wiped_even_if_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(pure=True)
    pool.fill(bytearray(DATA))
    pool.take_small(100)
    assert not any(pool._small)

    class Failing:
        def __getitem__(self, _: slice) -> bytes:
            assert any(pool._small)
            raise MemoryError

    monkeypatch.setattr(pool, "_small_view", Failing())
    with pytest.raises(MemoryError):
        pool.take_small(100)
    assert not any(pool._small)
    assert pool.left == len(DATA) - 200  # lost, not given again


def test_if_the_system_gives_no_bytes_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def urandom(_: int) -> bytes:
        raise OSError("no entropy source")

    monkeypatch.setattr(os, "urandom", urandom)
    pool = Pool(pure=False)
    pool.fill(bytearray(DATA))
    for take in (lambda: pool.take_small(10), lambda: pool.take_into(memoryview(bytearray(10)))):
        with pytest.raises(OSError, match="no entropy"):
            take()
    assert pool.data == DATA
    assert pool.left == len(DATA)


def test_filling_again_and_wiping_overwrite_what_was_left() -> None:
    pool = Pool(pure=True)
    first, second = bytearray(DATA), bytearray(DATA)
    pool.fill(first)
    pool.fill(second)
    assert not any(first)
    pool.wipe()
    assert not any(second)
    assert pool.left == 0
