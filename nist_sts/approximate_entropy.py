"""Approximate entropy test, SP 800-22 section 2.12: are patterns of m + 1 bits as frequent as those of m suggest?"""

from __future__ import annotations

import math

import numpy as np

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import chi_square_tail
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError


def _check(parameters: Parameters) -> None:
    if not 1 <= parameters["pattern_length"] <= 23:
        raise ParameterError("approximate_entropy.pattern_length must be 1 to 23")


def _likelihood(sequence: Sequence, m: int) -> float:
    """Sum over the patterns of m bits of count ln (count / expected) = n (phi_m + m ln 2)."""
    counts = sequence.patterns(m)
    seen = counts[counts > 0].astype(np.float64)
    return float(np.sum(seen * np.log(seen * (2**m / sequence.n))))


def _phi(sequence: Sequence, m: int) -> float:
    """phi_m as STS 2.1.2 adds it up: term after term, so that its rounding errors, 1e-9 of a p-value, are ours."""
    counts = sequence.patterns(m)
    seen = counts[counts > 0].astype(np.float64)
    return float(np.cumsum(seen * np.log(seen / sequence.n))[-1]) / sequence.n


def _request(parameters: Parameters) -> kernels.Request:
    return kernels.patterns(parameters["pattern_length"] + 1, parameters["pattern_length"] + 1)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    n, m = sequence.n, parameters["pattern_length"]
    if n <= m:
        raise NotApplicable(f"needs n ≥ {m + 1}")
    if mode == "nist":
        longer = _phi(sequence, m + 1)
        entropy = _phi(sequence, m) - longer
        chi2 = 2 * n * (math.log(2) - entropy)
    else:
        # 2 n (ln 2 - ApEn) with the parts that cancel, m ln 2 and (m + 1) ln 2, never added: it keeps its digits.
        # A likelihood ratio has mean 2^m + 4^m/2n, not 2^m: Bartlett's factor (1937, Proc. Royal Society A 160).
        excess = _likelihood(sequence, m + 1) - _likelihood(sequence, m)
        entropy = math.log(2) - excess / n
        chi2 = 2 * excess / (1 + 2**m / (2 * n))
    return Outcome((chi_square_tail(max(chi2, 0.0), 2**m),), {"ApEn": entropy, "chi2": chi2})


TEST = StatisticalTest(
    name="approximate_entropy",
    section="2.12",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 1 << (parameters["pattern_length"] + 6),  # 2.12.7: m < floor(log2 n) - 5
    parameters={"pattern_length": 10},
    check=_check,
    requests=lambda n, mode, parameters: (_request(parameters),),
    correction="Bartlett's factor 1 + 2^m/2n, which takes the bias 4^m/2n from the statistic",
)
