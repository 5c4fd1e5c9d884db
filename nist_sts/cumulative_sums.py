"""Cumulative sums test, SP 800-22 section 2.13: how far does the walk of +-1 steps stray, from either end?"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from nist_sts import kernels
from nist_sts.base import Mode, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import attained_below, binomial_upper_tails
from nist_sts.sequence import Sequence

_FAR = 40.0
"""Standard deviations past which a normal tail is below the smallest double."""


def _normal_law(x: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """P(Z < x) for a standard normal Z."""
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x.tolist()], dtype=np.float64)


def _limit_law(z: int, n: int) -> float:
    """The p-value of section 2.13.4 with the limits of STS 2.1.2, whose divisions drop the fraction."""

    def truncated(a: int, b: int) -> int:
        return math.trunc(a / b)

    ratio = n // z
    step = z / math.sqrt(n)
    far = math.ceil(_FAR / (4 * step)) + 1  # terms beyond it are differences of ones or of zeros
    k = np.arange(max(truncated(-ratio + 1, 4), -far), min(truncated(ratio - 1, 4), far) + 1)
    first = np.sum(_normal_law((4 * k + 1) * step) - _normal_law((4 * k - 1) * step))
    k = np.arange(max(truncated(-ratio - 3, 4), -far), min(truncated(ratio - 1, 4), far) + 1)
    second = np.sum(_normal_law((4 * k + 3) * step) - _normal_law((4 * k + 1) * step))
    return min(max(float(1 - first + second), 0.0), 1.0)


def _farthest(n: int) -> int:
    """A place that the walk of n steps reaches with a probability below the smallest double, or n."""
    return min(n, math.ceil(_FAR * math.sqrt(n)))


@functools.lru_cache(maxsize=1024)
def exact_p_value(z: int, n: int) -> float:
    """P(max |S_k| >= z) over k = 1..n for a fair walk.

    By reflection it is 1 - sum_k [P(S_n in ((4k-1)z, (4k+1)z)) - P(S_n in ((4k+1)z, (4k+3)z))], open
    intervals (Feller, volume 1, chapter III). With all mass counted once this becomes
    2 sum_j (-1)^j [P(S_n >= (2j+1)z) + P(S_n > (2j+1)z)], whose terms fall: small p-values keep their digits.
    """
    if 32 * z * z < n:  # P(max |S_k| < z) < 2 cos^n(pi / 2z) < 2 exp(-pi^2 n / 8z^2) < 1e-16
        return 1.0
    total = 0.0
    for j, level in enumerate(range(z, max(_farthest(n), z) + 1, 2 * z)):
        # S_n = 2X - n >= a  <=>  X >= ceil((n + a) / 2)
        at_least, above = binomial_upper_tails(-(-(n + level) // 2), n)
        if (n + level) % 2:  # S_n can't be at the level itself
            above = at_least
        total += (-1) ** j * (at_least + above)
        if at_least < 2.0**-60 * total:
            break  # what follows is smaller still, and alternates
    return min(1.0, 2 * total)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    highest, lowest, last = sequence.walk
    forward = max(highest, -lowest)
    backward = max(last - lowest, highest - last)
    law = _limit_law if mode == "nist" else exact_p_value
    p_values = tuple(law(z, sequence.n) for z in (forward, backward))
    return Outcome(p_values, {"z": (forward, backward)})


TEST = StatisticalTest(
    name="cumulative_sums",
    section="2.13",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 100,  # 2.13.7
    requests=lambda n, mode, parameters: (kernels.WALK,),
    labels=lambda parameters: ("forward", "backward"),
    correction="exact law of the walk's largest excursion (Feller, volume 1) in place of the Brownian limit",
    attained=lambda x, n: attained_below(lambda z: exact_p_value(max(z, 1), n), x, _farthest(n)),
)
