"""Frequency (monobit) test, SP 800-22 section 2.1: are there as many ones as zeros?"""

from __future__ import annotations

import math

from nist_sts.base import Mode, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import binomial_upper_tail
from nist_sts.sequence import Sequence


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    n = sequence.n
    s = 2 * sequence.ones - n
    if mode == "nist":
        p = math.erfc(abs(s) / math.sqrt(n) / math.sqrt(2))
    else:
        p = min(1.0, 2 * float(binomial_upper_tail((n + abs(s)) // 2, n)))
    return Outcome((p,), {"S": s})


TEST = StatisticalTest(
    name="frequency",
    section="2.1",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 100,  # 2.1.7
    correction="exact binomial p-value; the normal limit rejects good short sequences too often",
)
