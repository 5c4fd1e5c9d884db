"""Frequency (monobit) test, SP 800-22 section 2.1: are there as many ones as zeros?"""

from __future__ import annotations

import math

from nist_sts import kernels
from nist_sts.base import Mode, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import attained_below, binomial_upper_tail
from nist_sts.sequence import Sequence


def exact_p_value(s: int, n: int) -> float:
    """P(|S| >= s) for a fair sequence of n bits; s has the parity of n."""
    return min(1.0, 2 * binomial_upper_tail((n + s) // 2, n))


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    n = sequence.n
    s = 2 * sequence.ones - n
    p = math.erfc(abs(s) / math.sqrt(2 * n)) if mode == "nist" else exact_p_value(abs(s), n)
    return Outcome((p,), {"S": s})


TEST = StatisticalTest(
    name="frequency",
    section="2.1",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 100,  # 2.1.7
    correction="exact binomial p-value; the normal limit rejects good short sequences too often",
    requests=lambda n, mode, parameters: (kernels.ONES,),
    attained=lambda x, n: attained_below(lambda half: exact_p_value(2 * half + n % 2, n), x, n // 2),
)
