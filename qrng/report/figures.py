"""Figures of the assessment report as SVG text, drawn by matplotlib (extra `report`)."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.assessment import Assessment
from qrng.errors import MissingExtraError
from qrng.health.scan import HealthReport
from qrng.report.measures import autocorrelation, ones_by_position, run_lengths
from qrng.samples import Samples
from qrng.segments import SegmentedAssessment

__all__ = [
    "autocorrelation_figure",
    "distribution_figure",
    "estimates_figure",
    "evidence_figure",
    "heat_map",
    "run_length_figure",
    "segments_figure",
]

LITERAL, BITSTRING, BAD, ALARM = "#0b5cad", "#b65f00", "#a0a0a0", "#a40000"
_LANES_A_ROW = 32
_TALLEST = 7.0  # inches of a heat map
_COLUMNS = 600  # more segments than that are drawn together, so that a page of many stays small


def _figure(height: float) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("the HTML report", "report") from None
    figure = Figure(figsize=(6.2, height), layout="constrained")
    return figure, figure.add_subplot()


def _legend_above(axes: Any) -> None:
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=9, frameon=False)


def _sample_axis(axes: Any) -> None:
    millions = axes.get_xlim()[1] >= 5e6
    axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1e6:,g}" if millions else f"{x:,.0f}")
    axes.set_xlabel("sample, in millions" if millions else "sample")


def _svg(figure: Any) -> str:
    """The <svg> element alone: text stays text, and the same data give the same bytes."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "qrng", "font.size": 9.5}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()[out.getvalue().index("<svg") :]


def estimates_figure(result: Assessment) -> str:
    """Every estimate in bits a symbol, those on bits times the width, with the result as a line."""
    names = list(dict.fromkeys(e.name for e in result.estimators))
    figure, axes = _figure(1.1 + 0.25 * max(1, len(names)))
    width = result.bits_per_symbol
    for on, colour, marker in (("literal", LITERAL, "o"), ("bitstring", BITSTRING, "s")):
        found = [
            (e.min_entropy * (width if on == "bitstring" else 1), names.index(e.name))
            for e in result.estimators
            if e.on == on
        ]
        if found:
            x, y = zip(*found, strict=True)
            label = "symbols" if on == "literal" else f"bits, times {width}" if width > 1 else "bits"
            axes.plot(x, y, marker, color=colour, label=label)
            axes.hlines(y, x, width, color=colour, alpha=0.25, linewidth=3)
    axes.axvline(result.min_entropy, color="black", linewidth=1, linestyle="--", label="assessed")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, width * 1.02)
    axes.set_xlabel("min-entropy, bits a symbol (upper end of each bar: the width)")
    _legend_above(axes)
    return _svg(figure)


