"""The bound on a predictor's local success, against the recurrence for runs of successes."""

import math

import pytest

from qrng.entropy.sp800_90b.prediction import local_bound


def no_run(p: float, r: int, n: int) -> float:
    """Probability that n trials of success probability p hold no r successes in a row, by the exact recurrence."""
    a = [1.0] * r + [1 - p**r]
    for _ in range(n - r):
        a.append(a[-1] - (1 - p) * p**r * a[-r - 1])
    return a[n]


@pytest.mark.parametrize(("r", "n"), [(4, 1000), (10, 5000), (20, 20_000), (60, 3000)])
def test_a_run_as_long_as_the_longest_has_probability_one_percent(r, n):
    p = local_bound(r, n, 0.001)
    assert no_run(p, r, n) == pytest.approx(0.99, abs=2e-5)  # the standard's formula is an approximation


def test_the_reference_tools_value_on_a_lag_predictor():
    # SP 800-90B reference tool on the transposed truerand_8bit.bin: C = 3966, N = 999999, r = 4.
    assert local_bound(4, 999_999, 0.0041278981200698443) == pytest.approx(0.010037855165311495, abs=1e-12)


def test_none_where_the_global_bound_is_larger_already():
    assert local_bound(20, 999_999, 0.5006) is None
    assert local_bound(20, 999_999, 1.0) is None


def test_a_predictor_that_was_always_right_leaves_nothing():
    p = local_bound(1000, 999, 0.9)
    assert p is None or math.isclose(p, 1.0, abs_tol=1e-2)
