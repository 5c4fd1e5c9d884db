"""`qrng assess --html`: the report with figures, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qrng.assessed_data import reduce
from qrng.assessment import Assessment
from qrng.errors import ParameterError
from qrng.files import atomic_write
from qrng.formats import open_capture
from qrng.samples import Samples
from qrng.segments import SegmentedAssessment, assess_segments

__all__ = ["check_page", "write_page", "write_report"]

SEGMENTS = 16  # parts whose estimates are drawn over time
LEAST = 10_000  # samples in a part: with fewer the bounds hide everything


def check_page(path: str) -> None:
    """Raise before the work what would stop the page after it.

    Raises:
        ParameterError: the page has no name.
        MissingExtraError: matplotlib or jinja2 is not installed.
        OSError: there is no folder to write `path` to.
    """
    from qrng.report.render import require

    if path == "-":
        raise ParameterError("--html takes the name of a file: standard output has the text or the JSON object")
    require()
    folder = Path(path).resolve().parent
    if Path(path).is_dir():
        raise IsADirectoryError(21, "is a directory, not a file to write", path)
    if not folder.is_dir():
        raise FileNotFoundError(2, "the folder to write to does not exist", str(folder))
    if not os.access(folder, os.W_OK):
        raise PermissionError(13, "the folder can't be written to", str(folder))


def write_report(
    result: Assessment,
    path: str,
    file: str,
    layout: str | None,
    width: int | None,
    lanes: int | None,
    keep: str | None,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Read the capture once more for the figures and write the report to `path`."""
    from qrng.report.assessment import assessment_html

    with open_capture(file, layout=layout, bits_per_symbol=width, lanes=lanes) as capture:
        samples = reduce(capture.read_all(), keep).slice(0, result.samples)
    segments = _segments(samples, result.track, workers, progress)
    write_page(assessment_html(result, samples, name=file, segments=segments), path)


def write_page(text: str, path: str) -> None:
    """Put a page at `path`, whole or not at all."""
    with atomic_write(path, mode=0o644) as out:
        out.write(text.encode())


def _segments(
    samples: Samples, track: str, workers: int, progress: Callable[[int], None] | None
) -> SegmentedAssessment | None:
    size = samples.count // SEGMENTS // 8 * 8
    if size < LEAST or track == "iid":
        return None
    with ThreadPoolExecutor(workers) as threads:
        return assess_segments(samples, size, track=track, executor=threads, ahead=2 * workers, progress=progress)
