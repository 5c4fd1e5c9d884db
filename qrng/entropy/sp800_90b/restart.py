"""Restart tests, SP 800-90B section 3.1.4: 1000 samples after each of 1000 restarts, read in rows and in columns.

The sanity check compares the most common symbol of any row or column with a cutoff that a source of the claimed
entropy exceeds with probability 1 − 0.99^(1/2000) a row or column. The cutoff is exact: for the worst source of that
entropy, m = ⌊2^H⌋ symbols of probability p = 2^−H and one with the rest, the counts of 1000 draws are independent
Poisson variables given their sum, so that P(all ≤ c) is a coefficient of a product of truncated series.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng._native import check, ffi, lib, readable
from qrng.entropy.sp800_90b import iid, registry
from qrng.entropy.sp800_90b.estimate import Estimate, NotApplicable, Skipped
from qrng.entropy.sp800_90b.sequence import Sequence, literal
from qrng.errors import ParameterError
from qrng.samples import Samples

__all__ = ["ALPHA", "SIZE", "RestartResult", "restart", "sanity_cutoff", "tail", "transpose"]

SIZE = 1000
"""Restarts, and samples taken after each."""

ALPHA = 1.0 - 0.99 ** (1.0 / (2 * SIZE))
"""Probability that one row or column of a good source fails; 0.000005 as the standard rounds it."""

Series = npt.NDArray[np.float64]


def _product(a: Series, b: Series) -> Series:
    product: Series = np.convolve(a, b)[: SIZE + 1]
    return product


def _power(base: Series, exponent: int) -> Series:
    result, square = _poisson(0.0, 0), base  # the series 1
    while exponent:
        if exponent & 1:
            result = _product(result, square)
        exponent >>= 1
        if exponent:
            square = _product(square, square)
    return result


def _poisson(mean: float, most: int) -> Series:
    """Weights of a Poisson variable, zero above `most`."""
    weights = np.zeros(SIZE + 1)
    if mean <= 0.0:
        weights[0] = 1.0
        return weights
    weights[0 : most + 1] = [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most + 1)]
    return weights


def tail(h: float, cutoff: int) -> float:
    """P(the most common of 1000 symbols occurs more than `cutoff` times) for the worst source of min-entropy h."""
    p = 2.0**-h
    m = math.floor(1.0 / p + 1e-12)
    rest = max(0.0, 1.0 - m * p)
    series = _product(_power(_poisson(SIZE * p, cutoff), m), _poisson(SIZE * rest, cutoff))
    return float(1.0 - series[SIZE] / _poisson(SIZE, SIZE)[SIZE])


def sanity_cutoff(h: float) -> int:
    """Least count that a row or column of a source of min-entropy h exceeds with probability at most ALPHA.

    Args:
        h: claimed min-entropy, 0 to 8 bits a symbol.
    """
    low, high = 0, SIZE  # the tail is above ALPHA at low, not above it at high
    while high - low > 1:
        middle = (low + high) // 2
        if tail(h, middle) > ALPHA:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True)
class RestartResult:
    """What the restart tests found.

    Attributes:
        track: "non-iid" or "iid".
        h_i: initial entropy claimed, bits a symbol.
        cutoff: of the sanity check.
        x_max_rows, x_max_columns: largest count of one symbol in a row, in a column.
        h_r, h_c: smallest estimates on the literal row and column sets; None if the sanity check failed.
        estimators: estimates by "rows" and "columns".
        skipped: estimators without a result, likewise.
        failures: why the validation failed, in words; empty if it passed.
        min_entropy: min(h_r, h_c, h_i), or 0 if the validation failed.
    """

    track: str
    h_i: float
    cutoff: int
    x_max_rows: int
    x_max_columns: int
    h_r: float | None
    h_c: float | None
    estimators: dict[str, tuple[Estimate, ...]]
    skipped: dict[str, tuple[Skipped, ...]]
    failures: tuple[str, ...]
    min_entropy: float

    @property
    def passed(self) -> bool:
        """Did the validation pass?"""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.restart/1."""
        return {"schema": "qrng.restart/1", **asdict(self), "failures": list(self.failures), "passed": self.passed}


