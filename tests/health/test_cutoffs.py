"""Cutoffs of SP 800-90B 4.4: against tables computed with R-style binomial quantiles, and against their definition."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from qrng.errors import ParameterError
from qrng.health.cutoffs import (
    apt_cutoff,
    apt_cutoff_corrected,
    apt_cutoff_nist,
    apt_window,
    exact,
    rct_cutoff,
)

ALPHAS = (-20, -30, -40)

RCT = {
    1: (21, 31, 41),
    0.9: (24, 35, 46),
    0.8: (26, 39, 51),
    0.5: (41, 61, 81),
    0.3: (68, 101, 135),
    8: (4, 5, 6),
    7: (4, 6, 7),
    4: (6, 9, 11),
}
APT_1024 = {
    1: (589, 609, 625),
    0.95: (607, 627, 643),
    0.9: (625, 645, 661),
    0.8: (664, 683, 699),
    0.7: (705, 723, 739),
    0.5: (793, 810, 824),
    0.3: (890, 904, 915),
    0.1: (991, 999, 1005),
}
APT_512 = {
    8: (13, 16, 19),
    7: (18, 22, 26),
    6: (25, 31, 35),
    5: (39, 46, 51),
    4: (62, 71, 78),
    3: (103, 114, 123),
    2: (177, 190, 201),
    1: (311, 325, 336),
    0.5: (410, 422, 432),
}


@pytest.mark.parametrize("claim", RCT)
def test_rct_cutoffs_are_those_of_the_table(claim: float) -> None:
    assert tuple(rct_cutoff(claim, alpha) for alpha in ALPHAS) == RCT[claim]


@pytest.mark.parametrize(("window", "table"), [(1024, APT_1024), (512, APT_512)])
def test_apt_cutoffs_of_the_standard_are_those_of_the_table(window: int, table: dict[float, tuple[int, ...]]) -> None:
    for claim, cutoffs in table.items():
        assert tuple(apt_cutoff_nist(window, claim, alpha) for alpha in ALPHAS) == cutoffs


def tail(n: int, claim: int, at_least: int) -> Fraction:
    """P(Binomial(n, 2^-claim) >= at_least), exactly."""
    p = Fraction(1, 2**claim)
    return sum((comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(at_least, n + 1)), Fraction(0))


@pytest.mark.parametrize("claim", [1, 2, 4, 8])
@pytest.mark.parametrize("alpha", [-20, -40, -80])
def test_the_corrected_cutoff_is_the_least_that_keeps_alpha(claim: int, alpha: int) -> None:
    cutoff = apt_cutoff_corrected(512, claim, alpha)
    assert tail(511, claim, cutoff - 1) <= Fraction(1, 2**-alpha) < tail(511, claim, cutoff - 2)


def test_the_cutoff_in_use_is_the_larger_of_the_two() -> None:
    for claim in (0.1, 0.5, 0.7, 1, 3, 8):
        for alpha in ALPHAS:
            nist, corrected = (f(1024, claim, alpha) for f in (apt_cutoff_nist, apt_cutoff_corrected))
            assert corrected - nist in (0, 1)
            assert apt_cutoff(1024, claim, alpha) == max(nist, corrected)
    assert apt_cutoff(1024, 1, -40) == 626


def test_a_float_claim_is_the_decimal_that_prints_it() -> None:
    assert exact(0.3) == Fraction(3, 10)
    assert rct_cutoff(0.3, -30) == rct_cutoff(Fraction(3, 10), -30) == 101


def test_a_claim_too_low_for_the_window_gives_a_cutoff_that_cannot_be_reached() -> None:
    assert apt_cutoff(512, 0.01, -40) == 513


def test_windows_are_1024_for_bits_and_512_for_all_else() -> None:
    assert [apt_window(width) for width in (1, 2, 8, 32)] == [1024, 512, 512, 512]


@pytest.mark.parametrize("claim", [0, -1, float("nan"), float("inf")])
def test_a_claim_that_is_no_positive_number_is_refused(claim: float) -> None:
    with pytest.raises(ParameterError, match="claim"):
        rct_cutoff(claim)


@pytest.mark.parametrize("alpha", [0, 1, -1025])
def test_an_alpha_outside_its_range_is_refused(alpha: int) -> None:
    with pytest.raises(ParameterError, match="alpha"):
        apt_cutoff(512, 1, alpha)
