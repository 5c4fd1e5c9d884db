"""Von Neumann, Elias and Peres: known answers, exactness on exchangeable input, rates."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np
import pytest

from qrng import bits
from qrng.errors import EntropyError, ParameterError
from qrng.extractors import Elias, Peres, VonNeumann, extractor_class

# extractor_vectors.json, "seedless_examples", and "known_answers" (von_neumann: cryptomite 0.3.0).
EXAMPLES = [
    ("0010111001", VonNeumann(), "110"),
    ("10000101011110", VonNeumann(), "10001"),
    ("110100011010", VonNeumann(), "0011"),
    ("1000000100010000", VonNeumann(), "100"),
    ("0010111001", Elias(4), "0111"),
    ("0010111001", Elias(8), "001000"),
    ("0010111001", Elias(10), "0100001"),
    ("110100011010", Elias(4), "10000"),
    ("110100011010", Elias(8), "111101"),
    ("110100011010", Elias(12), "0011000"),
    ("1000000100010000", Elias(4), "110000"),
    ("1000000100010000", Elias(8), "101100"),
    ("1000000100010000", Elias(16), "111100111"),
    ("0010111001", Peres(1), "110"),
    ("0010111001", Peres(2), "110000"),
    ("0010111001", Peres(4), "110000"),
    ("110100011010", Peres(2), "0011001"),
    ("1000000100010000", Peres(2), "100100"),
    ("1000000100010000", Peres(3), "1001001"),
    ("1000000100010000", Peres(4), "10010010"),
]


@pytest.mark.parametrize(("raw", "extractor", "expected"), EXAMPLES, ids=str)
def test_known_answers(kernel, packed, text, raw, extractor, expected):
    out, count = extractor.extract(packed(raw), len(raw))
    assert text(out, count) == expected


@pytest.mark.parametrize("extractor", [VonNeumann(), Elias(4), Elias(10), Peres(3), Peres(8)], ids=str)
def test_output_is_exactly_uniform_given_its_length_and_the_weight(extractor):
    n = 10
    seen: dict[tuple[int, int], Counter[bytes]] = {}
    for word in range(2**n):
        raw = bits.pack(np.array([word >> (n - 1 - i) & 1 for i in range(n)], np.uint8))
        out, count = extractor.extract(raw, n)
        seen.setdefault((word.bit_count(), count), Counter())[bytes(out)] += 1
    for (_, count), words in seen.items():
        assert len(words) == 2**count
        assert len(set(words.values())) == 1


@pytest.mark.parametrize(
    ("extractor", "rate"),
    # extractor_vectors.json, "seedless_rates", p = 0.3.
    [
        (VonNeumann(), 0.21),
        (Elias(2), 0.21),
        (Elias(16), 0.630954),
        (Elias(64), 0.803924),
        (Peres(2), 0.369817),
        (Peres(5), 0.657571),
        (Peres(10), 0.826091),
    ],
    ids=str,
)
def test_rates_are_those_of_theory(extractor, rate):
    n = 1 << 20
    raw = bits.pack((np.random.default_rng(1).random(n) < 0.3).astype(np.uint8))
    _, count = extractor.extract(raw)
    assert count / n == pytest.approx(rate, abs=0.004)


def test_elias_yields_the_sum_of_the_powers_of_two_of_each_count():
    block, p = 8, 0.3
    expected = 0.0
    for w in range(block + 1):
        count = comb(block, w)
        powers = [i for i in range(count.bit_length()) if count >> i & 1]
        expected += sum(i * 2**i for i in powers) * p**w * (1 - p) ** (block - w)
    raw = bits.pack((np.random.default_rng(2).random(1 << 20) < p).astype(np.uint8))
    assert Elias(block).extract(raw)[1] / 2**20 == pytest.approx(expected / block, abs=0.004)


def test_constant_and_empty_input_give_nothing():
    for extractor in (VonNeumann(), Elias(), Peres()):
        assert extractor.extract(b"") == (bytearray(), 0)
        assert extractor.extract(bytes(1000)) == (bytearray(), 0)
        assert extractor.extract(b"\xff" * 1000)[1] == 0


def test_a_fixed_length_is_the_first_bits_or_a_refusal(text):
    raw = np.random.default_rng(3).bytes(100)
    whole, count = Peres().extract(raw)
    assert text(Peres().extract_exactly(100, raw), 100) == text(whole, 100)
    with pytest.raises(EntropyError, match=f"gave {count} bits where {count + 1}"):
        Peres().extract_exactly(count + 1, raw)
    with pytest.raises(ParameterError, match="m must be"):
        Peres().extract_exactly(-1, raw)


def test_impossible_parameters_are_refused():
    for make in (lambda: Elias(1), lambda: Elias(65), lambda: Peres(0), lambda: Peres(33), lambda: Elias(4.0)):
        with pytest.raises(ParameterError):
            make()
    with pytest.raises(ParameterError, match="raw holds 8 bits"):
        VonNeumann().extract(b"a", 9)
    with pytest.raises(ParameterError, match="packed bits"):
        VonNeumann().extract("01")
    assert extractor_class("VonNeumann") is VonNeumann
