"""Assessment of a capture segment by segment: how the estimate moves over time, and captures larger than memory.

A whole-file estimate averages: a source that was bad for an hour of a day shows little of it. Section 3.1.1 asks for
one consecutive stretch of samples; the segments say whether any stretch would do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from qrng.assessed_data import reduce
from qrng.assessment import Assessment, assess
from qrng.errors import ParameterError
from qrng.parallel import ordered
from qrng.samples import Samples

__all__ = ["SegmentedAssessment", "assess_segments"]

SCHEMA = "qrng.assessment_segments/1"


@dataclass(frozen=True)
class SegmentedAssessment:
    """Results of all whole segments, in order.

    Attributes:
        segment: symbols in a segment.
        samples: symbols read.
        tail: symbols after the last whole segment, which were not assessed.
        segments: one assessment a segment.
        sha256: hash of the file as stored; None for `Samples`.
        layout: how a file was read; None for `Samples`.
    """

    segment: int
    samples: int
    tail: int
    segments: tuple[Assessment, ...]
    sha256: str | None
    layout: str | None

    @property
    def min_entropy(self) -> float:
        """The smallest estimate of any segment, bits a symbol."""
        return min(assessment.min_entropy for assessment in self.segments)

    @property
    def weakest(self) -> int:
        """Index of the segment with the smallest estimate."""
        return min(range(len(self.segments)), key=lambda i: self.segments[i].min_entropy)

    def quantile(self, share: float) -> float:
        """The smallest estimate that at least `share` of the segments don't exceed."""
        ordered = sorted(assessment.min_entropy for assessment in self.segments)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.assessment_segments/1."""
        first = self.segments[0]
        return {
            "schema": SCHEMA,
            "sha256": self.sha256,
            "layout": self.layout,
            "samples": self.samples,
            "bits_per_symbol": first.bits_per_symbol,
            "track": first.track,
            "segment": self.segment,
            "tail": self.tail,
            "min_entropy": self.min_entropy,
            "weakest": self.weakest,
            "quantiles": {str(share): self.quantile(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)},
            "segments": [
                {
                    "first": index * self.segment,
                    "alphabet_size": assessment.alphabet_size,
                    "h_original": assessment.h_original,
                    "h_bitstring": assessment.h_bitstring,
                    "min_entropy": assessment.min_entropy,
                    "estimators": {f"{e.name} {e.on}": e.min_entropy for e in assessment.estimators},
                }
                for index, assessment in enumerate(self.segments)
            ],
        }


def _assess_one(samples: Samples, track: str) -> Assessment:
    return assess(samples, track=track)


def assess_segments(
    data: str | os.PathLike[str] | Samples,
    segment: int = 1_000_000,
    *,
    bits_per_symbol: int | None = None,
    layout: str | None = None,
    lanes: int | None = None,
    keep: str | None = None,
    track: str = "non-iid",
    executor: Executor | None = None,
    ahead: int = 4,
    progress: Callable[[int], None] | None = None,
) -> SegmentedAssessment:
    """Assess every whole segment of a capture, reading no more than is being worked on.

    Args:
        data: path of a capture, "-" for stdin, or `Samples`.
        segment: symbols in a segment, a multiple of 8.
        bits_per_symbol, layout, lanes, keep, track: as for `qrng.assess`.
        executor: any `concurrent.futures.Executor` (threads, processes, a cluster's); None works in this thread.
            `qrng.parallel` has processes and clusters whose lost workers cost their segment's time alone.
        ahead: segments handed to the executor and not yet done: what memory must hold.
        progress: called with the samples of each finished segment.

    Raises:
        ParameterError: no whole segment, or what `qrng.assess` refuses.
        FormatError: the file does not parse.
    """
    if segment < 8 or segment % 8:
        raise ParameterError(f"a segment of {segment} symbols: take a multiple of 8")
    if isinstance(data, Samples):
        whole = data if lanes is None else replace(data, lanes=lanes)
        pieces = (whole.slice(start, start + segment) for start in range(0, whole.count, segment))
        return _run(pieces, segment, keep, track, executor, ahead, progress)
    from qrng.formats import open_capture

    with open_capture(data, layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes) as capture:
        found = _run(capture.chunks(segment), segment, keep, track, executor, ahead, progress)
        return replace(found, sha256=capture.sha256, layout=capture.describe())


def _run(
    pieces: Iterator[Samples],
    segment: int,
    keep: str | None,
    track: str,
    executor: Executor | None,
    ahead: int,
    progress: Callable[[int], None] | None,
) -> SegmentedAssessment:
    results: list[Assessment] = []
    samples = tail = 0

    def whole() -> Iterator[Samples]:
        nonlocal samples, tail
        for piece in pieces:
            samples += piece.count
            if piece.count == segment:
                yield reduce(piece, keep)
            else:
                tail = piece.count

    for result in ordered(partial(_assess_one, track=track), whole(), executor, ahead):
        results.append(result)
        if progress:
            progress(result.samples)
    if not results:
        raise ParameterError(f"{samples} samples hold no whole segment of {segment}")
    return SegmentedAssessment(segment, samples, tail, tuple(results), None, None)
