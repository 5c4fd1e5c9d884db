"""Tail probabilities that several tests use, from the C core: no other library is needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from qrng._native import ffi, lib

__all__ = [
    "attained_below",
    "binomial_upper_tail",
    "binomial_upper_tails",
    "chi_square_tail",
    "chi_square_tails",
    "goodness_of_fit",
    "two_sided_normal",
]


def attained_below(p_value: Callable[[int], float], x: float, largest: int) -> float:
    """P(p-value < x) for the exact p-value of an integer statistic: the largest value below x that it attains.

    Args:
        p_value: P(statistic >= z) as a falling function of z.
        x: level.
        largest: a z whose p-value is the smallest one.
    """
    low, high = 0, largest + 1
    while low < high:
        middle = (low + high) // 2
        if p_value(middle) < x:
            high = middle
        else:
            low = middle + 1
    return p_value(low) if low <= largest else 0.0


def chi_square_tails(statistics: npt.ArrayLike, degrees: float) -> npt.NDArray[np.float64]:
    """P(chi-square with `degrees` degrees of freedom >= statistic) of each: igamc(degrees/2, statistic/2)."""
    values = np.ascontiguousarray(statistics, dtype=np.float64)
    tails = np.empty_like(values)
    pointers = (ffi.from_buffer("double[]", array) for array in (values, tails))
    lib.qrng_sts_chi_square_tails(degrees, *pointers, values.size)
    return tails


def chi_square_tail(statistic: float, degrees: float) -> float:
    """P(chi-square with `degrees` degrees of freedom >= statistic): igamc(degrees/2, statistic/2)."""
    pair = ffi.new("double[2]", (statistic, 0.0))
    lib.qrng_sts_chi_square_tails(degrees, pair, pair + 1, 1)
    return float(pair[1])


def goodness_of_fit(counts: Sequence[float], probabilities: Sequence[float]) -> tuple[float, float]:
    """Pearson's chi-square of counts against class probabilities, and its p-value on classes - 1 degrees."""
    total = sum(counts)
    expected = [total * p for p in probabilities]
    chi2 = sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))
    return chi2, chi_square_tail(chi2, len(expected) - 1)


def binomial_upper_tail(least: int, n: int, share: float = 0.5) -> float:
    """P(X >= least), X the number of heads in n tosses of a coin that shows them with probability `share`."""
    return binomial_upper_tails(least, n, share)[0]


def binomial_upper_tails(least: int, n: int, share: float = 0.5) -> tuple[float, float]:
    """P(X >= least) and P(X > least), X the number of heads in n tosses of such a coin."""
    if least < 0:
        return 1.0, 1.0
    above = ffi.new("double *")
    return float(lib.qrng_sts_binomial_tail(least, n, share, above)), float(above[0])


def two_sided_normal(z: float) -> float:
    """P(|Z| >= |z|) for a standard normal Z: erfc(|z| / sqrt 2)."""
    return math.erfc(abs(z) / math.sqrt(2))
