"""SP 800-22 revision 1a, section 2.9."""

import math

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.base import NotApplicable
from nist_sts.universal import _STS_MOMENTS, exact_moments, statistic
from qrng.errors import ParameterError

universal = TESTS["universal"]


def test_example_2_9_4() -> None:
    f, tested = statistic(Sequence.from_string("01011010011101010111"), 2, 4)
    assert (f, tested) == (pytest.approx(1.1949875), 6)


def test_document_table_is_the_exact_moments_to_three_decimals() -> None:
    for width in range(6, 13):
        mean, variance = _STS_MOMENTS[width]
        assert exact_moments(width) == (pytest.approx(mean, abs=2e-6), pytest.approx(variance, abs=1e-3))


def test_correction_shows_on_pi(constants: dict[str, Sequence]) -> None:
    outcome = universal(constants["pi"], "nist")
    assert (outcome.statistics["L"], outcome.statistics["K"]) == (7, 141_577)
    assert outcome.p_values[0] == pytest.approx(0.669012, abs=5e-7)
    assert universal(constants["pi"], "corrected").p_values[0] == pytest.approx(0.676118, abs=5e-7)


def test_exact_standard_deviation_is_that_of_good_sequences() -> None:
    """L = 6, K = 64,000: the factor of 1992 is 3.9 % too small, its variance 7.3 %."""
    generator = np.random.default_rng(14)
    values = []
    for _ in range(1500):
        sequence = Sequence(generator.bytes(387_840 // 8))
        values.append(statistic(sequence, 6, 640)[0])
    sigmas = {m: universal(sequence, m).statistics["sigma"] for m in ("nist", "corrected")}
    z = (np.array(values) - exact_moments(6)[0]) / sigmas["corrected"]
    assert np.var(z) == pytest.approx(1, abs=4 * math.sqrt(2 / 1500))
    assert sigmas["corrected"] / sigmas["nist"] == pytest.approx(1.0386, abs=5e-5)
    assert abs(np.mean(z)) < 4 / math.sqrt(1500)


def test_repetition_is_found() -> None:
    data = np.random.default_rng(15).bytes(60_000)
    assert universal(Sequence(data[:30_000] * 2)).p_values[0] > 1e-12  # farther apart than the blocks remember
    assert universal(Sequence(data[:40] * 1500)).p_values[0] < 1e-100


def test_too_short_for_its_blocks(example_100: Sequence) -> None:
    with pytest.raises(NotApplicable, match="needs n ≥ 3,846"):
        universal(example_100)
    with pytest.raises(ParameterError, match="0 \\(chosen by the length\\) or 6 to 16"):
        universal(example_100, block_length=5)
