"""Chi-square tests for IID, SP 800-90B section 5.2: independence of neighbours and goodness of fit over ten parts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.entropy.sp800_90b.sequence import Sequence, histogram

__all__ = ["ChiSquare", "goodness_of_fit", "independence", "proportions"]

ALPHA = 0.001  # both tests fail below this p-value
LEAST_EXPECTED = 5.0  # in a bin
LONGEST_TUPLE = 11  # bits, section 5.2.3
PARTS = 10  # section 5.2.2 and 5.2.4

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChiSquare:
    """Statistic, degrees of freedom and p-value; 0, 0 and 1 where the data are too few to be tested."""

    name: str
    statistic: float
    degrees_of_freedom: int
    p_value: float

    @property
    def passed(self) -> bool:
        """Is the p-value not too small?"""
        return self.p_value >= ALPHA


def _result(name: str, statistic: float, freedom: int) -> ChiSquare:
    from scipy.special import gammaincc

    if freedom <= 0:
        return ChiSquare(name, statistic, freedom, 1.0)
    return ChiSquare(name, statistic, freedom, float(gammaincc(freedom / 2, statistic / 2)))


def proportions(sequence: Sequence) -> Floats:
    """Proportion of each symbol, summed up as the reference tool does, 1/L at a time: a tie or a bin's border
    depends on the last digit."""
    counts = histogram(sequence.symbols)[: sequence.alphabet_size].astype(np.int64)
    sums = np.cumsum(np.full(int(counts.max()), 1.0 / sequence.length))
    return sums[counts - 1]


def _bins(expected: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """Bin of every value, and what each bin expects: filled in rising order until 5, the last joined if it is short."""
    order = np.argsort(expected, kind="stable")
    of = np.empty(expected.size, np.int64)
    sums: list[float] = []
    current, number = 0.0, 0
    for index in order.tolist():
        if current >= LEAST_EXPECTED:
            sums.append(current)
            number += 1
            current = 0.0
        of[index] = number
        current += float(expected[index])
    if number and current < LEAST_EXPECTED:
        of[of == number] = number - 1
        sums[-1] += current
    else:
        sums.append(current)
    return of, np.array(sums)


def _distance(observed: npt.NDArray[np.int64], expected: Floats) -> float:
    return math.fsum(((observed - expected) ** 2 / expected).tolist())


def independence(sequence: Sequence) -> ChiSquare:
    """Are neighbours independent? Pairs of symbols, or words of up to 11 bits of a binary sequence (5.2.1, 5.2.3)."""
    name = "chi_square_independence"
    if sequence.alphabet_size == 2:
        return _binary_independence(name, sequence)
    p, k = proportions(sequence), sequence.alphabet_size
    of, expected = _bins((np.multiply.outer(p, p) * (sequence.length // 2)).ravel())
    pairs = sequence.symbols[: sequence.length // 2 * 2].astype(np.int64).reshape(-1, 2)
    observed = np.bincount(of[pairs[:, 0] * k + pairs[:, 1]], minlength=expected.size)
    return _result(name, _distance(observed, expected), expected.size - k)


def _binary_independence(name: str, sequence: Sequence) -> ChiSquare:
    p1 = sequence.ones / sequence.length
    p0 = 1.0 - p1
    m = LONGEST_TUPLE
    while m > 1 and min(p0, p1) ** m * (sequence.length // m) < LEAST_EXPECTED:
        m -= 1
    if m < 2:
        return _result(name, 0.0, 0)
    words = sequence.length // m
    values = np.asarray(bits.unpack(sequence.packed, words, m), np.int64)
    observed = np.bincount(values, minlength=1 << m)
    weight = np.array([value.bit_count() for value in range(1 << m)])
    return _result(name, _distance(observed, p1**weight * p0 ** (m - weight) * words), 2**m - 2)


def goodness_of_fit(sequence: Sequence) -> ChiSquare:
    """Do ten parts follow the law of the whole (5.2.2, 5.2.4)?"""
    size = sequence.length // PARTS
    parts = sequence.symbols[: PARTS * size].reshape(PARTS, size)
    if sequence.alphabet_size == 2:
        p = sequence.ones / sequence.length
        of, expected = np.arange(2), np.array([(1.0 - p) * size, p * size])
        freedom = PARTS - 1
    else:
        of, expected = _bins(proportions(sequence) * size)
        freedom = (PARTS - 1) * (expected.size - 1)
    if not size:
        return _result("chi_square_goodness_of_fit", 0.0, 0)
    total = sum(_distance(np.bincount(of[part], minlength=expected.size), expected) for part in parts)
    return _result("chi_square_goodness_of_fit", float(total), freedom)
