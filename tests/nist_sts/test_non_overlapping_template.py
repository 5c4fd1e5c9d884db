"""SP 800-22 revision 1a, section 2.7."""

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.non_overlapping_template import exact_law
from qrng.errors import ParameterError

non_overlapping_template = TESTS["non_overlapping_template"]


def test_example_2_7_4() -> None:
    outcome = non_overlapping_template(
        Sequence.from_string("10100100101110010110"), "nist", template_length=3, blocks=2
    )
    parameters = non_overlapping_template.with_defaults({"template_length": 3, "blocks": 2})
    at = non_overlapping_template.labels(parameters).index("001")
    assert outcome.statistics["W"][at] == [2, 1]
    assert outcome.statistics["mu"] == 1.0
    assert outcome.statistics["chi2"][at] == pytest.approx(2.133333, abs=5e-7)
    assert outcome.p_values[at] == pytest.approx(0.344154, abs=5e-7)


def test_148_templates_in_rising_order(constants: dict[str, Sequence]) -> None:
    outcome = non_overlapping_template(constants["pi"], "nist")
    labels = non_overlapping_template.labels(non_overlapping_template.parameters)
    assert (len(labels), labels[0], labels[-1]) == (148, "000000001", "111111110")
    assert outcome.p_values[0] == pytest.approx(0.165757, abs=5e-7)  # appendix B


def test_corrected_p_value_is_the_probability_of_the_statistic() -> None:
    """One block: P((W - mean)^2 >= what was seen) from the exact law alone."""
    sequence = Sequence(np.random.default_rng(9).bytes(250), 2000)
    outcome = non_overlapping_template(sequence, "corrected", template_length=6, blocks=1)
    law, mean = exact_law(2000, 6), outcome.statistics["mu"]
    distance = np.abs(np.arange(law.size) - mean)
    for p, (w,) in zip(outcome.p_values, outcome.statistics["W"], strict=True):
        assert p == pytest.approx(law[distance >= abs(w - mean) - 1e-9].sum(), abs=1e-12)


def test_exact_law_mends_the_chi_square_where_matches_are_few() -> None:
    """16 matches a block: the chi-square law fails good data at .0116 and, at .001, .0015 (computed exactly)."""
    generator = np.random.default_rng(11)
    low = {"nist": 0, "corrected": 0}
    total = 0
    for _ in range(150):
        sequence = Sequence(generator.bytes(8192))
        for mode in ("nist", "corrected"):
            p = np.array(non_overlapping_template(sequence, mode).p_values)
            low[mode] += int(np.sum(p < 0.001))
        total += p.size
    assert low["corrected"] < low["nist"]
    assert low["corrected"] / total == pytest.approx(0.001, abs=0.0006)


def test_a_word_too_frequent_is_found() -> None:
    bits = np.random.default_rng(10).integers(0, 2, 200_000)
    bits[::150] = bits[1::150] = bits[2::150] = bits[3::150] = 0
    for k in range(4, 9):
        bits[k::150] = 1
    outcome = non_overlapping_template(Sequence(np.packbits(bits)))
    labels = non_overlapping_template.labels(non_overlapping_template.parameters)
    assert labels[int(np.argmin(outcome.p_values))] == "000011111"
    assert min(outcome.p_values) <= 1e-12


@pytest.mark.parametrize("wrong", [{"template_length": 1}, {"template_length": 17}, {"blocks": 0}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, int], example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="must be"):
        non_overlapping_template(example_100, **wrong)
