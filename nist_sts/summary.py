"""From many p-values to a verdict: proportion, uniformity, NIST's rule (section 4.2), Holm's family test."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from nist_sts.base import Mode
from nist_sts.distributions import binomial_upper_tail, chi_square_tail

__all__ = [
    "ALPHA",
    "FAMILY_ALPHA",
    "UNIFORMITY_FROM",
    "bins",
    "exact_band",
    "holm",
    "nist_verdict",
    "passing",
    "proportion_band",
    "uniformity",
]

ALPHA = 0.01
"""Significance level of a single p-value, section 1.1.5."""
FAMILY_ALPHA = 0.01
"""Probability that good data fail: the bound on any false rejection among all p-values of a report."""
UNIFORMITY_FROM = 55
"""Fewest sequences for a statement on uniformity, section 4.2.2."""
_UNIFORMITY_FAILS = 1e-4  # section 4.2.2
_BINS = 10


def bins(p_values: npt.ArrayLike) -> tuple[int, ...]:
    """How many p-values fall into each tenth of [0, 1]; 1.0 belongs to the last."""
    tenth = np.minimum((np.asarray(p_values, dtype=np.float64) * _BINS).astype(np.int64), _BINS - 1)
    return tuple(np.bincount(tenth, minlength=_BINS).tolist())


def passing(p_values: npt.ArrayLike) -> int:
    """How many p-values are at least 0.01."""
    return int(np.count_nonzero(np.asarray(p_values, dtype=np.float64) >= ALPHA))


def uniformity(counts: Sequence[int], mode: Mode, attained: Callable[[float], float] | None = None) -> float | None:
    """P-value of the chi-square test over the counts of ten bins, section 4.2.2; None below 55 p-values.

    STS divides the number of sequences by 10 as integers. Corrected mode does not, and where `attained` gives
    P(p-value < x) it expects that share in each bin: an exact p-value on a lattice can't be uniform.
    """
    s = sum(counts)
    if s < UNIFORMITY_FROM:
        return None
    if mode == "nist":
        expected = [float(s // _BINS)] * _BINS
    elif attained is None:
        expected = [s / _BINS] * _BINS
    else:
        edges = [0.0, *(attained(k / _BINS) for k in range(1, _BINS)), 1.0]
        expected = [s * (high - low) for low, high in itertools.pairwise(edges)]
    possible = [(count, mean) for count, mean in zip(counts, expected, strict=True) if mean > 0]
    return chi_square_tail(sum((count - mean) ** 2 / mean for count, mean in possible), len(possible) - 1)


def proportion_band(s: int, mode: Mode) -> tuple[int, int]:
    """Fewest and most of s sequences with p >= 0.01 that NIST's rule accepts.

    Section 4.2.1: 0.99 +- 3 sqrt(0.99 * 0.01 / s). STS 2.1.2 drops the fractions of both limits (nist mode);
    the document's band keeps inside them (corrected mode). One sequence alone is judged by its own p-value,
    section 1.1.5.
    """
    if s == 1:
        return 1, 1
    centre, half = (1 - ALPHA) * s, 3 * math.sqrt(ALPHA * (1 - ALPHA) * s)
    if mode == "nist":
        return math.floor(centre - half), min(s, math.floor(centre + half))
    return math.ceil(centre - half), min(s, math.floor(centre + half))


@functools.lru_cache(maxsize=64)
def exact_band(s: int, rows: int) -> int:
    """Fewest of s sequences with p >= 0.01 that good data give in all of `rows` rows, but for one report in 100.

    The largest k with P(Binomial(s, 0.99) < k) <= 0.01 / rows: Bonferroni's bound over the rows of a report.
    """
    low, high = 0, s
    while low < high:
        k = (low + high + 1) // 2
        # P(fewer than k pass) = P(more than s - k fail)
        if binomial_upper_tail(s - k + 1, s, ALPHA) <= FAMILY_ALPHA / rows:
            low = k
        else:
            high = k - 1
    return low


def nist_verdict(s: int, passed: int, flat: float | None, mode: Mode) -> bool:
    """Section 4.2: `passed` of s is in its band; uniformity, where it can be told, is at least 0.0001."""
    least, most = proportion_band(s, mode)
    return least <= passed <= most and (flat is None or flat >= _UNIFORMITY_FAILS)


def holm(p_values: npt.ArrayLike, alpha: float = FAMILY_ALPHA) -> float:
    """The p-values rejected are those at or below the number returned; -1.0 if none is.

    Holm 1979 (Scandinavian Journal of Statistics 6): the k-th smallest of m is rejected while it is at most
    alpha / (m - k + 1). The chance of any false rejection is at most alpha, whatever the dependence.
    """
    ordered = np.sort(np.asarray(p_values, dtype=np.float64))
    limits = alpha / np.arange(ordered.size, 0, -1)
    kept = np.flatnonzero(ordered > limits)
    rejected = int(kept[0]) if kept.size else ordered.size
    return float(ordered[rejected - 1]) if rejected else -1.0
