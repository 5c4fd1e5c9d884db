"""`qrng assess --segment`: every segment of a capture by itself, in text, JSON or as a page."""

from __future__ import annotations

import textwrap

import click

from qrng.cli.assessment_page import check_page, write_page
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
    report: str | None,
    bits_per_symbol: int | None,
    layout: str | None,
    lanes: int | None,
    keep: str | None,
    first: int | None,
    track: str,
    seed: int | None,
) -> int:
    """Assess, print, and return the exit code; the arguments are the command's."""
    if report is not None:
        check_page(report)
    with progress("Estimating", None, "samples") as advance, open_pool(workers, dask) as pool:
        found = assess_segments(
            file,
            segment,
            bits_per_symbol=bits_per_symbol,
            layout=layout,
            lanes=lanes,
            keep=keep,
            first=first,
            track=track,
            seed=seed,
            executor=pool.executor,
            ahead=pool.ahead,
            progress=advance,
        )
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(segments_text(found, file))
    if report is not None:
        from qrng.report.segments import segments_html

        write_page(segments_html(found, name=file), report)
    return 0 if found.claimed_min_entropy > 0 else EXIT_DATA_FAILS


def segments_text(found: SegmentedAssessment, name: str) -> str:
    """Segment by segment for a terminal of 80 columns: the distribution, and every segment if they are few."""
    first, total = found.segments[0], len(found.segments)
    lines = [
        name,
        f"read as {found.layout}",
        f"{found.samples} samples, {total} segments of {found.segment}"
        + (f"; the last {found.tail} samples were not assessed" if found.tail else ""),
        *([f"SHA-256 {found.sha256}"] if found.sha256 else []),
        "",
        f"SP 800-90B, {first.track} track, each segment by itself, bits a symbol",
    ]
    shares = {"smallest": 0.0, "quarter": 0.25, "half": 0.5, "three quarters": 0.75, "largest": 1.0}
    for title, share in shares.items():
        lines.append(f"  {title:16}{found.quantile(share):12.6f}")
    if first.lanes > 1:
        average = min(assessment.lane_average or 0.0 for assessment in found.segments)
        lines.append(f"  lanes, average  {average:12.6f}  in the segment where it is smallest")
    lines.append(f"  the weakest begins at sample {found.weakest * found.segment}")
    deciding = sorted((e for e in found.estimators() if e.decided), key=lambda e: -e.decided)
    if deciding:
        by = ", ".join(f"{e.name} on {'symbols' if e.on == 'literal' else 'bits'} in {e.decided}" for e in deciding)
        lines.append(_wrapped(f"decided by {by}"))
    if found.not_iid:
        lines.append(
            _wrapped(f"{found.not_iid} of {total} segments FAILED the IID tests; of a good source at most one in 40")
        )
    if total <= 40:
        values = [f"{assessment.min_entropy:.4f}" for assessment in found.segments]
        lines += ["  " + " ".join(values[start : start + 10]) for start in range(0, len(values), 10)]
    lines += [_wrapped(f"! {note}") for note in found.warnings]
    return "\n".join(lines)


def _wrapped(line: str) -> str:
    return textwrap.fill(line, 78, initial_indent="  ", subsequent_indent="    ")
