"""Bit strings: packing, slicing and counting agree with plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng import bits
from qrng.errors import ParameterError


def as_text(packed: np.ndarray, n: int) -> str:
    return "".join(f"{byte:08b}" for byte in packed.tolist())[:n]


@given(st.integers(1, 32), st.data())
def test_packing_writes_each_symbol_highest_bit_first(width: int, data: st.DataObject) -> None:
    symbols = data.draw(st.lists(st.integers(0, 2**width - 1), max_size=50))
    packed = bits.pack(np.array(symbols, np.uint64), width)
    wanted = "".join(f"{symbol:0{width}b}" for symbol in symbols)
    assert as_text(packed, len(wanted)) == wanted
    assert len(packed) == bits.bytes_for(len(wanted))
    assert bits.count(packed) == wanted.count("1")
    assert bits.unpack(packed, len(symbols), width).tolist() == symbols


@given(st.binary(max_size=60), st.data())
def test_extract_and_copy_keep_every_bit_in_its_place(raw: bytes, data: st.DataObject) -> None:
    text = "".join(f"{byte:08b}" for byte in raw)
    start = data.draw(st.integers(0, len(text)))
    n = data.draw(st.integers(0, len(text) - start))
    part = bits.extract(raw, start, n)
    assert as_text(part, 8 * len(part)) == text[start : start + n].ljust(8 * len(part), "0")
    assert bits.count(raw, n, start) == text[start : start + n].count("1")

    to = data.draw(st.integers(0, 30))
    target = np.full(bits.bytes_for(to + n), 0xFF, np.uint8)
    bits.copy(target, to, raw, start, n)
    assert as_text(target, to + n) == "1" * to + text[start : start + n]


def test_one_bit_symbols_agree_with_numpy() -> None:
    values = np.random.default_rng(1).integers(0, 2, 10_000).astype(np.uint8)
    assert (bits.pack(values) == np.packbits(values)).all()
    assert (bits.unpack(np.packbits(values), values.size) == values).all()
    assert (bits.reverse_bytes(np.packbits(values)) == np.packbits(values, bitorder="little")).all()


def test_counting_agrees_on_every_kernel(kernel: str) -> None:
    raw = np.random.default_rng(2).bytes(5000)
    for start, n in ((0, 40_000), (3, 39_990), (13, 1), (39_999, 1), (17, 0)):
        text = "".join(f"{byte:08b}" for byte in raw)[start : start + n]
        assert bits.count(raw, n, start) == text.count("1"), kernel


@pytest.mark.parametrize(
    ("symbols", "width"),
    [([2], 1), ([256], 8), ([-1], 4), ([1 << 32], 32), ([0.5], 1), ([[1]], 1), ([1], 0), ([1], 33)],
)
def test_what_does_not_fit_is_refused(symbols: list[object], width: int) -> None:
    with pytest.raises(ParameterError):
        bits.pack(np.array(symbols), width)


def test_a_range_past_the_buffer_is_refused() -> None:
    for call in (
        lambda: bits.unpack(b"\0", 9),
        lambda: bits.extract(b"\0", 1, 8),
        lambda: bits.count(b"\0", 9),
        lambda: bits.extract(b"\0", -1, 4),
        lambda: bits.copy(bytearray(1), 4, b"\0", 0, 5),
    ):
        with pytest.raises(ParameterError):
            call()


@given(st.integers(8, 32), st.data())
def test_narrow_keeps_the_highest_or_the_lowest_bits(width, data):
    symbols = np.array(data.draw(st.lists(st.integers(0, 2**width - 1), max_size=20)), np.uint32)
    assert bits.narrow(symbols, width, high=True).tolist() == [int(s) // 2 ** (width - 8) for s in symbols]
    assert bits.narrow(symbols, width, high=False).tolist() == [int(s) % 256 for s in symbols]


def test_narrow_refuses_more_bits_than_there_are():
    with pytest.raises(ParameterError, match="8 bits"):
        bits.narrow(np.zeros(1, np.uint32), 7, high=True)
