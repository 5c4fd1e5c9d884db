"""Linear complexity test, SP 800-22 section 2.10: how long are the shift registers that make the blocks?"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

import numpy as np

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import goodness_of_fit
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError

_STS_PROBABILITIES = (0.01047, 0.03125, 0.125, 0.5, 0.25, 0.0625, 0.020833)  # 2.10.4 (6); .01047 is a misprint
_LONGEST = 10_000


def mean(length: int, mode: Mode) -> float:
    """Expected linear complexity of `length` fair bits, section 2.10.4 (3). STS 2.1.2 turns the sign of (-1)^(M+1)."""
    sign = -1 if (length % 2 == 0) == (mode == "corrected") else 1
    return length / 2 + (9 + sign) / 36 - (length / 3 + 2 / 9) * 2.0**-length


@functools.lru_cache(maxsize=16)
def classes(length: int, mode: Mode) -> tuple[int, ...]:
    """Class 0 to 6 of each linear complexity 0 .. length, by T = (-1)^M (L - mean) + 2/9, section 2.10.4 (4, 5)."""
    sign, centre = (1 if length % 2 == 0 else -1), mean(length, mode)
    return tuple(min(max(math.ceil(sign * (value - centre) + 2 / 9 + 2.5), 0), 6) for value in range(length + 1))


@functools.cache
def exact_probabilities(length: int) -> tuple[float, ...]:
    """P(class 0 .. 6): of 2^M strings, 2^min(2M - 2L, 2L - 1) have complexity L > 0, one has 0 (section 3.10)."""
    total = [Fraction(0)] * 7
    for value, kind in enumerate(classes(length, "corrected")):
        power = min(2 * length - 2 * value, 2 * value - 1) if value else 0
        total[kind] += Fraction(2**power, 2**length)
    return tuple(float(p) for p in total)


def _check(parameters: Parameters) -> None:
    if not 10 <= parameters["block_length"] <= _LONGEST:
        raise ParameterError(f"linear_complexity.block_length must be 10 to {_LONGEST:,}")


def _minimum(mode: Mode, parameters: Parameters) -> int:
    blocks = 200 if mode == "nist" else 480  # 2.10.7; 5 blocks expected in the rarest class, 1/96
    return blocks * int(parameters["block_length"])


def _request(n: int, parameters: Parameters) -> kernels.Request:
    return kernels.complexities(n // parameters["block_length"], parameters["block_length"])


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    length = parameters["block_length"]
    if sequence.n < length:
        raise NotApplicable(f"needs n ≥ {length:,}")
    counts = sequence.measured(_request(sequence.n, parameters)).counts
    nu = np.bincount(classes(length, mode), weights=counts, minlength=7).tolist()
    chi2, p = goodness_of_fit(nu, _STS_PROBABILITIES if mode == "nist" else exact_probabilities(length))
    return Outcome((p,), {"nu": [int(count) for count in nu], "chi2": chi2})


TEST = StatisticalTest(
    name="linear_complexity",
    section="2.10",
    evaluate=_evaluate,
    minimum=_minimum,
    parameters={"block_length": 500},
    check=_check,
    requests=lambda n, mode, parameters: (_request(n, parameters),),
    correction="exact class probabilities; NIST's first one, .01047, is a misprint of 1/96",
)
