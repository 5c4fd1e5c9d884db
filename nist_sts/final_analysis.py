"""The layout of NIST STS 2.1.2's finalAnalysisReport.txt, for scripts that parse it.

NIST's program reads its p-values back from text of six digits into single precision before it counts: .010000 is a
failure then, and a p-value of the excursion tests printed as .000000 is left out. So it is here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nist_sts.distributions import chi_square_tail
from nist_sts.report import Report
from nist_sts.summary import ALPHA, bins, passing
from qrng.errors import ParameterError

__all__ = ["final_analysis_report"]

_NAMES = {
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
_EXCURSIONS = ("random_excursions", "random_excursions_variant")
_RULE = "-" * 78
_DASHES = "- " * 40 + "-"


def final_analysis_report(report: Report, generator: str) -> str:
    """The text of finalAnalysisReport.txt for a report in nist mode.

    Args:
        report: made with mode "nist".
        generator: what stands behind "generator is": the file's name.

    Raises:
        ParameterError: the report is in corrected mode.
    """
    if report.mode != "nist":
        raise ParameterError(f"NIST's report holds NIST's p-values: run in nist mode, not in {report.mode} mode")
    return "\n".join(_lines(report, generator)) + "\n"


def _lines(report: Report, generator: str) -> Iterator[str]:
    yield from (
        _RULE,
        "RESULTS FOR THE UNIFORMITY OF P-VALUES AND THE PROPORTION OF PASSING SEQUENCES",
        _RULE,
        f"   generator is <{generator}>",
        _RULE,
        " C1  C2  C3  C4  C5  C6  C7  C8  C9 C10  P-VALUE  PROPORTION  STATISTICAL TEST",
        _RULE,
    )
    sizes: dict[bool, int] = {}  # the last row's sample size: excursions or not
    for test in report.tests:
        excursions = test.name in _EXCURSIONS
        for k in range(len(test.rows)):
            printed = [float(f"{p:.6f}") for row in test.p_values if (p := row[k]) is not None]
            column = np.array(printed, dtype=np.float32)
            if excursions:
                column = column[column > 0]
            yield _row(column, _NAMES[test.name])
            sizes[excursions] = column.size
    yield from ("", "", _DASHES)
    if False in sizes:
        yield "The minimum pass rate for each statistical test with the exception of the"
        if sizes[False]:
            yield f"random excursion (variant) test is approximately = {_least(sizes[False])} for a"
            yield f"sample size = {sizes[False]} binary sequences."
        else:
            yield "random excursion (variant) test is undefined."
        yield ""
    if True in sizes:
        if sizes[True]:
            yield "The minimum pass rate for the random excursion (variant) test"
            yield f"is approximately = {_least(sizes[True])} for a sample size = {sizes[True]} binary sequences."
        else:
            yield "The minimum pass rate for the random excursion (variant) test is undefined."
        yield ""
    yield "For further guidelines construct a probability table using the MAPLE program"
    yield "provided in the addendum section of the documentation."
    yield _DASHES


def _least(size: int) -> int:
    return math.trunc((1 - ALPHA - 3 * math.sqrt(ALPHA * (1 - ALPHA) / size)) * size)


def _most(size: int) -> int:
    return math.trunc((1 - ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / size)) * size)


def _row(column: npt.NDArray[np.float32], name: str) -> str:
    size, counts = column.size, bins(column)
    text = "".join(f"{count:3d} " for count in counts)
    expected = size // 10
    if expected == 0:
        text += "    ----    "
    else:
        flat = chi_square_tail(sum((count - expected) ** 2 for count in counts) / expected, 9)
        text += f" {flat:8.6f} {'*' if flat < 0.0001 else ' '} "
    if size == 0:
        return f"{text} ------     {name}"
    passed = passing(column)
    star = " " if _least(size) <= passed <= _most(size) else "*"
    return f"{text}{passed:4d}/{size:<4d} {star}  {name}"
