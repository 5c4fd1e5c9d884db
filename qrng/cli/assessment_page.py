"""`qrng assess --html`: the report with figures, written whole or not at all."""

from __future__ import annotations

from qrng.assessed_data import reduce
from qrng.assessment import Assessment
from qrng.errors import ParameterError
from qrng.files import atomic_write
from qrng.formats import open_capture
from qrng.samples import Samples
from qrng.segments import SegmentedAssessment, assess_segments

__all__ = ["write_report"]

SEGMENTS = 16  # parts whose estimates are drawn over time
LEAST = 10_000  # samples in a part: with fewer the bounds hide everything


def write_report(
    result: Assessment,
    path: str,
    file: str,
    layout: str | None,
    width: int | None,
    lanes: int | None,
    keep: str | None,
) -> None:
    """Read the capture once more for the figures and write the report to `path`."""
    from qrng.report.assessment import assessment_html

    if file == "-":
        raise ParameterError("--html reads the capture a second time, which stdin can't give; save it to a file")
    with open_capture(file, layout=layout, bits_per_symbol=width, lanes=lanes) as capture:
        samples = reduce(capture.read_all(), keep).slice(0, result.samples)
    text = assessment_html(result, samples, name=file, segments=_segments(samples, result.track))
    with atomic_write(path, mode=0o644) as out:
        out.write(text.encode())


def _segments(samples: Samples, track: str) -> SegmentedAssessment | None:
    size = samples.count // SEGMENTS // 8 * 8
    if size < LEAST or track == "iid":
        return None
    return assess_segments(samples, size, track=track)