def transpose(samples: Samples) -> Samples:
    """The column set of a restart matrix: symbol i of restart j becomes symbol j of place i.

    Raises:
        ParameterError: other than 1000 × 1000 samples.
    """
    if samples.count != SIZE * SIZE:
        raise ParameterError(
            f"{samples.count} samples: restart tests take {SIZE} samples from each of {SIZE} restarts, in order"
        )
    columns = samples.symbols().reshape(SIZE, SIZE).T.ravel()
    return Samples.from_symbols(columns, samples.bits_per_symbol, provenance=samples.provenance)


def _most_in_a_column(samples: Samples) -> int:
    width = samples.bits_per_symbol
    counts = np.zeros((SIZE, 1 << width), np.uint64)
    symbols: bits.Symbols = samples.symbols()
    table = ffi.from_buffer("uint64_t[]", counts)
    status = lib.qrng_entropy_lane_histogram(table, readable(symbols), samples.count, SIZE, 0, width)
    check(status, "restart tests take symbols of 1 to 8 bits")
    return int(counts.max())


def restart(
    samples: Samples, h_i: float, *, track: str = "non-iid", progress: Callable[[int, int, str], None] | None = None
) -> RestartResult:
    """Test whether the entropy estimate of one long run holds for what the source gives after a restart.

    Args:
        samples: 1000 × 1000 symbols, all of the first restart, then all of the second, and so on.
        h_i: the initial entropy estimate, bits a symbol.
        track: "non-iid", or "iid" if the source was assessed on that track; both sets are then tested for IID.
        progress: called as progress(done, total, name) after each estimator.

    Raises:
        ParameterError: other than 1000 × 1000 samples, a claim outside (0, width], an unknown track.
    """
    if track not in ("non-iid", "iid"):
        raise ParameterError(f"restart tests run on the track non-iid or iid, not {track!r}")
    if not 0.0 < h_i <= samples.bits_per_symbol:
        raise ParameterError(f"an initial entropy of {h_i} is outside (0, {samples.bits_per_symbol}] bits a symbol")
    sets = {"rows": samples, "columns": transpose(samples)}
    cutoff = sanity_cutoff(h_i)
    largest = {"rows": _most_in_a_column(sets["columns"]), "columns": _most_in_a_column(samples)}
    failures = [f"a symbol occurs {n} times in one of the {name}" for name, n in largest.items() if n > cutoff]
    found: dict[str, tuple[Estimate, ...]] = {}
    skipped: dict[str, tuple[Skipped, ...]] = {}
    h: dict[str, float] = {}
    if not failures:
        for number, (name, data) in enumerate(sets.items()):
            if track == "iid" and (bad := iid.test(data).failures):
                failures.append(f"the {name} are not IID ({', '.join(bad)})")
            found[name], skipped[name] = _estimate(literal(data), track, number, progress)
            h[name] = min([float(samples.bits_per_symbol), *(e.min_entropy for e in found[name])])
        if min(h.values()) < h_i / 2:
            failures.append("an estimate is below half the initial entropy")
    award = 0.0 if failures else min(h["rows"], h["columns"], h_i)
    return RestartResult(
        track,
        h_i,
        cutoff,
        largest["rows"],
        largest["columns"],
        h.get("rows"),
        h.get("columns"),
        found,
        skipped,
        tuple(failures),
        award,
    )


def _estimate(
    sequence: Sequence, track: str, number: int, progress: Callable[[int, int, str], None] | None
) -> tuple[tuple[Estimate, ...], tuple[Skipped, ...]]:
    """Estimates on literal symbols alone, as the reference tool makes them here."""
    chosen = registry.IID if track == "iid" else registry.NON_IID
    plan = [estimator for estimator in chosen if sequence.alphabet_size <= 2 or not estimator.binary_only]
    estimates: list[Estimate] = []
    skipped: list[Skipped] = []
    for done, estimator in enumerate(plan, start=1):
        try:
            estimates.append(estimator.estimate(sequence))
        except NotApplicable as reason:
            skipped.append(Skipped(estimator.name, sequence.on, str(reason)))
        if progress:
            progress(number * len(plan) + done, 2 * len(plan), estimator.name)
    return tuple(estimates), tuple(skipped)
