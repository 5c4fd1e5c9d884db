"""`qrng assess --segment`: every segment of a capture by itself, in text or JSON."""

from __future__ import annotations

import textwrap

import click

from qrng.parallel import open_pool
from qrng.segments import SegmentedAssessment, assess_segments
from qrng.terminal import EXIT_DATA_FAILS, print_json, progress

__all__ = ["assess_segmentwise", "segments_text"]


def assess_segmentwise(
    file: str,
    segment: int,
    workers: int,
    dask: str | None,
    as_json: bool,
    bits_per_symbol: int | None,
    layout: str | None,
    lanes: int | None,
    keep: str | None,
    track: str,
) -> int:
    """Assess, print, and return the exit code; the arguments are the command's."""
    with progress("Estimating", None, "samples") as advance, open_pool(workers, dask) as pool:
        found = assess_segments(
            file,
            segment,
            bits_per_symbol=bits_per_symbol,
            layout=layout,
            lanes=lanes,
            keep=keep,
            track=track,
            executor=pool.executor,
            ahead=pool.ahead,
            progress=advance,
        )
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(segments_text(found, file))
    return 0 if found.min_entropy > 0 else EXIT_DATA_FAILS


def segments_text(found: SegmentedAssessment, name: str) -> str:
    """Segment by segment for a terminal of 80 columns: the distribution, and every segment if they are few."""
    lines = [
        name,
        f"read as {found.layout}",
        f"{found.samples} samples, {len(found.segments)} segments of {found.segment}"
        + (f"; the last {found.tail} samples were not assessed" if found.tail else ""),
        "",
        f"SP 800-90B, {found.segments[0].track} track, each segment by itself, bits a symbol",
    ]
    shares = {"smallest": 0.0, "quarter": 0.25, "half": 0.5, "three quarters": 0.75, "largest": 1.0}
    for title, share in shares.items():
        lines.append(f"  {title:16}{found.quantile(share):12.6f}")
    lines.append(f"  the weakest begins at sample {found.weakest * found.segment}")
    if len(found.segments) <= 40:
        values = [f"{assessment.min_entropy:.4f}" for assessment in found.segments]
        lines += ["  " + " ".join(values[start : start + 10]) for start in range(0, len(values), 10)]
    notes = found.segments[found.weakest].warnings
    lines += [textwrap.fill(f"! {note}", 78, initial_indent="  ", subsequent_indent="    ") for note in notes]
    return "\n".join(lines)
