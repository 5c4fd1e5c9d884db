"""Tail probabilities against sums in exact arithmetic, and against facts that hold at any size."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from nist_sts.cumulative_sums import exact_p_value
from nist_sts.distributions import binomial_upper_tail, chi_square_tail, chi_square_tails


def even_tail(degrees: int, statistic: float) -> float:
    """P(chi-square >= x) = e^(-x/2) sum over k < degrees/2 of (x/2)^k / k!, with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        x, term, total = Decimal(statistic) / 2, Decimal(1), Decimal(0)
        for k in range(degrees // 2):
            total += term
            term = term * x / (k + 1)
        return float((-x).exp() * total)


@pytest.mark.parametrize("degrees", [2, 4, 6, 8, 16, 30, 128, 1024, 7812, 65_536])
def test_chi_square_of_even_degrees(degrees: int) -> None:
    sd = math.sqrt(2 * degrees)
    statistics = [degrees + t * sd for t in (-3.9, -1.5, -0.2, 0, 0.1, 1, 3, 8, 20) if degrees + t * sd > 0]
    expected = [even_tail(degrees, x) for x in statistics]
    assert chi_square_tails(statistics, degrees).tolist() == pytest.approx(expected, rel=1e-12, abs=0)


def test_chi_square_of_odd_degrees() -> None:
    """One degree is erfc; two more add 2 (x/2)^(d/2) e^(-x/2) / d Gamma(d/2)."""
    for x in (0.01, 0.5, 1.0, 4.0, 9.0, 30.0, 100.0):
        tail = math.erfc(math.sqrt(x / 2))
        for degrees in range(1, 40, 2):
            assert chi_square_tail(x, degrees) == pytest.approx(tail, rel=1e-12, abs=0)
            half = degrees / 2
            tail += math.exp(half * math.log(x / 2) - x / 2 - math.lgamma(half + 1))


def test_chi_square_of_many_degrees_is_wilson_and_hilferty_s() -> None:
    """(x/d)^(1/3) is normal with mean 1 - 2/9d and variance 2/9d, to a few parts in d (Wilson and Hilferty 1931)."""
    for degrees in (10**7, 2**25, 2**31):
        for t in (-6, -1, 0, 2, 6):
            x = degrees + t * math.sqrt(2 * degrees)
            z = ((x / degrees) ** (1 / 3) - (1 - 2 / (9 * degrees))) / math.sqrt(2 / (9 * degrees))
            smaller = min(chi_square_tail(x, degrees), 1 - chi_square_tail(x, degrees))
            assert smaller == pytest.approx(math.erfc(abs(z) / math.sqrt(2)) / 2, rel=2e-6)


def test_chi_square_at_the_ends() -> None:
    assert chi_square_tails([0.0, 1e-300, 1e9, 1e300, math.inf], 5).tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert math.isnan(chi_square_tail(math.nan, 5))


@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 100), Fraction(3, 4)])
@pytest.mark.parametrize("n", [1, 2, 10, 60])
def test_binomial_tail(n: int, share: Fraction) -> None:
    exact = Fraction(0)
    rounded = Fraction(float(share))  # what the function is given
    for k in range(n, 0, -1):
        exact += math.comb(n, k) * rounded**k * (1 - rounded) ** (n - k)
        assert binomial_upper_tail(k, n, float(share)) == pytest.approx(float(exact), rel=1e-12, abs=1e-300)
    assert binomial_upper_tail(0, n, float(share)) == 1
    assert binomial_upper_tail(-3, n) == 1
    assert binomial_upper_tail(n + 1, n) == 0


@pytest.mark.parametrize("n", [10**4, 10**6, 2**32])
def test_half_of_a_fair_coin_s_tosses(n: int) -> None:
    """P(X >= n/2) = 1/2 + C(n, n/2) 2^-n / 2, and C(2m, m) 4^-m = (1 - 1/8m + 1/128m^2 ...) / sqrt(pi m)."""
    m = n // 2
    middle = (1 - 1 / (8 * m) + 1 / (128 * m * m)) / math.sqrt(math.pi * m)
    assert binomial_upper_tail(m, n) == pytest.approx(0.5 + middle / 2, rel=1e-14)
    assert binomial_upper_tail(m + 1, n) == pytest.approx(0.5 - middle / 2, rel=1e-12)


@pytest.mark.parametrize("n", [128, 1001])
def test_largest_excursion_by_counting_all_walks(n: int) -> None:
    """P(max |S_k| >= z), from the exact distribution of walks that stay inside."""
    for z in (1, 2, 3, 5, 8, 20, 60, n):
        inside = np.zeros(2 * z + 1)
        inside[z] = 1.0
        for _ in range(n):
            inside[1:-1], inside[0], inside[-1] = (inside[:-2] + inside[2:]) / 2, 0.0, 0.0
        assert exact_p_value(z, n) == pytest.approx(1 - inside[1:-1].sum(), rel=1e-9, abs=2e-15)


@pytest.mark.parametrize("n", [10**6, 2**32])
def test_a_walk_that_goes_nowhere_is_no_long_sum(n: int) -> None:
    assert exact_p_value(1, n) == 1.0
    assert exact_p_value(math.isqrt(n) // 5, n) == pytest.approx(1, abs=1e-12)
