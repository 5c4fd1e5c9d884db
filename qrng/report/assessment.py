"""The assessment report: one HTML file without scripts or anything fetched (extra `report`)."""

from __future__ import annotations

from typing import Any

from qrng.assessment import Assessment
from qrng.report import figures
from qrng.report.measures import LIMIT
from qrng.report.render import render
from qrng.samples import Samples
from qrng.segments import SegmentedAssessment

__all__ = ["assessment_html", "assessment_values"]


def assessment_html(
    result: Assessment, samples: Samples, *, name: str, segments: SegmentedAssessment | None = None
) -> str:
    """The report as text.

    Args:
        result: the assessment of `samples`.
        samples: the raw samples, for the figures; at most the first 2^22 are drawn.
        name: what was assessed, as the reader knows it.
        segments: assessments of parts of the same samples, drawn over time if given.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed.
    """
    values = assessment_values(result, samples, segments)
    return render("assessment.html", title="Min-entropy assessment", name=name, **values)


def assessment_values(
    result: Assessment, samples: Samples, segments: SegmentedAssessment | None = None
) -> dict[str, Any]:
    """What the template of an assessment's body needs, figures included."""
    shown = samples.slice(0, LIMIT)
    drawn = {
        "heat_map": figures.heat_map(shown),
        "autocorrelation": figures.autocorrelation_figure(shown),
        "run_lengths": figures.run_length_figure(shown),
    }
    if result.estimators:
        drawn["estimates"] = figures.estimates_figure(result)
    if segments is not None:
        drawn["segments"] = figures.segments_figure(segments)
    return {
        "result": result,
        "claim": result.claim if result.claimed_min_entropy > 0 else None,
        "segments": segments,
        "figures": drawn,
        "part": f", of the first {LIMIT} samples" if samples.count > LIMIT else "",
    }
