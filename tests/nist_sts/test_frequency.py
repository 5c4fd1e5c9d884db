"""SP 800-22 revision 1a, section 2.1."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from nist_sts import TESTS, Sequence

frequency = TESTS["frequency"]


def test_example_2_1_4() -> None:
    outcome = frequency(Sequence.from_string("1011010101"), "nist")
    assert outcome.statistics["S"] == 2
    assert outcome.p_values[0] == pytest.approx(0.527089, abs=5e-7)


def test_example_2_1_8(example_100: Sequence) -> None:
    outcome = frequency(example_100, "nist")
    assert outcome.statistics["S"] == -16
    assert outcome.p_values[0] == pytest.approx(0.109599, abs=5e-7)


def test_corrected_p_value_is_the_binomial_tail(example_100: Sequence) -> None:
    tail = Fraction(sum(comb(100, k) for k in range(58, 101)), 2**100)  # |S| = 16: 58 or more of one kind
    (p,) = frequency(example_100, "corrected").p_values
    assert p == pytest.approx(float(2 * tail), rel=1e-12)
    assert p == pytest.approx(0.133211, abs=5e-7)  # where the normal limit has 0.109599


def test_perfect_balance_is_no_evidence() -> None:
    assert frequency(Sequence.from_string("01" * 50), "corrected").p_values == (1.0,)


def test_a_bias_of_one_percent_is_found() -> None:
    biased = np.random.default_rng(23).random(100_000) < 0.52
    for mode in ("nist", "corrected"):
        assert frequency(Sequence(np.packbits(biased)), mode).p_values[0] < 1e-12


def test_corrected_equals_the_normal_limit_for_long_sequences(constants: dict[str, Sequence]) -> None:
    (exact,) = frequency(constants["pi"], "corrected").p_values
    assert exact == pytest.approx(0.5788946604447884, abs=3e-8)  # erfc((|S| - 1) / sqrt 2n), with continuity
    assert frequency(constants["pi"], "nist").p_values[0] == pytest.approx(0.57821085477242307, rel=1e-9)
