"""Any request for a plan is either refused with a ParameterError or met with the longest sound output."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors import Circulant, Dodis, ModifiedToeplitz, Toeplitz, Trevisan

numbers = st.one_of(
    st.integers(-10, 5000),
    st.floats(allow_nan=True, allow_infinity=True, width=64),
    st.fractions(min_value=-10, max_value=5000, max_denominator=1000),
)
errors = st.one_of(
    st.integers(-300, 3), st.floats(-400, 1), st.fractions(min_value=-200, max_value=1, max_denominator=99)
)


def bound(plan, m: int, excess: float) -> float:
    """log2 of the trace distance over all blocks that m bits would have: (1/2) sqrt(A 2^(m - k + L - k2)) a block."""
    deficit = plan.seed_bits - plan.seed_min_entropy
    return -1 + (math.log2(excess) + float(m - plan.min_entropy + deficit)) / 2 + math.log2(plan.blocks)


@settings(deadline=None, max_examples=300)
@given(
    cls=st.sampled_from([Toeplitz, ModifiedToeplitz, Circulant, Dodis]),
    n=st.integers(-1, 5000),
    k=numbers,
    error=errors,
    blocks=st.one_of(st.integers(0, 10), st.integers(1, 2**40)),
    seed=st.one_of(st.none(), st.integers(0, 8000)),
)
def test_linear_plans_are_sound_and_tight(cls, n, k, error, blocks, seed):
    try:
        ext = cls.plan(n, k, error, blocks, seed)
    except ParameterError as refusal:
        assert str(refusal)
        return
    plan = ext.planned
    excess = 1.5 if cls is Dodis else 1.0
    assert 1 <= ext.m < ext.n == n
    assert ext.m <= plan.min_entropy
    assert bound(plan, ext.m, excess) <= plan.log2_error + 1e-9
    if seed is None and ext.m < math.floor(plan.min_entropy):  # the seed of more output may be longer
        assert bound(plan, ext.m + 1, excess) > plan.log2_error - 1e-9
    assert ext.blocks_left == blocks


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 3000), rate=st.fractions(0, 1, max_denominator=50), error=st.integers(-60, 0))
def test_trevisan_plans_are_sound_and_tight(n, rate, error):
    try:
        ext = Trevisan.plan(n, rate * n, error)
    except ParameterError as refusal:
        assert str(refusal)
        return

    def needs(m: int) -> float:
        return m + 4 * math.log2(m) - 4 * error + 6

    assert needs(ext.m) <= ext.planned.min_entropy + 1e-9
    assert needs(ext.m + 1) > ext.planned.min_entropy - 1e-9 or ext.m == n - 1


@given(bits_per_sample=st.floats(0.01, 1), claim_error=st.integers(-200, -1), error=st.integers(-100, -2))
def test_a_claims_error_and_the_extractors_stay_within_the_total(bits_per_sample, claim_error, error):
    claim = EntropyClaim(bits_per_sample, float(claim_error), ("none",), "test")
    try:
        ext = Toeplitz.plan(4000, claim, error)
    except ParameterError:
        assert claim_error >= error or bits_per_sample * 4000 < 2 - 2 * error + 200
        return
    spent = Fraction(2) ** claim_error
    assert math.log2(spent + Fraction(2) ** -1 * Fraction(2 ** bound_of_half(ext))) <= error + 1e-9


def bound_of_half(ext) -> float:
    return float(ext.m - ext.planned.min_entropy) / 2


@pytest.mark.parametrize("cls", [Toeplitz, ModifiedToeplitz, Circulant, Dodis, Trevisan])
def test_every_plan_takes_the_same_arguments(cls):
    ext = cls.plan(2000, min_entropy=1800, log2_error=-20, blocks=2, seed_min_entropy=None, quantum_proof=True)
    assert ext.planned.extractor == cls.name
    assert ext.planned.as_dict()["n"] == 2000
    assert ext.planned.assumptions
