"""Tail probabilities that several tests use; scipy is imported when the first is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["attained_below", "binomial_upper_tail", "chi_square_tail", "goodness_of_fit", "two_sided_normal"]


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


def chi_square_tail(statistic: Any, degrees: Any) -> Any:
    """P(chi-square with `degrees` degrees of freedom >= statistic): igamc(degrees/2, statistic/2)."""
    from scipy.special import gammaincc

    return gammaincc(np.divide(degrees, 2), np.divide(statistic, 2))


def goodness_of_fit(counts: Any, probabilities: Any) -> tuple[float, float]:
    """Pearson's chi-square of counts against class probabilities, and its p-value on classes - 1 degrees."""
    observed = np.asarray(counts, dtype=np.float64)
    expected = observed.sum() * np.asarray(probabilities, dtype=np.float64)
    chi2 = float(np.sum((observed - expected) ** 2 / expected))
    return chi2, float(chi_square_tail(chi2, observed.size - 1))


def binomial_upper_tail(least: npt.ArrayLike, n: int) -> npt.NDArray[np.float64]:
    """P(X >= least), X the number of heads in n tosses of a fair coin, by the incomplete beta function."""
    from scipy.special import betainc

    k = np.asarray(least, dtype=np.float64)
    inside = np.clip(k, 1, n)
    tail = betainc(inside, n - inside + 1, 0.5)
    return np.where(k <= 0, 1.0, np.where(k > n, 0.0, tail))


def two_sided_normal(z: float) -> float:
    """P(|Z| >= |z|) for a standard normal Z: erfc(|z| / sqrt 2)."""
    return math.erfc(abs(z) / math.sqrt(2))
