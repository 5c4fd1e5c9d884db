"""The health report: one HTML file with the evidence over time (extra `report`)."""

from __future__ import annotations

from qrng.health.scan import HealthReport
from qrng.report import figures
from qrng.report.render import render

__all__ = ["LOOKS", "Trace", "health_html"]

LOOKS = 512
"""Points of evidence that a plot is made of, at least, where the capture has so many kilosamples."""


class Trace:
    """Collects what `scan(observe=…)` tells, thinned out so that a capture of any length fits.

    Attributes:
        points: (symbols tested, log2 of each test's evidence), oldest first; at most 4 × LOOKS of them.
    """

    def __init__(self) -> None:
        self.points: list[tuple[int, dict[str, float]]] = []
        self._skip = 1
        self._seen = 0

    def __call__(self, tested: int, held: dict[str, float]) -> None:
        """Keep a look if it is due; half of those kept go when there are too many, never the highest of two."""
        self._seen += 1
        if self._seen % self._skip and self.points:
            last = self.points[-1][1]
            self.points[-1] = (tested, {name: max(value, last.get(name, value)) for name, value in held.items()})
            return
        self.points.append((tested, dict(held)))
        if len(self.points) > 4 * LOOKS:
            self.points = [_higher(*pair) for pair in zip(self.points[::2], self.points[1::2], strict=False)]
            self._skip *= 2

    @staticmethod
    def every(count: int | None) -> int:
        """Symbols between two looks for a capture of `count` symbols, if that is known."""
        return min(1 << 16, max(1 << 10, (count or 1 << 30) // LOOKS))


Point = tuple[int, dict[str, float]]


def _higher(first: Point, second: Point) -> Point:
    names = second[1]
    return second[0], {name: max(value, first[1].get(name, value)) for name, value in names.items()}


def health_html(report: HealthReport, trace: Trace, *, name: str, read_as: str, same_data: bool) -> str:
    """The report as text.

    Args:
        report: what the tests found.
        trace: the evidence on the way.
        name: what was tested, as the reader knows it.
        read_as: how it was read.
        same_data: whether the claim comes from these very data.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed.
    """
    drawn = {"evidence": figures.evidence_figure(report, trace.points)}
    return render(
        "health.html",
        title="Health tests",
        name=name,
        read_as=read_as,
        health=report,
        same_data=same_data,
        figures=drawn,
    )
