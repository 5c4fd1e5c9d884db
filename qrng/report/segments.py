"""The report of an assessment by segments: one HTML file without scripts or anything fetched (extra `report`)."""

from __future__ import annotations

from qrng.report import figures
from qrng.report.render import render
from qrng.segments import SegmentedAssessment

__all__ = ["segments_html"]

QUANTILES = {"smallest": 0.0, "quarter": 0.25, "median": 0.5, "three quarters": 0.75, "largest": 1.0}
WEAKEST = 10  # segments that the page names


def segments_html(found: SegmentedAssessment, *, name: str) -> str:
    """The report as text.

    Args:
        found: the assessment.
        name: what was assessed, as the reader knows it.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed.
    """
    order = sorted(range(len(found.segments)), key=lambda index: found.segments[index].min_entropy)
    reasons = dict.fromkeys((s.name, s.on, s.reason) for a in found.segments for s in a.skipped)
    return render(
        "segments.html",
        title="Min-entropy by segments",
        name=name,
        found=found,
        first=found.segments[0],
        total=len(found.segments),
        worthless=sum(assessment.claimed_min_entropy <= 0 for assessment in found.segments),
        quantiles={title: found.quantile(share) for title, share in QUANTILES.items()},
        estimators=found.estimators(),
        weakest=[(index, found.segments[index]) for index in order[:WEAKEST]],
        skipped=reasons,
        figures={"trend": figures.segments_figure(found), "distribution": figures.distribution_figure(found)},
    )
