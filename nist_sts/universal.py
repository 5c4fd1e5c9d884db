"""Maurer's universal statistical test, SP 800-22 section 2.9: can the sequence be compressed?"""

from __future__ import annotations

import functools
import math

import numpy as np

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import two_sided_normal
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError

_SMALLEST, _LARGEST = 6, 16

_STS_MOMENTS = {  # expected value and variance of log2 of a distance, section 2.9.4 (5)
    6: (5.2177052, 2.954),
    7: (6.1962507, 3.125),
    8: (7.1836656, 3.238),
    9: (8.1764248, 3.311),
    10: (9.1723243, 3.356),
    11: (10.170032, 3.384),
    12: (11.168765, 3.401),
    13: (12.168070, 3.410),
    14: (13.167693, 3.416),
    15: (14.167488, 3.419),
    16: (15.167379, 3.421),
}

_CORON_NACCACHE = {  # d, e of c^2 = d + e 2^L / K: Coron and Naccache 1998 (SAC'98, LNCS 1556)
    6: (0.3489769, 0.3941338),
    7: (0.3631815, 0.3813210),
    8: (0.3732189, 0.3730195),
    9: (0.3800637, 0.3677118),
    10: (0.3845867, 0.3643695),
    11: (0.3874942, 0.3622979),
    12: (0.3893189, 0.3610336),
    13: (0.3904405, 0.3602731),
    14: (0.3911176, 0.3598219),
    15: (0.3915201, 0.3595573),
    16: (0.3917562, 0.3594039),
}


@functools.cache
def exact_moments(width: int) -> tuple[float, float]:
    """Mean and variance of log2 D, D geometric with P(D = i) = 2^-L (1 - 2^-L)^(i-1) (Maurer 1992, J. Cryptology 5)."""
    share = 2.0**-width
    i = np.arange(1, 48 << width)  # the rest has probability below e^-48
    weight = share * np.exp((i - 1) * math.log1p(-share))
    log = np.log2(i)
    mean = float(np.sum(weight * log))
    return mean, float(np.sum(weight * (log - mean) ** 2))


def _shortest(width: int) -> int:
    return 1010 * width << width  # 2.9.7: Q = 10 2^L, K = 1000 2^L


def _width(n: int, parameters: Parameters) -> int:
    given: int = parameters["block_length"]
    return given or max((w for w in range(_SMALLEST, _LARGEST + 1) if n >= _shortest(w)), default=_SMALLEST)


def _check(parameters: Parameters) -> None:
    width = parameters["block_length"]
    if width and not _SMALLEST <= width <= _LARGEST:
        raise ParameterError("universal.block_length must be 0 (chosen by the length) or 6 to 16")


def _request(n: int, width: int, first: int) -> kernels.Request:
    tested = n // width - first
    return kernels.gaps(width, first, tested, min(first + tested + 1, 16 << width))


def _requests(n: int, mode: Mode, parameters: Parameters) -> tuple[kernels.Request, ...]:
    width = _width(n, parameters)
    return (_request(n, width, 10 << width),)


def statistic(sequence: Sequence, width: int, first: int) -> tuple[float, int]:
    """f_n and K: the mean of log2 of the distances, and how many there are."""
    tested = sequence.n // width - first
    if tested < 1:
        raise NotApplicable(f"needs n ≥ {(first + 1) * width:,}")
    found = sequence.measured(_request(sequence.n, width, first))
    counts = found.counts[1 << width :]
    seen = np.flatnonzero(counts)
    return float(np.dot(counts[seen], np.log2(seen)) + found.sum) / tested, tested


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    width = _width(sequence.n, parameters)
    f, tested = statistic(sequence, width, 10 << width)
    if mode == "nist":
        mean, variance = _STS_MOMENTS[width]
        # Maurer 1992's approximation of the factor for dependent distances.
        c = 0.7 - 0.8 / width + (4 + 32 / width) * tested ** (-3 / width) / 15
    else:
        mean, variance = exact_moments(width)
        d, e = _CORON_NACCACHE[width]
        c = math.sqrt(d + e * 2**width / tested)
    sigma = c * math.sqrt(variance / tested)
    return Outcome((two_sided_normal((f - mean) / sigma),), {"L": width, "K": tested, "fn": f, "sigma": sigma})


TEST = StatisticalTest(
    name="universal",
    section="2.9",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: _shortest(parameters["block_length"] or _SMALLEST),
    parameters={"block_length": 0},
    check=_check,
    requests=_requests,
    correction="exact standard deviation (Coron and Naccache 1998); NIST's rests on an approximation of 1992",
)
