"""The rules of the error budget: what a plan pays besides the extractor, and what it refuses."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors import Circulant, Dodis, ModifiedToeplitz, Raz, Toeplitz, Trevisan
from qrng.extractors.params import error_left

ALL = [Toeplitz, ModifiedToeplitz, Circulant, Dodis, Trevisan, Raz]
powers = st.fractions(min_value=-150, max_value=0, max_denominator=64)


@given(
    total=powers,
    claim=st.none() | powers,
    seed=st.none() | powers,
    smooth=st.none() | powers,
    blocks=st.integers(1, 1000),
)
def test_everything_together_stays_within_the_total(total, claim, seed, smooth, blocks):
    def power(log2) -> Fraction:
        return Fraction(0) if log2 is None else Fraction(2 ** float(log2))

    spent = power(claim) + power(seed)
    slack = 1 + Fraction(1, 10**9)
    try:
        left = error_left(total, claim, blocks, seed_error=seed, smoothing=smooth)
    except ParameterError as refusal:
        assert "log2_error above" in str(refusal)
        assert (spent + 2 * blocks * power(smooth)) * slack >= power(total)
        return
    # Rule 1: blocks (e + 2 e_s) + e_seed + e_claim <= total, and close to it.
    sum_of_all = blocks * (power(left) + 2 * power(smooth)) + spent
    assert sum_of_all <= power(total) * slack
    assert sum_of_all * slack**2 >= power(total)


@pytest.mark.parametrize("cls", ALL)
def test_smoothing_is_paid_twice_on_each_block(cls):
    n, k, blocks = 2000, 1990, 4
    plain = cls.plan(n, k, -20, blocks)
    smooth = cls.plan(n, k, -20, blocks, log2_smoothing=-24)  # 4 * 2 * 2^-24 is half of 2^-20
    halved = cls.plan(n, k, -21, blocks)
    assert smooth.m == halved.m < plain.m
    assert smooth.planned.log2_error == -20
    assert smooth.planned.costs == {"log2_smoothing": -24}
    with pytest.raises(ParameterError, match="twice the smoothing error"):
        cls.plan(n, k, -20, blocks, log2_smoothing=-23)


@pytest.mark.parametrize("cls", ALL)
def test_the_seeds_error_is_paid_once_however_many_blocks(cls):
    n, k, blocks = 2000, 1990, 4
    ext = cls.plan(n, k, -20, blocks, log2_seed_error=-21)
    assert ext.m == cls.plan(n, k, -21, blocks).m
    with pytest.raises(ParameterError, match=r"the seed's error is 2\^-20, .* log2_error above -20"):
        cls.plan(n, k, -20, blocks, log2_seed_error=-20)


@pytest.mark.parametrize("cls", ALL)
def test_a_claim_that_may_fail_is_paid_once(cls):
    claim = EntropyClaim(1019 / 1024, -21.0, ("none",), "test")
    assert cls.plan(2048, claim, -20, 4).m == cls.plan(2048, 2038, -21, 4).m


@pytest.mark.parametrize("cls", ALL)
def test_bits_that_leaked_are_taken_from_the_min_entropy(cls):
    assert cls.plan(2000, 1990, -20, leaked_bits=30).m == cls.plan(2000, 1960, -20).m
    assert cls.plan(2000, 1990, -20, leaked_bits=30).planned.min_entropy == 1960
    with pytest.raises(ParameterError, match="nothing is left: 1990 bits"):
        cls.plan(2000, 1990, -20, leaked_bits=1990)
    with pytest.raises(ParameterError, match="leaked_bits"):
        cls.plan(2000, 1990, -20, leaked_bits=-1)


@pytest.mark.parametrize("cls", ALL)
def test_a_claim_conditioned_on_an_event_costs_its_improbability(cls):
    assert cls.plan(2000, 1990, -20, log2_event=-30).m == cls.plan(2000, 1960, -20).m


@pytest.mark.parametrize("cls", ALL)
def test_an_either_or_certificate_bounds_the_error_from_below(cls):
    # Rule 2: max(e_EA, e + 2 e_s).
    same = cls.plan(2000, 1990, -20, log2_pass_error=-20)
    assert same.m == cls.plan(2000, 1990, -20).m
    with pytest.raises(ParameterError, match="log2_error of at least -19"):
        cls.plan(2000, 1990, -20, log2_pass_error=-19.5)


@pytest.mark.parametrize("cls", ALL)
def test_a_claim_on_the_whole_string_is_not_divided_by_its_blocks(cls):
    # Rule 4: Hmin(X_i | rest, E) >= k - (n - n_i).
    ext = cls.plan(2000, 2 * 2000 - 40, -20, 2, whole=True)
    assert ext.m == cls.plan(2000, 1960, -20, 2).m
    assert any("string of all blocks" in assumption for assumption in ext.planned.assumptions)
    with pytest.raises(ParameterError, match="nothing is left"):
        cls.plan(2000, 2000, -20, 2, whole=True)
    with pytest.raises(ParameterError, match="a claim is of each sample"):
        cls.plan(2000, EntropyClaim(0.9, None, ("none",), "test"), -20, 2, whole=True)
    with pytest.raises(ParameterError, match="whole is True"):
        cls.plan(2000, 1990, -20, whole=1)


@pytest.mark.parametrize("cls", ALL)
def test_an_estimate_is_called_one(cls):
    def assumptions(error: float | None) -> str:
        claim = EntropyClaim(0.995, error, ("none",), "test")
        return " ".join(cls.plan(2000, claim, -20).planned.assumptions)

    assert "an estimate without error and without adversary" in assumptions(None)
    assert "an estimate" not in assumptions(-math.inf)
    assert "an estimate" not in assumptions(-40.0)


@pytest.mark.parametrize("cls", ALL)
def test_plans_say_that_the_device_must_not_know_the_seed(cls):
    assert any("device does not know the seed" in text for text in cls.plan(2000, 1990, -20).planned.assumptions)


@pytest.mark.parametrize("cls", ALL)
def test_net_output_counts_the_seed_and_strength(cls):
    plan = cls.plan(2000, 1990, -20, 4).planned
    seeds = 1 if cls.strong else 4
    assert plan.net_bits == 4 * plan.m - seeds * plan.seed_bits
    assert plan.strong is (cls is not Raz)


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    "costs",
    [
        {"log2_smoothing": 1},
        {"log2_seed_error": 0.5},
        {"log2_pass_error": "x"},
        {"log2_event": math.nan},
        {"leaked_bits": math.inf},
        {"leaked_bits": True},
        {"whole": "yes"},
    ],
)
def test_costs_out_of_range_are_refused_by_name(cls, costs):
    with pytest.raises(ParameterError, match=next(iter(costs))):
        cls.plan(2000, 1990, -20, **costs)


@pytest.mark.parametrize("cls", ALL)
def test_an_unknown_cost_is_a_mistake_of_the_program(cls):
    with pytest.raises(TypeError, match="no argument 'log2_smoothness'"):
        cls.plan(2000, 1990, -20, log2_smoothness=-30)


def test_a_plan_with_costs_goes_into_a_record():
    plan = Toeplitz.plan(2000, 1990, -20, leaked_bits=Fraction(61, 2), log2_smoothing=-40).planned
    data = json.loads(json.dumps(plan.as_dict()))
    assert data["costs"] == {"leaked_bits": 30.5, "log2_smoothing": -40}
    assert data["strong"] is True


REFUSED = {Toeplitz: (500, 40, -40), Trevisan: (500, 60, -20), Raz: (2500, 1700, -60)}
"""n, k and log2 of an error that leave no output."""


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("costs", [{}, {"leaked_bits": 20}, {"log2_smoothing": -65}, {"log2_event": -3}])
def test_what_a_refusal_says_would_work_does(cls, costs):
    n, k, error = REFUSED.get(cls, REFUSED[Toeplitz])
    with pytest.raises(ParameterError, match="what would work is") as refusal:
        cls.plan(n, k, error, **costs)
    words = str(refusal.value)
    found = 0
    for name in ("min_entropy", "log2_error"):
        if f"{name} of at least " not in words:
            continue
        value = int(words.split(f"{name} of at least ")[1].split(",")[0])
        arguments = {"min_entropy": k, "log2_error": error, **costs}
        assert cls.plan(n, **{**arguments, name: value}).m >= 1
        with pytest.raises(ParameterError):
            cls.plan(n, **{**arguments, name: value - 1})
        found += 1
    assert found
