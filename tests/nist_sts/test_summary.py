"""Proportion, uniformity and the family verdict."""

import numpy as np
import pytest

from nist_sts.summary import bins, holm, nist_verdict, proportion_band, uniformity


@pytest.mark.parametrize(("s", "nist", "corrected"), [(100, 96, 97), (1000, 980, 981)])
def test_proportion_band_of_section_4_2_1(s: int, nist: int, corrected: int) -> None:
    """NIST STS drops the fraction of its limit and accepts one sequence fewer than the document's band."""
    assert proportion_band(s, "nist")[0] == nist
    assert proportion_band(s, "corrected")[0] == corrected


def test_a_thousand_sequences_may_pass_too_often() -> None:
    assert proportion_band(1000, "nist") == (980, 999)


def test_one_sequence_is_judged_by_its_own_p_value() -> None:
    assert nist_verdict([0.01], "nist")
    assert not nist_verdict([0.0099], "nist")


def test_uniformity_is_silent_below_55_sequences() -> None:
    assert uniformity([0.5] * 54, "corrected") is None
    assert uniformity([0.5] * 55, "corrected") < 1e-50


def test_uniformity_of_evenly_spread_p_values_is_perfect() -> None:
    spread = [(k + 0.5) / 100 for k in range(100)]
    assert uniformity(spread, "corrected") == 1.0
    assert list(bins([0.0, 0.0999, 0.1, 0.9999, 1.0])) == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]


def test_nist_mode_divides_sequences_by_ten_as_integers() -> None:
    spread = [(k % 10 + 0.5) / 10 for k in range(59)]
    # bins 6,6,6,6,6,6,6,6,6,5 against 5 instead of 5.9: chi-square 9 * 1/5
    from scipy.special import gammaincc

    assert uniformity(spread, "nist") == pytest.approx(gammaincc(4.5, 0.9))
    assert uniformity(spread, "corrected") == pytest.approx(gammaincc(4.5, (9 * 0.01 + 0.81) / 5.9 / 2))


def test_holm_steps_down_and_stops_at_the_first_that_stands() -> None:
    p = [0.9, 0.001, 0.0034, 0.004]
    assert holm(p, 0.01) == 0.001  # 0.001 <= 0.01/4; 0.0034 > 0.01/3
    assert holm([0.9, 0.001, 0.003, 0.004], 0.01) == 0.004
    assert holm([0.9, 0.003], 0.005) == -1.0
    assert holm([], 0.01) == -1.0


def test_holm_keeps_the_family_level() -> None:
    generator = np.random.default_rng(22)
    wrong = sum(holm(generator.random(188)) >= 0 for _ in range(4000))
    assert 15 <= wrong <= 68  # Binomial(4000, 0.01), six sigma either side
