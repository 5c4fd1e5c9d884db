"""Circulant hashing and Dodis et al.: the definition, known answers, and the lengths that are universal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qrng import bits
from qrng.errors import ParameterError
from qrng.extractors import Circulant, Dodis
from qrng.extractors.circulant import log2_excess
from qrng.extractors.primes import has_primitive_root_2, is_prime, next_length, order_of_2


def by_definition(m: int, raw: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """y_i = XOR over j of s[(i+j) mod N] x_j, on one bit a byte; what pads x adds nothing."""
    i, j = np.ogrid[:m, : len(raw)]
    return (seed[(i + j) % len(seed)] & raw).sum(axis=1).astype(np.uint8) & 1


@pytest.mark.parametrize(
    ("n", "m", "raw", "seed", "out"),
    # extractor_vectors.json, "known_answers", circulant (cryptomite 0.3.0).
    [
        (4, 3, "1101", "10110", "011"),
        (10, 8, "1001101011", "01101001100", "01001001"),
        (6, 5, "110010", "1011001", "11100"),  # N = 7, where 2 is no primitive root; first 5 of its 6 bits
    ],
)
def test_known_answers_of_circulant(kernel, packed, text, n, m, raw, seed, out):
    ext = Circulant(n, m, len(seed), any_prime=True)
    assert text(ext.extract(packed(raw), packed(seed)), m) == out


@pytest.mark.parametrize(
    ("n", "m", "raw", "seed", "out"),
    # extractor_vectors.json, "known_answers", dodis (cryptomite 0.3.0).
    [
        (5, 3, "11010", "10110", "011"),
        (11, 8, "10011010110", "01101001100", "01001001"),
        (5, 4, "11111", "10110", "1111"),
    ],
)
def test_known_answers_of_dodis(kernel, packed, text, n, m, raw, seed, out):
    assert text(Dodis(n, m).extract(packed(raw), packed(seed)), m) == out


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), n=st.integers(2, 400), blocks=st.integers(1, 70), entropy=st.integers(0, 2**32))
def test_streams_equal_the_definition(kernel, data, n, blocks, entropy):
    m = data.draw(st.integers(1, n - 1))
    random = np.random.default_rng(entropy)
    raw = random.integers(0, 2, (blocks, n), np.uint8)
    for ext in (Circulant(n, m), Dodis(n, m)):
        seed = random.integers(0, 2, ext.seed_bits, np.uint8)
        expected = np.concatenate([by_definition(m, x, seed) for x in raw])
        out = ext.extract_blocks(bits.pack(raw.ravel()), bits.pack(seed), blocks=blocks)
        assert bytes(out) == bits.pack(expected).tobytes()


def test_sizes_are_the_least_primes_with_primitive_root_2():
    primes = [n for n in range(2, 2000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    good = [p for p in primes if p > 2 and len({pow(2, e, p) for e in range(p - 1)}) == p - 1]
    assert [n for n in range(2000) if is_prime(n)] == primes
    assert [p for p in primes if has_primitive_root_2(p)] == good
    for n in range(2, 1900):
        assert next_length(n) == min(p for p in good if p >= n)


def test_the_orders_of_2_on_record():
    # extractor_vectors.json, circulant_prime_condition.
    for prime in (7, 127, 257, 997, 8191, 10007, 131071):
        assert is_prime(prime)
        assert not has_primitive_root_2(prime)
    assert has_primitive_root_2(101)
    assert has_primitive_root_2(1_000_003)


@pytest.mark.parametrize("cls", [Circulant, Dodis])
def test_lengths_that_are_not_universal_are_refused_with_one_that_is(cls):
    with pytest.raises(ParameterError, match=r"1001 is not prime; .* 1019"):
        cls(900, 100, 1001)
    with pytest.raises(ParameterError, match=r"997 is prime, but 2 is no primitive root.* 1019"):
        cls(900, 100, 997)
    assert cls(900, 100, 997, any_prime=True).seed_bits == 997
    with pytest.raises(ParameterError, match="is not prime"):
        cls(900, 100, 1001, any_prime=True)
    with pytest.raises(ParameterError, match="size"):
        cls(900, 100, 883)
    with pytest.raises(ParameterError, match="below n"):
        cls(10, 10)
    with pytest.raises(ParameterError, match="size"):
        Circulant(10, 5, 10)


def test_plans_pad_to_the_next_length_and_keep_the_min_entropy():
    # extractor_vectors.json, parameter_sets, reference_formulas_of_this_page.
    circulant = Circulant.plan(1000, 800, -64)
    assert (circulant.n, circulant.m, circulant.seed_bits) == (1000, 674, 1019)
    dodis = Dodis.plan(1000, 800, -64)
    assert (dodis.n, dodis.m, dodis.seed_bits) == (1000, 673, 1019)
    assert "derived" in dodis.planned.theorem


@pytest.mark.parametrize(
    ("k", "log2_error", "derived", "classical", "quantum"),
    # extractor_vectors.json, parameter_sets with n = 1000: dodis_bound, dodis_paper_classical, dodis_paper_markov.
    [(800, -64, 673, 673, 58), (800, -20, 761, 761, 128), (300, -32, 237, 237, 9)],
)
def test_output_lengths_of_dodis(k, log2_error, derived, classical, quantum):
    assert Dodis.plan(1000, k, log2_error).m == derived
    assert Dodis.plan(1000, k, log2_error, theorem="published", quantum_proof=False).m == classical
    assert Dodis.plan(1000, k, log2_error, theorem="published").m == quantum
    with pytest.raises(ParameterError, match="derived or published"):
        Dodis.plan(1000, k, log2_error, theorem="hoped")


def test_two_weak_sources_pay_for_what_both_lack():
    assert Dodis.plan(1000, 800, -64, seed_min_entropy=919).m == 573
    assert Circulant.plan(1000, 800, -64, seed_min_entropy=919).m == 574
    with pytest.raises(ParameterError, match="too weak"):
        Dodis.plan(1000, 800, -64, seed_min_entropy=100)


def test_small_families_are_two_universal_only_with_primitive_root_2():
    # Exhaustive: every pair of different inputs collides on at most 2^-m of the seeds.
    def worst(size: int, n: int, m: int) -> float:
        seeds = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
        most = 0.0
        for difference in range(1, 2**n):
            x = (difference >> np.arange(n)) & 1
            y = np.stack([(seeds[:, (i + np.arange(n)) % size] & x).sum(axis=1) % 2 for i in range(m)])
            most = max(most, float((y.sum(axis=0) == 0).mean()))
        return most

    assert worst(5, 4, 3) <= 2**-3
    assert worst(11, 10, 7) <= 2**-7
    assert worst(7, 6, 3) <= 2**-3
    assert worst(7, 6, 4) > 2**-4  # extractor_vectors.json: universality fails from m = 4 for N = 7


def divisor_degrees(size: int) -> list[int]:
    """Degrees of the divisors of z^N - 1: it is z - 1 times (N - 1) / o different factors of degree o."""
    order = order_of_2(size)
    t = (size - 1) // order
    return sorted(j * order + b for j in range(t + 1) for b in (0, 1) for _ in range(math.comb(t, j)))


@pytest.mark.parametrize(("size", "m"), [(7, 3), (7, 4), (7, 6), (17, 8), (17, 9), (17, 15), (31, 20)])
def test_the_excess_of_a_prime_counts_divisors(size, m):
    counted = sum(degree < m for degree in divisor_degrees(size)) - 1
    expected = 0.0 if m <= order_of_2(size) else math.log2(counted)
    assert float(log2_excess(size, m)) == pytest.approx(expected)


@pytest.mark.parametrize(("size", "m", "bits_lost"), [(997, 668, 3.7), (257, 72, 12.3), (10_007, 4866, 0)])
def test_the_excess_on_record(size, m, bits_lost):
    assert float(log2_excess(size, m)) == pytest.approx(bits_lost, abs=0.05)  # extractor-theory, section 1


@pytest.mark.parametrize(("size", "m"), [(5, 3), (7, 3), (7, 4), (7, 5), (11, 9), (17, 9), (17, 12)])
def test_the_excess_bounds_the_collisions_of_all_differences(size, m):
    # A = sum over differences D of max(0, P_s[f_s(D) = 0] - 2^-m), by the rank of each difference's matrix.
    n = size - 1
    excess = 0.0
    for difference in range(1 << n):
        rows = [0] * m
        for i in range(m):
            rows[i] = (difference << i | difference >> (size - i)) & ((1 << size) - 1)
        rank = 0
        while rows:
            pivot = rows.pop()
            if pivot:
                rank += 1
                rows = [row ^ pivot if row & pivot & -pivot else row for row in rows]
        excess += max(0.0, 2.0**-rank - 2.0**-m)
    assert excess <= 2 ** float(log2_excess(size, m))
    if m <= order_of_2(size):
        assert excess < 1


def test_a_plan_for_any_prime_pays_for_its_divisors():
    # 801 - 3.7 bits and so on: the prime of cryptomite for n = 996 (its claim: 668).
    ext = Circulant.plan(996, 800, -64, size=997)
    assert (ext.seed_bits, ext.m) == (997, 670)
    assert ext.m + float(log2_excess(997, ext.m)) <= 674
    assert ext.m + 1 + float(log2_excess(997, ext.m + 1)) > 674
    assert "log2 D" in ext.planned.theorem
    again = Circulant(996, ext.m, **ext.planned.parameters)
    assert again.seed_bits == 997
    assert Circulant.plan(996, 800, -64, size=1019).m == 674
    with pytest.raises(ParameterError, match="is not prime"):
        Circulant.plan(996, 800, -64, size=1001)
    with pytest.raises(ParameterError, match="above n"):
        Circulant.plan(1000, 800, -64, size=997)


def test_the_excess_of_a_plan_is_monotone():
    for size in (7, 17, 127, 997):
        found = [log2_excess(size, m) for m in range(1, size)]
        assert found == sorted(found)
