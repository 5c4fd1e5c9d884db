"""SP 800-22 revision 1a, section 2.10."""

import numpy as np
import pytest

from nist_sts import TESTS, Sequence, kernels
from nist_sts.distributions import goodness_of_fit
from nist_sts.linear_complexity import classes, exact_probabilities, mean
from qrng.errors import ParameterError

linear_complexity = TESTS["linear_complexity"]


def test_example_2_10_4() -> None:
    sequence = Sequence.from_string("1101011110001")
    assert np.flatnonzero(sequence.measured(kernels.complexities(1, 13)).counts).tolist() == [4]
    assert mean(13, "corrected") == pytest.approx(6.777222, abs=5e-7)
    assert -(4 - mean(13, "corrected")) + 2 / 9 == pytest.approx(2.999444, abs=5e-7)


def test_example_2_10_8(e_bits: bytes) -> None:
    """The document counts with .01047, a misprint of 1/96 = .010417 that NIST's program shares."""
    outcome = linear_complexity(Sequence(e_bits), "nist", block_length=1000)
    assert outcome.statistics["nu"] == [11, 31, 116, 501, 258, 57, 26]
    assert outcome.statistics["chi2"] == pytest.approx(2.700348, abs=5e-7)
    assert outcome.p_values[0] == pytest.approx(0.845406, abs=5e-7)
    exact = linear_complexity(Sequence(e_bits), "corrected", block_length=1000)
    assert exact.p_values[0] == pytest.approx(0.844738, abs=5e-7)


def test_complexities_of_all_strings_of_ten_bits() -> None:
    packed = np.packbits((np.arange(1024)[:, None] >> np.arange(9, -1, -1)) & 1)
    counts = Sequence(packed).measured(kernels.complexities(1024, 10)).counts
    assert counts.tolist() == [1, *(2 ** min(20 - 2 * k, 2 * k - 1) for k in range(1, 11))]
    nu = np.bincount(classes(10, "corrected"), weights=counts, minlength=7)
    assert exact_probabilities(10) == pytest.approx(tuple(nu / 1024))


def test_probabilities_of_long_blocks_are_the_limit() -> None:
    limit = (1 / 96, 1 / 32, 1 / 8, 1 / 2, 1 / 4, 1 / 16, 1 / 48)
    assert exact_probabilities(500) == pytest.approx(limit, rel=1e-14)
    assert exact_probabilities(501) == pytest.approx(limit, rel=1e-14)


def test_sign_of_the_mean_moves_no_block_to_another_class() -> None:
    for length in (500, 501, 1000, 5000):
        assert classes(length, "nist") == classes(length, "corrected")


def test_correction_shows_on_pi(constants: dict[str, Sequence]) -> None:
    assert linear_complexity(constants["pi"], "nist").p_values[0] == pytest.approx(0.255475, abs=5e-7)
    assert linear_complexity(constants["pi"], "corrected").p_values[0] == pytest.approx(0.246801, abs=5e-7)


def test_a_short_shift_register_is_found() -> None:
    """x^31 + x^3 + 1: every other test is content with it for a long time."""
    state = np.random.default_rng(21).integers(0, 2, 31).tolist()
    for k in range(31, 480 * 200):
        state.append(state[k - 28] ^ state[k - 31])
    sequence = Sequence(np.packbits(state))
    outcome = linear_complexity(sequence, "corrected", block_length=200)
    assert outcome.statistics["nu"][0] == 480
    assert outcome.p_values[0] == 0
    assert goodness_of_fit([480, 0], [0.5, 0.5])[1] < 1e-100
    assert TESTS["frequency"](sequence).p_values[0] > 1e-4


def test_parameters_out_of_range_are_refused(example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="10 to 10,000"):
        linear_complexity(example_100, block_length=9)
