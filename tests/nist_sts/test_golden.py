"""nist mode against the p-values of NIST STS 2.1.2, to 1e-9 relative or 1e-12 absolute."""

from typing import Any

import pytest

from nist_sts import TESTS, Sequence
from nist_sts.base import NotApplicable

STS_NAME = {
    "frequency": "Frequency",
    "block_frequency": "BlockFrequency",
    "cumulative_sums": "CumulativeSums",
    "runs": "Runs",
    "longest_run": "LongestRun",
    "rank": "Rank",
    "dft": "FFT",
    "non_overlapping_template": "NonOverlappingTemplate",
    "overlapping_template": "OverlappingTemplate",
    "universal": "Universal",
    "approximate_entropy": "ApproximateEntropy",
    "random_excursions": "RandomExcursions",
    "random_excursions_variant": "RandomExcursionsVariant",
    "serial": "Serial",
    "linear_complexity": "LinearComplexity",
}


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("name", ["pi", "e", "bits_fair", "bits_060"])
def test_nist_mode_meets_the_golden_file(
    name: str,
    test: str,
    golden: dict[str, dict[str, list[float]]],
    constants: dict[str, Sequence],
    generated: dict[str, Sequence],
) -> None:
    expected = golden[name][STS_NAME[test]]
    try:
        found = TESTS[test]((constants | generated)[name], "nist").p_values
    except NotApplicable:
        assert expected == [0.0] * len(expected)  # STS prints zeros for what it could not judge
        return
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


CORRECTED = {
    "cusum_fwd": ("cumulative_sums", 0),
    "cusum_rev": ("cumulative_sums", 1),
    "runs": ("runs", 0),
    "longest_run": ("longest_run", 0),
    "dft": ("dft", 0),
    "overlapping": ("overlapping_template", 0),
    "universal": ("universal", 0),
    "approx_entropy": ("approximate_entropy", 0),
    "linear_complexity": ("linear_complexity", 0),
}


@pytest.mark.parametrize("column", CORRECTED)
@pytest.mark.parametrize("name", ["pi", "e", "sqrt2", "sqrt3"])
def test_corrected_mode_meets_independent_computations(
    name: str, column: str, exact: dict[str, Any], constants: dict[str, Sequence]
) -> None:
    nist, corrected = exact["constants_first_1e6_bits"]["values"][name][column]
    test, index = CORRECTED[column]
    assert TESTS[test](constants[name], "nist").p_values[index] == pytest.approx(nist, rel=1e-8)
    assert TESTS[test](constants[name], "corrected").p_values[index] == pytest.approx(corrected, rel=1e-6)


APPENDIX_B = {  # test, index of the p-value, printed p for pi, e, sqrt2, sqrt3
    "frequency": (0, 0.578211, 0.953749, 0.811881, 0.610051),
    "block_frequency": (0, 0.380615, 0.211072, 0.833222, 0.473961),
    "cumulative_sums": (0, 0.628308, 0.669887, 0.879009, 0.917121),
    "runs": (0, 0.419268, 0.561917, 0.313427, 0.261123),
    "longest_run": (0, 0.024390, 0.718945, 0.012117, 0.446726),
    "rank": (0, 0.083553, 0.306156, 0.823810, 0.314498),
    "dft": (0, 0.010186, 0.847187, 0.581909, 0.776046),
    "non_overlapping_template": (0, 0.165757, 0.078790, 0.569461, 0.532235),
    "overlapping_template": (0, 0.296897, 0.110434, 0.791982, 0.082716),
    "universal": (0, 0.669012, 0.282568, 0.130805, 0.165981),
    "approximate_entropy": (0, 0.361595, 0.700073, 0.884740, 0.180481),
    "random_excursions": (4, 0.844143, 0.786868, 0.216235, 0.783283),
    "random_excursions_variant": (8, 0.760966, 0.826009, 0.566118, 0.155066),
    "serial": (0, 0.143005, 0.766182, 0.861925, 0.157500),
    "linear_complexity": (0, 0.255475, 0.826335, 0.317127, 0.346469),
}


@pytest.mark.parametrize("test", TESTS)
def test_appendix_b(test: str, constants: dict[str, Sequence]) -> None:
    """SP 800-22 revision 1a, appendix B: the first 10^6 bits of four constants; those of e are the example of 2.8.8."""
    index, *printed = APPENDIX_B[test]
    found = [TESTS[test](constants[name], "nist").p_values[int(index)] for name in ("pi", "e", "sqrt2", "sqrt3")]
    assert found == pytest.approx(printed, abs=6e-7)
