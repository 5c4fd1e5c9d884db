"""The layout of NIST STS 2.1.2's finalAnalysisReport.txt."""

import numpy as np
import pytest

import nist_sts
from nist_sts.final_analysis import final_analysis_report
from nist_sts.report import Report, TestReport
from qrng.errors import ParameterError


@pytest.mark.parametrize("name", ["pi", "e"])
def test_report_is_that_of_nist(name: str, golden_reports: dict[str, str], request: pytest.FixtureRequest) -> None:
    packed = request.getfixturevalue(f"{name}_bits")
    report = nist_sts.run(packed, mode="nist")
    assert final_analysis_report(report, f"data/data.{name}").splitlines() == golden_reports[name].splitlines()


def single(name: str, p_values: list[float | None]) -> str:
    """The row of a test with these p-values."""
    test = TestReport(name, "", tuple((p,) for p in p_values), None, (None,), 0)  # type: ignore[arg-type]
    text = final_analysis_report(Report("nist", 1000, len(p_values), {}, (test,)), "x")
    return text.splitlines()[7]


def test_p_values_are_counted_as_read_back_from_six_digits() -> None:
    """0.01 read into single precision is less than 0.01: a failure."""
    row = single("frequency", [0.01] + [0.5] * 9)
    assert row == "  1   0   0   0   0   9   0   0   0   0  0.000000 *    9/10      Frequency"


def test_excursions_printed_as_zero_are_left_out() -> None:
    row = single("random_excursions", [1e-9, None] + [0.05 + 0.1 * k for k in range(10)])
    assert row == "  1   1   1   1   1   1   1   1   1   1  1.000000     10/10      RandomExcursions"
    assert single("random_excursions", [None]).endswith("    ----     ------     RandomExcursions")


def test_too_few_passing_sequences_are_starred() -> None:
    p_values = np.linspace(0.0105, 0.9995, 995).tolist()
    assert " 995/1000 " in single("frequency", p_values + [0.001] * 5)
    assert single("frequency", [*p_values[:979], *[0.001] * 21]).endswith(" 979/1000 *  Frequency")


def test_corrected_p_values_are_refused() -> None:
    with pytest.raises(ParameterError, match="run in nist mode"):
        final_analysis_report(nist_sts.run(bytes(range(256))), "x")
