"""SP 800-22 revision 1a, section 2.12."""

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.base import MODES
from qrng.errors import ParameterError

approximate_entropy = TESTS["approximate_entropy"]


def test_example_2_12_4() -> None:
    outcome = approximate_entropy(Sequence.from_string("0100110101"), "nist", pattern_length=3)
    assert outcome.statistics["ApEn"] == pytest.approx(0.190954, abs=5e-7)
    assert outcome.statistics["chi2"] == pytest.approx(10.043859, abs=5e-7)
    assert outcome.p_values[0] == pytest.approx(0.261961, abs=5e-7)


def test_both_modes_report_the_same_entropy(example_100: Sequence) -> None:
    """Corrected mode gets it from the likelihood ratio."""
    found = [approximate_entropy(example_100, mode, pattern_length=2).statistics["ApEn"] for mode in MODES]
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_example_2_12_8(example_100: Sequence) -> None:
    outcome = approximate_entropy(example_100, "nist", pattern_length=2)
    assert outcome.statistics["chi2"] == pytest.approx(5.550792, abs=5e-7)
    assert outcome.p_values[0] == pytest.approx(0.235301, abs=5e-7)


def test_bartlett_factor_mends_the_mean() -> None:
    """At n = 2^16, m = 10: the statistic's mean lies 4^m / 2n = 8 above 2^m; divided by the factor, on it."""
    generator = np.random.default_rng(16)
    found = {"nist": [], "corrected": []}
    for _ in range(400):
        sequence = Sequence(generator.bytes(8192))
        for mode, values in found.items():
            values.append(approximate_entropy(sequence, mode).statistics["chi2"])
    error = 45.3 / np.sqrt(400)  # sd of a chi-square of 1024 degrees
    assert np.mean(found["nist"]) == pytest.approx(1024 + 8, abs=4 * error)
    assert np.mean(found["corrected"]) == pytest.approx(1024, abs=4 * error)
    assert np.mean(found["nist"]) - np.mean(found["corrected"]) == pytest.approx(8, abs=0.5)


def test_memory_of_one_bit_is_found() -> None:
    flips = np.random.default_rng(17).random(100_000) < 0.48
    sticky = np.cumsum(flips) % 2
    assert approximate_entropy(Sequence(np.packbits(sticky)), pattern_length=2).p_values[0] < 1e-12


def test_parameters_out_of_range_are_refused(example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="1 to 23"):
        approximate_entropy(example_100, pattern_length=24)