def heat_map(samples: Samples) -> str:
    """How far the ones at each bit position of each lane are from one half, in standard deviations of fair bits.

    Lanes of bits stand in rows of 32; of wider symbols each lane is a row and each bit position a column.
    """
    ones = ones_by_position(samples)
    scores = (ones - 0.5) * 2.0 * math.sqrt(max(samples.count / samples.lanes, 1.0))
    lanes, width = scores.shape
    each = 1
    if width == 1:
        each = min(lanes, _LANES_A_ROW)
        scores = np.append(scores, np.full(-lanes % each, np.nan)).reshape(-1, each)
    rows, columns = scores.shape
    figure, axes = _figure(1.5 + min(0.16 * rows + 0.2, _TALLEST))
    limit = max(4.0, float(np.nanmax(np.abs(scores), initial=0.0)))
    image = axes.imshow(scores, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    if rows * columns <= 16:
        for (y, x), score in np.ndenumerate(scores):
            white = abs(score) > 0.6 * limit
            axes.text(x, y, f"{score:+.1f}", ha="center", va="center", color="white" if white else "black")
    axes.set_xlabel("lane" if width == 1 else "bit of a symbol (0 is the most significant)")
    axes.set_xticks(range(0, columns, 4 if columns > 16 else 1))
    axes.set_ylabel("lane" if rows > 1 else "")
    axes.yaxis.get_major_locator().set_params(integer=True)
    if width == 1 and rows > 1:
        axes.set_yticks(range(rows), [f"{each * row} +" for row in range(rows)])
    if rows == 1:
        axes.set_yticks([])
    if lanes == width == 1:
        axes.set_xticks([])
        axes.set_xlabel("all bits")
    figure.colorbar(image, ax=axes, orientation="horizontal", label="ones, in σ", aspect=60)
    return _svg(figure)


def autocorrelation_figure(samples: Samples) -> str:
    """Correlation with symbols 1 to 128 places later, with the band that holds 99 % of independent ones."""
    found = autocorrelation(samples)
    figure, axes = _figure(2.6)
    band = 2.5758293035489008 / math.sqrt(max(samples.count, 1))
    axes.axhspan(-band, band, color=BAD, alpha=0.3, label="99 % of independent symbols")
    axes.vlines(np.arange(1, found.size + 1), 0.0, found, color=LITERAL, linewidth=1.5)
    axes.set_xlabel("places later")
    axes.set_ylabel("correlation")
    _legend_above(axes)
    return _svg(figure)


def run_length_figure(samples: Samples) -> str:
    """Runs of equal bits by length beside what fair bits give."""
    counts, expected = run_lengths(samples)
    lengths = np.arange(1, counts.size + 1)
    figure, axes = _figure(2.6)
    shown = counts > 0
    axes.semilogy(lengths[shown], counts[shown], "o", color=LITERAL, label="these bits")
    axes.semilogy(lengths[expected > 0.5], expected[expected > 0.5], color=BAD, label="fair bits, expected")
    axes.set_xlabel(f"run length ({counts.size}: or longer)")
    axes.set_ylabel("runs")
    _legend_above(axes)
    return _svg(figure)


def segments_figure(found: SegmentedAssessment) -> str:
    """The estimate of each segment over the capture; of more than 600, the range and median of what a column holds."""
    figure, axes = _figure(2.6)
    values = np.array([assessment.min_entropy for assessment in found.segments])
    each = -(-values.size // _COLUMNS)
    edges = np.append(np.arange(0, values.size, each), values.size)
    columns = [values[start:stop] for start, stop in itertools.pairwise(edges)]
    low, middle = ([float(pick(column)) for column in columns] for pick in (np.min, np.median))
    x = edges * found.segment
    if each > 1:
        high = [float(column.max()) for column in columns]
        axes.stairs(high, x, baseline=low, fill=True, color=LITERAL, alpha=0.3, label=f"range of {each} segments")
    axes.stairs(middle, x, baseline=None, color=LITERAL, label="median of them" if each > 1 else "segment")
    lowest = (found.weakest + 0.5) * found.segment, found.min_entropy
    axes.plot(*lowest, "v", color=ALARM, label="smallest", clip_on=False, zorder=3)
    axes.set_xlim(0, x[-1])
    axes.set_ylim(*_around(values, found.segments[0].bits_per_symbol))
    _sample_axis(axes)
    axes.set_ylabel("bits a symbol")
    _legend_above(axes)
    return _svg(figure)


def distribution_figure(found: SegmentedAssessment) -> str:
    """How many segments have which estimate, with the smallest and the median."""
    figure, axes = _figure(2.6)
    values = np.array([assessment.min_entropy for assessment in found.segments])
    low, high = _around(values, found.segments[0].bits_per_symbol)
    bins = min(60, 10 + math.isqrt(values.size))
    axes.hist(values, np.linspace(low, high, bins + 1), color=LITERAL, alpha=0.6)
    axes.axvline(found.min_entropy, color=ALARM, linewidth=1.5, label=f"smallest {found.min_entropy:.4f}")
    median = found.quantile(0.5)
    axes.axvline(median, color="black", linewidth=1, linestyle="--", label=f"median {median:.4f}")
    axes.set_xlim(low, high)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("min-entropy of a segment, bits a symbol")
    axes.set_ylabel("segments")
    _legend_above(axes)
    return _svg(figure)


def _around(values: npt.NDArray[np.float64], width: int) -> tuple[float, float]:
    """An axis that shows how values of 0 to `width` differ, and not less than a fiftieth of the width."""
    low, high = float(values.min()), float(values.max())
    margin = max(0.1 * (high - low), 0.01 * width)
    return max(0.0, low - margin), min(float(width), high + margin)


def evidence_figure(report: HealthReport, points: Sequence[tuple[int, dict[str, float]]]) -> str:
    """The evidence of each e-detector over the capture, with the level of an alarm and of SUSPECT."""
    figure, axes = _figure(3.2)
    for name in dict.fromkeys(name for _, held in points for name in held):
        seen = [(n, held[name]) for n, held in points if name in held]
        axes.plot(*zip(*seen, strict=True), linewidth=1.2, label=name)
    axes.axhline(report.run_length_log2, color=ALARM, linewidth=1.2, label="alarm")
    axes.axhline(report.suspect_from, color=ALARM, linewidth=1, linestyle=":", label="SUSPECT")
    for alarm in report.alarms:
        axes.axvline(alarm.at_sample, color=ALARM, linewidth=1, alpha=0.6)
    axes.set_ylim(min(0, min((v for _, held in points for v in held.values()), default=0)), None)
    _sample_axis(axes)
    axes.set_ylabel("log2 of the evidence")
    _legend_above(axes)
    return _svg(figure)
