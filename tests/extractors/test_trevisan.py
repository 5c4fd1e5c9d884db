"""Trevisan's extractor: the one-bit step, weak designs, known answers, output lengths."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pytest

from qrng import bits
from qrng.errors import BudgetError, ParameterError
from qrng.extractors import Trevisan
from qrng.extractors.gf2 import irreducible
from qrng.extractors.trevisan_bounds import DESIGN_FIELD, block_sizes, design_degree


def product(a: int, b: int, polynomial: int) -> int:
    degree, total = polynomial.bit_length() - 1, 0
    while b:
        if b & 1:
            total ^= a
        a <<= 1
        if a >> degree:
            a ^= polynomial
        b >>= 1
    return total


def places(index: int, count: int, log_t: int) -> list[int]:
    """Elements a t + p(a) of a set of the basic design, a = 0 .. count - 1, p of the base-t digits of `index`."""
    t, field = 1 << log_t, DESIGN_FIELD.get(log_t) or irreducible(log_t)
    digits = []
    while index:
        digits.append(index % t)
        index //= t
    found = []
    for a in range(count):
        value = 0
        for digit in reversed(digits):
            value = product(value, a, field) ^ digit
        found.append(a * t + value)
    return found


def by_definition(ext: Trevisan, raw: list[int], seed: np.ndarray, polynomial: int) -> str:
    degree, log_t = ext.l, design_degree(ext.l)
    raw = raw + [0] * (-len(raw) % degree)
    chunks = [sum(bit << j for j, bit in enumerate(raw[i : i + degree])) for i in range(0, len(raw), degree)]
    out = ""
    for b, size in enumerate(ext.sizes):
        for i in range(size):
            chosen = [int(seed[(b << 2 * log_t) + p]) for p in places(i, 2 * degree, log_t)]
            alpha = sum(bit << j for j, bit in enumerate(chosen[:degree]))
            beta = sum(bit << j for j, bit in enumerate(chosen[degree:]))
            value = 0
            for chunk in chunks:
                value = product(value, alpha, polynomial) ^ chunk
            out += str((value & beta).bit_count() & 1)
    return out


def seed_of(size: int) -> bytes:
    """The rule of extractor_vectors.json: first bits of SHA-256('ts:0')‖SHA-256('ts:1')‖..."""
    return b"".join(hashlib.sha256(f"ts:{i}".encode()).digest() for i in range(-(-size // 32)))[:size]


X = "0101011011110111001111001110011100100010010111001000011010111011000001100011111000000111010010100101"
# extractor_vectors.json, "trevisan_cryptomite" (cryptomite 0.3.0): n, m, l, polynomial of the field, sizes, y.
KNOWN_ANSWERS = [
    (40, 14, 18, (18, 7, 0), [2, 12], "00100011101000"),
    (100, 25, 39, (39, 4, 0), [4, 21], "1100010001101010110100001"),
    (64, 23, 26, (26, 6, 2, 1, 0), [4, 19], "00101000000001110110010"),
]


@pytest.mark.parametrize(("n", "m", "l", "polynomial", "sizes", "out"), KNOWN_ANSWERS)
def test_known_answers(kernel, packed, text, n, m, l, polynomial, sizes, out):  # noqa: E741
    ext = Trevisan(n, m, l, sum(1 << e for e in polynomial))
    assert ext.sizes == sizes
    assert text(ext.extract(packed(X[:n]), seed_of), m) == out


@pytest.mark.parametrize(("n", "m", "l"), [(50, 3, 17), (300, 130, 32), (1000, 90, 64), (1000, 70, 65), (700, 66, 131)])
def test_every_word_length_equals_the_definition(kernel, text, n, m, l):  # noqa: E741
    random = np.random.default_rng(l)
    raw = random.integers(0, 2, n, np.uint8)
    ext = Trevisan(n, m, l)
    seed = random.integers(0, 2, ext.seed_bits, np.uint8)
    expected = by_definition(ext, raw.tolist(), seed, irreducible(l))
    assert text(ext.extract(bits.pack(raw), bits.pack(seed)), m) == expected


def test_more_outputs_than_places_use_longer_polynomials(kernel, text):
    n, m, degree = 700, 600, 17  # t = 64: the first block has more than 64 sets, so polynomials of degree 1
    random = np.random.default_rng(9)
    raw = random.integers(0, 2, n, np.uint8)
    ext = Trevisan(n, m, degree)
    assert max(ext.sizes) > 64
    seed = random.integers(0, 2, ext.seed_bits, np.uint8)
    expected = by_definition(ext, raw.tolist(), seed, irreducible(degree))
    assert text(ext.extract(bits.pack(raw), bits.pack(seed)), m) == expected


def test_block_sizes_on_record():
    # extractor_vectors.json, "weak_designs": block design over GF(8).
    assert block_sizes(12, 8) == [2, 1, 0, 1, 1, 7]


@pytest.mark.parametrize(("m", "log_t"), [(12, 3), (64, 3), (200, 4), (300, 4), (5, 3), (14, 6), (200, 6)])
def test_overlaps_of_the_design_stay_below_their_bound(m, log_t):
    # Weak design with r = 1: the sum over j < i of 2^|S_i and S_j in common| is at most m, for every i. Sets of
    # different blocks have nothing in common and count 1 each.
    t = 1 << log_t
    sets = []
    for b, size in enumerate(block_sizes(m, t)):
        sets += [frozenset((b, place) for place in places(i, t, log_t)) for i in range(size)]
    assert len(sets) == m
    for i, chosen in enumerate(sets):
        assert sum(2 ** len(chosen & other) for other in sets[:i]) <= m


def test_polynomials_are_irreducible():
    # Seroussi, Table of Low-Weight Binary Irreducible Polynomials, HPL-98-135.
    known = {2: (1,), 6: (1,), 7: (1,), 8: (4, 3, 1), 9: (1,), 10: (3,), 16: (5, 3, 1), 18: (3,), 64: (4, 3, 1)}
    known |= {113: (9,), 128: (7, 2, 1), 163: (7, 6, 3), 233: (74,)}
    for degree, terms in known.items():
        if max(terms) < 64:
            assert irreducible(degree) == 1 << degree | sum(1 << e for e in terms) | 1
    with pytest.raises(ParameterError, match="irreducible"):
        Trevisan(100, 10, 18, 1 << 18 | 0b11 | 1 << 2)


@pytest.mark.parametrize(
    ("n", "k", "log2_error", "m", "l", "seed_bits"),
    # extractor-theory: the Trevisan column, cryptomite 0.3.0; the last by formula, where cryptomite fails.
    [
        (1000, 800, -64, 502, 158, 524_288),
        (1000, 800, -20, 676, 71, 393_216),
        (1000, 300, -32, 137, 91, 131_072),
        (10_000, 5000, -64, 4689, 168, 3_145_728),
        (10_000, 9900, -100, 9441, 242, 4_194_304),
        (100, 90, -10, 25, 39, 32_768),
    ],
)
def test_output_lengths(n, k, log2_error, m, l, seed_bits):  # noqa: E741
    ext = Trevisan.plan(n, k, log2_error)
    assert (ext.m, ext.l, ext.seed_bits) == (m, l, seed_bits)


def test_a_plan_for_a_million_bits():
    assert Trevisan.plan(1_000_000, 900_000, -128).m == 899_402  # extractor-theory: "899402 by formula"


def test_a_weak_seed_costs_four_bits_for_each_that_it_lacks():
    uniform = Trevisan.plan(1000, 800, -20)
    weak = Trevisan.plan(1000, 800, -20, seed_min_entropy=uniform.seed_bits - 10, sources="product")
    assert weak.seed_bits == uniform.seed_bits
    assert 0 <= uniform.m - weak.m - 40 <= 1
    assert any("product" in assumption for assumption in weak.planned.assumptions)
    # The one-bit error pays for it too: l follows from e1 = 2^((m - k + 6) / 4).
    assert weak.l == math.ceil(math.log2(1000) + 2 * (1 - (weak.m - 800 + 6) / 4))


def test_a_weak_seed_in_the_markov_model_pays_by_the_generic_theorem():
    # 10 m = k + 4 (k2 - n2) - 4 log m + 18 log e + 9 log(4/3) - 6, extractor-theory, Trevisan, "Markov model".
    ext = Trevisan.plan(1000, 800, -10, seed_min_entropy=2 * 4**10 - 3)
    assert ext.seed_bits == 2 * 4**10
    assert any("Markov" in assumption for assumption in ext.planned.assumptions)

    def needs(m: int) -> float:
        return 10 * m + 4 * 3 + 4 * math.log2(m) + 18 * 10 - 9 * math.log2(4 / 3) + 6

    assert needs(ext.m) <= 800 < needs(ext.m + 1)
    inner = 2 * -10 - ext.m + 2 - math.log2(3)
    assert ext.l == math.ceil(math.log2(1000) + 2 * (1 - (ext.m - (800 + inner) + 6) / 4))
    with pytest.raises(ParameterError, match="markov or product"):
        Trevisan.plan(1000, 800, -10, seed_min_entropy=2 * 4**10, sources="hoped")


@pytest.mark.parametrize(
    ("n", "k", "log2_error", "m"),
    # extractor-theory: "Classical only (654, 741)", which are randextract 0.2.2's lengths for the block design.
    [(1000, 800, -64, 654), (1000, 800, -20, 741)],
)
def test_output_lengths_against_classical_side_information(n, k, log2_error, m):
    ext = Trevisan.plan(n, k, log2_error, quantum_proof=False)
    assert ext.m == m
    assert "classical" in ext.planned.theorem
    # The one-bit extractor's error, from its definition: (1/2) sqrt(2 delta - 1 + 2^(1 - k1)), k1 = k - m.
    collisions = 2 * (math.ceil(n / ext.l) - 1) * 2.0**-ext.l
    assert m * math.sqrt(collisions + 2.0 ** (1 - (k - m))) / 2 <= 2.0**log2_error


def test_a_plan_without_output_is_refused():
    # cryptomite returns m = 0 here without a word.
    with pytest.raises(ParameterError, match="give no output"):
        Trevisan.plan(256, 200, -64)


def test_streams_are_block_after_block(kernel, text):
    ext = Trevisan(101, 37, 20)
    random = np.random.default_rng(4)
    raw = random.integers(0, 2, (5, 101), np.uint8)
    with ext.prepare(random.bytes(ext.seed_bytes)) as seed:
        out = ext.extract_blocks(bits.pack(raw.ravel()), seed, blocks=5)
        single = "".join(text(ext.extract(bits.pack(block), seed), 37) for block in raw)
    assert text(out, 5 * 37) == single


def test_a_bare_map_needs_its_field():
    with pytest.raises(ParameterError, match="needs l"):
        Trevisan(100, 10)
    planned = Trevisan.plan(1000, 800, -20).planned
    again = Trevisan(planned.n, planned.m, **planned.parameters)
    assert again.seed_bits == planned.seed_bits


def test_the_budget_is_counted():
    ext = Trevisan.plan(100, 90, -10)
    raw, seed = bytes(13), bytes(ext.seed_bytes)
    ext.extract(raw, seed)
    with pytest.raises(BudgetError):
        ext.extract(raw, seed)
    with pytest.raises(ParameterError, match="seed"):
        ext.extract(raw, seed[1:])
    with pytest.raises(ParameterError, match="raw"):
        ext.extract(raw[1:], seed)


def test_the_fields_of_designs_are_primitive():
    for log_t, polynomial in DESIGN_FIELD.items():
        powers, value = set(), 1
        for _ in range((1 << log_t) - 1):
            powers.add(value)
            value = product(value, 2, polynomial)
        assert len(powers) == (1 << log_t) - 1


def overlaps(m: int, log_t: int) -> list[int]:
    """Sum over j < i of 2^|S_i and S_j in common|, for each i, over all pairs."""
    sets = []
    for b, size in enumerate(block_sizes(m, 1 << log_t)):
        sets += [frozenset((b, place) for place in places(i, 1 << log_t, log_t)) for i in range(size)]
    assert len(sets) == m
    return [sum(2 ** len(chosen & other) for other in sets[:i]) for i, chosen in enumerate(sets)]


@pytest.mark.parametrize(("log_t", "step"), [(3, 1), (4, 7), (6, 61)])
def test_small_designs_keep_their_overlap(log_t, step):
    # m up to 12 t, or 5 t: r = 1, so no sum is above m. (For t below 2 e, which is not used, sums may be.)
    for m in range(1, (12 if log_t < 6 else 5) << log_t, step):
        assert max(overlaps(m, log_t)) <= m, (m, log_t)


def test_the_overlaps_on_record(test_data):
    record = json.loads((test_data / "golden" / "extractor_vectors.json").read_text())
    block = next(d for d in record["weak_designs"] if d["kind"].startswith("block design over GF(8)"))
    assert overlaps(block["m"], 3) == block["overlap_sums"]
    basic = next(d for d in record["weak_designs"] if d["kind"].startswith("GF(4)"))
    assert [sorted(places(i, 4, 2)) for i in range(basic["m"])] == [sorted(s) for s in basic["sets"]]
    checked = 0
    for row in record["weak_design_overlap"]:
        if row["m"] <= 200:
            assert max(overlaps(row["m"], row["t"].bit_length() - 1)) / row["m"] == pytest.approx(
                row["block_max_over_m"], abs=5e-4
            )
            checked += 1
    assert checked == 2


@pytest.mark.trial
@pytest.mark.parametrize(("m", "log_t", "most"), [(500, 4, 0.998), (1000, 5, 0.999)])
def test_larger_overlaps_on_record(m, log_t, most):
    assert max(overlaps(m, log_t)) / m == pytest.approx(most, abs=5e-4)
