"""Assessment of a capture segment by segment: how the estimate moves over time, and captures larger than memory.

A whole-file estimate averages: a source that was bad for an hour of a day shows little of it. Section 3.1.1 asks for
one consecutive stretch of samples; the segments say whether any stretch would do.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from qrng.assessed_data import reduce
from qrng.assessment import Assessment, assess
from qrng.errors import ParameterError
from qrng.parallel import ordered
from qrng.samples import Samples

__all__ = ["EstimatorOverSegments", "SegmentedAssessment", "assess_segments"]

SCHEMA = "qrng.assessment_segments/1"


@dataclass(frozen=True)
class EstimatorOverSegments:
    """One estimator on one sequence, over all segments; values in bits a symbol, or a bit on the bit string.

    Attributes:
        section, name, on: as in `Estimate`.
        smallest, median, largest: of the segments that have a result.
        weakest: index of the segment with the smallest.
        decided: segments whose result it gave.
        left_out: segments in which it had no result.
    """

    section: str
    name: str
    on: str
    smallest: float
    median: float
    largest: float
    weakest: int
    decided: int
    left_out: int


@dataclass(frozen=True)
class SegmentedAssessment:
    """Results of all whole segments, in order.

    Attributes:
        segment: symbols in a segment.
        samples: symbols read.
        tail: symbols after the last whole segment, which were not assessed.
        segments: one assessment a segment.
        sha256: hash of the file as stored; None for `Samples` and for a preview.
        layout: how a file was read; None for `Samples`.
        preview: only the first samples were asked for.
    """

    segment: int
    samples: int
    tail: int
    segments: tuple[Assessment, ...]
    sha256: str | None
    layout: str | None
    preview: bool = False

    @property
    def min_entropy(self) -> float:
        """The smallest estimate of any segment, bits a symbol."""
        return min(assessment.min_entropy for assessment in self.segments)

    @property
    def claimed_min_entropy(self) -> float:
        """The smallest that may be claimed of any segment: with lanes, their average counts too."""
        return min(assessment.claimed_min_entropy for assessment in self.segments)

    @property
    def weakest(self) -> int:
        """Index of the segment with the smallest estimate."""
        return min(range(len(self.segments)), key=lambda i: self.segments[i].min_entropy)

    @property
    def not_iid(self) -> int:
        """Segments that failed the IID tests; 0 on the other tracks."""
        return sum(bool(assessment.iid and not assessment.iid.passed) for assessment in self.segments)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: the segments' warnings, with how many have them where not all do."""
        total = len(self.segments)
        found = Counter(warning for assessment in self.segments for warning in assessment.warnings)
        notes = [f"{'each segment' if n == total else f'{n} of {total} segments'}: {note}" for note, n in found.items()]
        preview = [f"a preview: only the first {self.samples} samples were asked for"] if self.preview else []
        return (*preview, *notes)

    def quantile(self, share: float) -> float:
        """The smallest estimate that at least `share` of the segments don't exceed."""
        return _quantile([assessment.min_entropy for assessment in self.segments], share)

    def estimators(self) -> tuple[EstimatorOverSegments, ...]:
        """Every estimator that had a result in some segment, in the standard's order."""
        values: dict[tuple[str, str, str], dict[int, float]] = {}
        decided: Counter[tuple[str, str, str]] = Counter()
        for index, assessment in enumerate(self.segments):
            for e in assessment.estimators:
                values.setdefault((e.section, e.name, e.on), {})[index] = e.min_entropy
            if decisive := assessment.decisive:
                decided[decisive.section, decisive.name, decisive.on] += 1
        return tuple(
            EstimatorOverSegments(
                *key,
                smallest=min(found.values()),
                median=_quantile(found.values(), 0.5),
                largest=max(found.values()),
                weakest=min(found, key=found.__getitem__),
                decided=decided[key],
                left_out=len(self.segments) - len(found),
            )
            for key, found in sorted(values.items(), key=lambda item: _standards_order(item[0]))
        )

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.assessment_segments/1."""
        first = self.segments[0]
        return {
            "schema": SCHEMA,
            "sha256": self.sha256,
            "layout": self.layout,
            "samples": self.samples,
            "bits_per_symbol": first.bits_per_symbol,
            "lanes": first.lanes,
            "track": first.track,
            "segment": self.segment,
            "tail": self.tail,
            "min_entropy": self.min_entropy,
            "claimed_min_entropy": self.claimed_min_entropy,
            "weakest": self.weakest,
            "not_iid": self.not_iid,
            "quantiles": {str(share): self.quantile(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)},
            "estimators": [asdict(estimator) for estimator in self.estimators()],
            "warnings": list(self.warnings),
            "segments": [
                _segment_json(index * self.segment, assessment) for index, assessment in enumerate(self.segments)
            ],
        }


def _standards_order(key: tuple[str, str, str]) -> tuple[list[int], bool]:
    section, _, on = key
    return [int(number) for number in section.split(".")], on == "bitstring"


def _quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _segment_json(first: int, assessment: Assessment) -> dict[str, Any]:
    found: dict[str, Any] = {
        "first": first,
        "alphabet_size": assessment.alphabet_size,
        "h_original": assessment.h_original,
        "h_bitstring": assessment.h_bitstring,
        "min_entropy": assessment.min_entropy,
        "estimators": {f"{e.name} {e.on}": e.min_entropy for e in assessment.estimators},
    }
    if assessment.lane_average is not None:
        found["lane_average"] = assessment.lane_average
    if iid := assessment.iid:
        found["iid"] = {"passed": iid.passed, "failures": list(iid.failures), "seed": iid.permutation.seed}
    return found


def _assess_one(samples: Samples, track: str, seed: int | None) -> Assessment:
    return assess(samples, track=track, seed=seed)


def assess_segments(
    data: str | os.PathLike[str] | Samples,
    segment: int = 1_000_000,
    *,
    bits_per_symbol: int | None = None,
    layout: str | None = None,
    lanes: int | None = None,
    keep: str | None = None,
    first: int | None = None,
    track: str = "non-iid",
    seed: int | None = None,
    executor: Executor | None = None,
    ahead: int = 4,
    progress: Callable[[int], None] | None = None,
) -> SegmentedAssessment:
    """Assess every whole segment of a capture, reading no more than is being worked on.

    Args:
        data: path of a capture, "-" for stdin, or `Samples`.
        segment: symbols in a segment, a multiple of 8.
        bits_per_symbol, layout, lanes, keep, track: as for `qrng.assess`.
        first: read only that many samples from the beginning (the result says so).
        seed: as for `qrng.assess`, the same in every segment; None draws one for each.
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
    if first is not None and first < segment:
        raise ParameterError(f"the first {first} samples hold no whole segment of {segment}: take shorter ones")
    work = partial(_assess_one, track=track, seed=seed)
    if isinstance(data, Samples):
        whole = data if lanes is None else replace(data, lanes=lanes)
        parts = (whole.slice(start, start + segment) for start in range(0, whole.count, segment))
        return _run(work, _first(parts, first), segment, keep, first, executor, ahead, progress)
    from qrng.formats import open_capture

    with open_capture(data, layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes) as capture:
        pieces = _first(capture.chunks(segment), first)
        found = _run(work, pieces, segment, keep, first, executor, ahead, progress)
        return replace(found, sha256=capture.sha256, layout=capture.describe())


def _first(pieces: Iterator[Samples], count: int | None) -> Iterator[Samples]:
    """Pieces up to `count` samples."""
    read = 0
    for piece in pieces:
        rest = piece.count if count is None else count - read
        yield piece if piece.count <= rest else piece.slice(0, rest)
        read += piece.count
        if read == count or piece.count > rest:
            return


def _run(
    work: Callable[[Samples], Assessment],
    pieces: Iterator[Samples],
    segment: int,
    keep: str | None,
    first: int | None,
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

    for result in ordered(work, whole(), executor, ahead):
        results.append(result)
        if progress:
            progress(result.samples)
    if not results:
        raise ParameterError(f"{samples} samples hold no whole segment of {segment}: take shorter ones")
    return SegmentedAssessment(segment, samples, tail, tuple(results), None, None, preview=first is not None)
