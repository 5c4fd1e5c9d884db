"""Discrete Fourier transform (spectral) test, SP 800-22 section 2.6: are there periodic features?"""

from __future__ import annotations

import math

from nist_sts import spectrum
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import two_sided_normal
from nist_sts.sequence import Sequence

_STS_LN20 = 2.995732274
"""ln 20 as STS 2.1.2 has it."""


def _threshold(n: int, mode: Mode) -> float:
    return n * (_STS_LN20 if mode == "nist" else math.log(20))


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    n, half = sequence.n, sequence.n // 2
    if half == 0:
        raise NotApplicable("needs n ≥ 2")
    below = spectrum.peaks_below(sequence, _threshold(n, mode))
    if mode == "nist":
        expected, variance = 0.95 * n / 2, n * 0.95 * 0.05 / 4
    else:
        # |F_j|^2 / n is near exponential; its sum over the bins is fixed (Parseval), which takes from the binomial
        # variance the square of the covariance with that sum: E[|F|^2/n; above ln 20] - 0.05 = 0.05 ln 20.
        expected, variance = 0.95 * half, half * (0.95 * 0.05 - (0.05 * math.log(20)) ** 2)
    d = (below - expected) / math.sqrt(variance)
    return Outcome((two_sided_normal(d),), {"N1": below, "N0": expected, "d": d})


TEST = StatisticalTest(
    name="dft",
    section="2.6",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 1000,  # 2.6.7
    requests=lambda n, mode, parameters: spectrum.requests(n, _threshold(n, mode)),
    correction="variance n·0.95·0.05/3.790, which follows from Parseval's identity (cf. Iwasaki 2020, "
    "arXiv 1806.10357); NIST's divisor 4 makes it 5 % too small",
)
