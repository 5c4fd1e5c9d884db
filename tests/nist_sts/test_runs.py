"""SP 800-22 revision 1a, section 2.3."""

from itertools import combinations

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.base import NotApplicable

runs = TESTS["runs"]


def test_example_2_3_4() -> None:
    outcome = runs(Sequence.from_string("1001101011"), "nist")
    assert outcome.statistics == {"pi": 0.6, "V": 7}
    assert outcome.p_values[0] == pytest.approx(0.147232, abs=5e-7)


def test_example_2_3_8(example_100: Sequence) -> None:
    outcome = runs(example_100, "nist")
    assert outcome.statistics == {"pi": 0.42, "V": 52}
    assert outcome.p_values[0] == pytest.approx(0.500798, abs=5e-7)


def test_corrected_mean_and_variance_are_those_of_all_arrangements() -> None:
    """Wald and Wolfowitz's moments against every arrangement of 5 ones in 12 places."""
    counts, p_values = [], {}
    for places in combinations(range(12), 5):
        text = "".join("1" if k in places else "0" for k in range(12))
        outcome = runs(Sequence.from_string(text), "corrected")
        counts.append(outcome.statistics["V"])
        p_values[outcome.statistics["V"]] = outcome.p_values[0]
    z = (7 - np.mean(counts)) / np.std(counts)
    from scipy.special import erfc

    assert p_values[7] == pytest.approx(erfc(abs(z) / np.sqrt(2)), rel=1e-12)


@pytest.mark.parametrize(("text", "p"), [("1001101011", 0.399269), (None, 0.638006)])
def test_corrected_mode_mends_the_missing_run(text: str | None, p: float, example_100: Sequence) -> None:
    sequence = example_100 if text is None else Sequence.from_string(text)
    assert runs(sequence, "corrected").p_values[0] == pytest.approx(p, abs=5e-7)


def test_unbalanced_data_fail_in_nist_mode_and_are_left_to_the_frequency_test_in_corrected_mode() -> None:
    mostly_ones = Sequence.from_string("1110" * 100)
    assert runs(mostly_ones, "nist").p_values == (0.0,)
    with pytest.raises(NotApplicable, match="frequency test fails"):
        runs(mostly_ones, "corrected")


def test_alternating_bits_fail() -> None:
    alternating = Sequence.from_string("01" * 500)
    for mode in ("nist", "corrected"):
        assert runs(alternating, mode).p_values[0] < 1e-100
