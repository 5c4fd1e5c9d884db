"""Output lengths and errors, in exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors import params

positive = st.fractions(min_value=Fraction(1, 10**6), max_value=10**9)


@given(positive)
def test_log2_bounds_enclose_the_logarithm(x):
    low, high = params.log2_bounds(x)
    assert low <= high <= low + Fraction(1, 2**63)
    assert abs(float(low) - math.log2(x)) < 1e-9


@given(st.integers(1, 2000), st.integers(1, 40))
def test_log2_bounds_are_rigorous(x, denominator):
    low, high = params.log2_bounds(Fraction(x))
    # A rational p/q is below log2 x iff 2^p <= x^q: checked with whole numbers on coarser bounds.
    q = denominator
    assert 2 ** max(0, math.floor(low * q)) <= x**q
    assert 2 ** math.ceil(high * q) >= x**q


@given(st.integers(0, 100))
def test_log2_of_a_power_of_two_is_exact(e):
    assert params.log2_bounds(2**e) == (e, e)
    assert params.log2_bounds(Fraction(1, 2**e)) == (-e, -e)


@given(st.fractions(min_value=-400, max_value=0, max_denominator=1000))
def test_exp2_upper_is_above_and_close(power):
    value = params.exp2_upper(power)
    low, high = params.log2_bounds(value)
    assert high >= power
    assert low - power < Fraction(1, 2**59)


def test_exp2_of_a_whole_power_is_exact():
    assert params.exp2_upper(Fraction(-64)) == Fraction(1, 2**64)
    assert params.exp2_upper(Fraction(0)) == 1


def test_blocks_share_the_error():
    assert params.error_left(-64, blocks=2**32) == -96
    three = params.error_left(-64, blocks=3)
    assert three < -64 - Fraction(math.log2(3)) + Fraction(1, 2**50)
    assert float(three) == pytest.approx(-64 - math.log2(3))


def test_a_claims_error_is_paid_from_the_budget():
    left = params.error_left(-64, Fraction(-65))
    assert left == -65  # 2^-64 - 2^-65
    assert params.error_left(-64, Fraction(-200)) < -64
    assert params.error_left(-64, None) == -64


def test_a_claim_that_fails_too_often_is_refused_with_what_would_work():
    with pytest.raises(ParameterError, match="above -40, such as -39"):
        params.error_left(-64, Fraction(-40))


def test_min_entropy_of_a_claim_counts_whole_symbols():
    claim = EntropyClaim(2.5, -70.0, ("none",), "test", bits_per_symbol=4)
    assert params.min_entropy_of(1002, claim) == (625, -70)
    certain = EntropyClaim(0.5, -math.inf, ("none",), "test")
    assert params.min_entropy_of(10, certain) == (5, None)
    estimate = EntropyClaim(0.5, None, ("none",), "test")
    assert params.min_entropy_of(10, estimate) == (5, None)


@pytest.mark.parametrize("k", [0, -1, 11, 10.5, math.inf, math.nan, True, "8"])
def test_impossible_min_entropy_is_refused(k):
    with pytest.raises(ParameterError, match="min_entropy"):
        params.min_entropy_of(10, k)


@pytest.mark.parametrize(
    ("log2_error", "blocks"), [(1, 1), (0.5, 1), (-math.inf, 1), (-64, 0), (-64, 1.5), (-64, True)]
)
def test_impossible_errors_and_blocks_are_refused(log2_error, blocks):
    with pytest.raises(ParameterError, match=r"log2_error|blocks"):
        params.error_left(log2_error, blocks=blocks)
