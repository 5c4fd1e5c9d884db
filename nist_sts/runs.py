"""Runs test, SP 800-22 section 2.3: do bits change as often as independent ones would?"""

from __future__ import annotations

import math

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import two_sided_normal
from nist_sts.sequence import Sequence


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    n, ones = sequence.n, sequence.ones
    zeros = n - ones
    share = ones / n
    runs = sequence.measured(kernels.TRANSITIONS).value + 1
    statistics = {"pi": share, "V": runs}
    if abs(share - 0.5) > 2 / math.sqrt(n):  # 2.3.4 (2): the frequency test failed, with |S| > 4 sqrt n
        if mode == "nist":
            return Outcome((0.0,), statistics)
        raise NotApplicable("the share of ones is too far from 1/2 (the frequency test fails)")
    if mode == "nist":
        expected = 2 * n * share * (1 - share)
        p = math.erfc(abs(runs - expected) / (2 * share * (1 - share) * math.sqrt(2 * n)))
        return Outcome((p,), statistics)
    # Wald and Wolfowitz 1940: mean and variance of the number of runs, given the numbers of ones and zeros.
    pairs = 2 * ones * zeros
    variance = pairs * (pairs - n) / (n * n * (n - 1)) if n > 1 else 0.0
    if variance <= 0:
        raise NotApplicable("the number of runs can't vary with these numbers of ones and zeros")
    return Outcome((two_sided_normal((runs - 1 - pairs / n) / math.sqrt(variance)),), statistics)


TEST = StatisticalTest(
    name="runs",
    section="2.3",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 100,  # 2.3.7
    requests=lambda n, mode, parameters: (kernels.ONES, kernels.TRANSITIONS),
    correction="mean and variance of Wald and Wolfowitz (1940); NIST's mean is one run short",
)
