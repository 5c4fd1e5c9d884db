"""Proportion, uniformity and the family verdict."""

import numpy as np
import pytest

from nist_sts.summary import bins, exact_band, holm, nist_verdict, passing, proportion_band, uniformity


@pytest.mark.parametrize(("s", "nist", "corrected"), [(100, 96, 97), (1000, 980, 981)])
def test_proportion_band_of_section_4_2_1(s: int, nist: int, corrected: int) -> None:
    """NIST STS drops the fraction of its limit and accepts one sequence fewer than the document's band."""
    assert proportion_band(s, "nist")[0] == nist
    assert proportion_band(s, "corrected")[0] == corrected


def test_a_thousand_sequences_may_pass_too_often() -> None:
    assert proportion_band(1000, "nist") == (980, 999)


@pytest.mark.parametrize(("s", "least"), [(1, 0), (100, 93), (1000, 976), (10_000, 9859)])
def test_exact_band_holds_all_188_rows_of_good_data(s: int, least: int) -> None:
    """Where NIST's band, row by row, gives a false alarm in 47 of 100 reports of 100 sequences."""
    assert exact_band(s, 188) == least


def test_one_sequence_is_judged_by_its_own_p_value() -> None:
    assert nist_verdict(1, passing([0.01]), None, "nist")
    assert not nist_verdict(1, passing([0.0099]), None, "nist")


def test_uniformity_is_silent_below_55_sequences() -> None:
    assert uniformity(bins([0.5] * 54), "corrected") is None
    assert uniformity(bins([0.5] * 55), "corrected") < 1e-50


def test_uniformity_of_evenly_spread_p_values_is_perfect() -> None:
    spread = [(k + 0.5) / 100 for k in range(100)]
    assert uniformity(bins(spread), "corrected") == 1.0
    assert bins([0.0, 0.0999, 0.1, 0.9999, 1.0]) == (2, 1, 0, 0, 0, 0, 0, 0, 0, 2)


def test_nist_mode_divides_sequences_by_ten_as_integers() -> None:
    spread = [(k % 10 + 0.5) / 10 for k in range(59)]
    # bins 6,6,6,6,6,6,6,6,6,5 against 5 instead of 5.9: chi-square 9 * 1/5
    from scipy.special import gammaincc

    assert uniformity(bins(spread), "nist") == pytest.approx(gammaincc(4.5, 0.9))
    assert uniformity(bins(spread), "corrected") == pytest.approx(gammaincc(4.5, (9 * 0.01 + 0.81) / 5.9 / 2))


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


@pytest.mark.parametrize("n", [100, 1001])
def test_exact_p_values_are_expected_where_the_lattice_lets_them_fall(n: int) -> None:
    """Ten bins of 20,000 good sequences: P(p < x) as the lattice has it, not x."""
    from nist_sts import TESTS
    from nist_sts.cumulative_sums import exact_p_value as cusum_p
    from nist_sts.frequency import exact_p_value as frequency_p

    generator = np.random.default_rng(7)
    walks = np.cumsum(2 * generator.integers(0, 2, (20_000, n), dtype=np.int8) - 1, axis=1, dtype=np.int16)
    for name, law, statistics in (
        ("frequency", frequency_p, np.abs(walks[:, -1])),
        ("cumulative_sums", cusum_p, np.abs(walks).max(axis=1)),
    ):
        table = {z: law(z, n) for z in np.unique(statistics).tolist()}
        p_values = [table[z] for z in statistics.tolist()]
        attained = TESTS[name].attained
        assert attained is not None
        assert uniformity(bins(p_values), "corrected") < 1e-6
        assert uniformity(bins(p_values), "corrected", lambda x, a=attained: a(x, n)) > 1e-4
        for x in (0.05, 0.3, 0.9):
            share = np.mean(np.array(p_values) < x)
            assert attained(x, n) == pytest.approx(share, abs=0.02)
