"""Min-entropy assessment of a capture: SP 800-90B estimates, lane by lane beside the whole, and the claim they give.

`assess` opens the data, runs the estimators of the chosen track over the whole of it, and forms an `EntropyClaim`
that an extractor may use. An estimate knows no adversary: it says how predictable the samples are to ten published
methods, and nothing about what an attacker has recorded or prepared.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from qrng._native import check, ffi, lib, readable
from qrng.assessed_data import load
from qrng.claim import EntropyClaim
from qrng.entropy.sp800_90b.estimate import Estimate, Skipped
from qrng.entropy.sp800_90b.iid import IidVerdict
from qrng.entropy.sp800_90b.most_common_value import from_mode
from qrng.entropy.sp800_90b.tracks import Progress, run
from qrng.errors import EntropyError
from qrng.samples import Samples

__all__ = ["Assessment", "assess"]

SCHEMA = "qrng.assessment/1"
_STRETCH = 1 << 22  # symbols unpacked at a time


@dataclass(frozen=True)
class Assessment:
    """What was assessed, what each estimator said, and the result.

    Attributes:
        samples: number of symbols.
        bits_per_symbol: width of a symbol.
        alphabet_size: distinct symbols.
        track: "non-iid", "iid" or "conditioned".
        estimators: results, in the standard's order.
        skipped: estimators without a result, with the reason.
        h_original: smallest estimate on the literal samples, bits a symbol; None on the conditioned track.
        h_bitstring: smallest estimate on the bit string, bits a bit; None where it is not tested.
        min_entropy: the assessed min-entropy of the whole stream, bits a symbol.
        lanes: number of interleaved streams.
        lane_samples: symbols in each lane; empty with one lane.
        lane_min_entropy: most common value estimate of each lane, bits a symbol; empty with one lane.
        sha256: hash of the file, or of the symbols one a byte; None for `Samples` that carry none.
        layout: how the file was read; None for data in memory.
        warnings: what a reader must know of this result.
        provenance: what the source says of itself.
        iid: result of the IID tests on the iid track; where they failed no entropy is awarded.
        reduced_from, kept: width of the raw symbols and which 8 bits of them were assessed ("high" or "low"); None if
            symbols were assessed whole.
    """

    samples: int
    bits_per_symbol: int
    alphabet_size: int
    track: str
    estimators: tuple[Estimate, ...]
    skipped: tuple[Skipped, ...]
    h_original: float | None
    h_bitstring: float | None
    min_entropy: float
    lanes: int = 1
    lane_samples: tuple[int, ...] = ()
    lane_min_entropy: tuple[float, ...] = ()
    sha256: str | None = None
    layout: str | None = None
    warnings: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    iid: IidVerdict | None = None
    reduced_from: int | None = None
    kept: str | None = None

    @property
    def lane_average(self) -> float | None:
        """Sum over lanes of estimate × symbols, divided by all symbols; None with one lane."""
        if not self.lane_samples:
            return None
        weighted = (n * h for n, h in zip(self.lane_samples, self.lane_min_entropy, strict=True))
        return sum(weighted) / self.samples

    @property
    def claimed_min_entropy(self) -> float:
        """Bits a symbol that may be claimed: the smaller of the whole-stream estimate and the lanes' average."""
        average = self.lane_average
        return self.min_entropy if average is None else min(self.min_entropy, average)

    @property
    def decisive(self) -> Estimate | None:
        """The estimate that gives `min_entropy`, the first of equal ones; None where none was made."""
        width = self.bits_per_symbol
        return min(self.estimators, key=lambda e: e.min_entropy * (width if e.on == "bitstring" else 1.0), default=None)

    @property
    def claim(self) -> EntropyClaim:
        """The entropy claim of `claimed_min_entropy`, with what it rests on.

        Raises:
            EntropyError: the assessment found no entropy.
        """
        h = self.claimed_min_entropy
        if self.iid and not self.iid.passed:
            failed = ", ".join(self.iid.failures)
            raise EntropyError(f"the samples are not IID ({failed}): nothing can be claimed on this track, use non-iid")
        if h <= 0:
            raise EntropyError("the assessment found no min-entropy, so nothing can be claimed")
        used = ", ".join(dict.fromkeys(e.section for e in self.estimators))
        assumptions = [
            "a statistical estimate from the samples alone: no adversary and no side information is considered",
            f"the source keeps behaving as it did in the {self.samples} samples assessed",
        ]
        if self.iid:
            assumptions.append(
                "the samples are independent and identically distributed; the tests found nothing against it"
            )
        if self.lane_samples:
            assumptions.append(f"lanes are independent: {self.lanes} lanes, each by its most common value (6.3.1)")
        width = self.reduced_from or self.bits_per_symbol
        weakest = min((h, *(lane for lane in self.lane_min_entropy if lane > 0))) if self.lane_samples else None
        reference = f"NIST SP 800-90B, sections {used}"
        return EntropyClaim(h, None, tuple(assumptions), reference, width, weakest_lane=weakest)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.assessment/1."""
        report: dict[str, Any] = {
            "schema": SCHEMA,
            "sha256": self.sha256,
            "layout": self.layout,
            "samples": self.samples,
            "bits_per_symbol": self.bits_per_symbol,
            "alphabet_size": self.alphabet_size,
            "track": self.track,
            "estimators": [asdict(estimate) for estimate in self.estimators],
            "skipped": [asdict(skipped) for skipped in self.skipped],
            "h_original": self.h_original,
            "h_bitstring": self.h_bitstring,
            "min_entropy": self.min_entropy,
            "decided_by": {"name": decisive.name, "on": decisive.on} if (decisive := self.decisive) else None,
            "lanes": self.lanes,
            "claim": self.claim.as_dict() if self.claimed_min_entropy > 0 else None,
            "warnings": list(self.warnings),
        }
        if self.reduced_from:
            report["reduced_from"] = {"bits_per_symbol": self.reduced_from, "kept": self.kept}
        if self.iid:
            report["iid"] = self.iid.as_json()
        if self.lane_samples:
            pairs = zip(self.lane_samples, self.lane_min_entropy, strict=True)
            report["lane_estimates"] = [
                {"lane": k, "samples": n, "most_common_value": h} for k, (n, h) in enumerate(pairs)
            ]
            report["lane_average"] = self.lane_average
        if "simulated" in self.provenance:
            report["simulated"] = bool(self.provenance["simulated"])
        return report


def assess(
    data: Any,
    *,
    bits_per_symbol: int | None = None,
    layout: str | None = None,
    lanes: int | None = None,
    keep: str | None = None,
    first: int | None = None,
    track: str = "non-iid",
    seed: int | None = None,
    workers: int = 1,
    all_rounds: bool = False,
    progress: Progress | None = None,
) -> Assessment:
    """Estimate the min-entropy of raw samples by SP 800-90B.

    Args:
        data: path of a capture, or "-" for stdin; or bytes, or an array of integers, one symbol an entry; or `Samples`.
        bits_per_symbol: width of a symbol, 1 to 32 bits. For symbols in memory it defaults to the highest bit set in
            any of them; for a file, to what its layout says.
        layout: how to read the file ("packed-msb", "symbols", …); None to look.
        lanes: number of interleaved streams; None to take what the data say, else 1.
        keep: of symbols wider than 8 bits, which 8 to assess: "high" or "low". Their min-entropy is at most that of
            the whole symbol, so that the claim holds for it; which ones carry the noise is for you to know.
        first: assess only that many samples from the beginning (the result says so).
        track: "non-iid" for raw noise; "iid" for raw noise that is argued to be independent, which is then tested;
            "conditioned" for the output of a conditioning component.
        seed: 64 bits that name the shuffles of the IID tests; None draws one (the result tells which).
        workers: threads; the result does not depend on their number.
        all_rounds: rank every value of the IID tests in all 10,000 rounds; else only as far as the verdict needs.
        progress: called as progress(done, total, name) after each estimator.

    Returns:
        Assessment, with `.min_entropy` in bits a symbol and `.claim` for an extractor.

    Raises:
        ParameterError: no samples, symbols wider than stated, or than 8 bits and no `keep`, no integers, an unknown
            track.
        FormatError: the file does not parse.
        OSError: the file can't be read.
    """
    read = load(data, bits_per_symbol=bits_per_symbol, layout=layout, lanes=lanes, keep=keep, first=first)
    samples = read.samples
    outcome = run(samples, track, progress, seed=seed, workers=workers, all_rounds=all_rounds)
    lane_samples, lane_min_entropy = _lane_estimates(samples) if samples.lanes > 1 else ((), ())
    return Assessment(
        samples=samples.count,
        bits_per_symbol=samples.bits_per_symbol,
        alphabet_size=outcome.alphabet_size,
        track=track,
        estimators=outcome.estimates,
        skipped=outcome.skipped,
        h_original=outcome.h_original,
        h_bitstring=outcome.h_bitstring,
        min_entropy=outcome.min_entropy,
        lanes=samples.lanes,
        lane_samples=lane_samples,
        lane_min_entropy=lane_min_entropy,
        sha256=read.sha256,
        layout=read.layout,
        warnings=read.warnings,
        reduced_from=read.reduced_from,
        kept=read.kept,
        provenance=dict(samples.provenance),
        iid=outcome.iid,
    )


def _lane_estimates(samples: Samples) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Symbols and most common value estimate of each lane; a lane of fewer than two symbols is worth nothing."""
    lanes, width = samples.lanes, samples.bits_per_symbol
    counts = np.zeros((lanes, 1 << width), np.uint64)
    table = ffi.from_buffer("uint64_t[]", counts)
    for start in range(0, samples.count, _STRETCH):
        symbols = samples.symbols(start, start + _STRETCH)
        first = samples.first + start
        status = lib.qrng_entropy_lane_histogram(table, readable(symbols), symbols.size, lanes, first, width)
        check(status, f"a symbol needs more than {width} bits")
    sizes = tuple(int(n) for n in counts.sum(axis=1))
    modes = (int(n) for n in counts.max(axis=1))
    return sizes, tuple(from_mode(mode, n)[2] if n > 1 else 0.0 for mode, n in zip(modes, sizes, strict=True))
