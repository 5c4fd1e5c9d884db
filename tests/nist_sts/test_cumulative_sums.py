"""SP 800-22 revision 1a, section 2.13."""

from itertools import accumulate, product

import pytest

from nist_sts import TESTS, Sequence
from nist_sts.cumulative_sums import exact_p_value

cumulative_sums = TESTS["cumulative_sums"]


def test_example_2_13_4() -> None:
    outcome = cumulative_sums(Sequence.from_string("1011010111"), "nist")
    assert outcome.statistics["z"][0] == 4
    assert outcome.p_values[0] == pytest.approx(0.4116586, abs=5e-8)


def test_example_2_13_8(example_100: Sequence) -> None:
    outcome = cumulative_sums(example_100, "nist")
    assert outcome.statistics["z"] == (16, 19)
    assert outcome.p_values == pytest.approx((0.219194, 0.114866), abs=5e-7)


def test_exact_law_counts_every_walk() -> None:
    n = 11
    reached = [max(abs(s) for s in accumulate(steps)) for steps in product((-1, 1), repeat=n)]
    for z in range(1, n + 1):
        share = sum(r >= z for r in reached) / 2**n
        assert exact_p_value(z, n) == pytest.approx(share, rel=1e-12)


def test_corrected_mode_uses_the_exact_law(example_100: Sequence) -> None:
    assert cumulative_sums(Sequence.from_string("1011010111"), "corrected").p_values[0] == pytest.approx(29 / 64)
    assert cumulative_sums(example_100, "corrected").p_values == pytest.approx(
        (0.22183446833045517, 0.11377585860725581), rel=1e-12
    )


def test_small_p_values_keep_their_digits() -> None:
    n = 400
    assert exact_p_value(n, n) == pytest.approx(2.0 ** (1 - n), rel=1e-9)


def test_a_drift_is_found_from_both_ends() -> None:
    drifting = Sequence.from_string("110" * 200 + "100" * 200)
    assert max(cumulative_sums(drifting, "corrected").p_values) < 1e-6
