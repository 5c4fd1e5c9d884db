"""Overlapping template matching test, SP 800-22 section 2.8: do runs of m ones occur as often as they should?"""

from __future__ import annotations

import functools
import math

import numpy as np

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import goodness_of_fit
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError

_CLASSES = 5
"""K: blocks with 0, 1, ..., 4, and 5 or more matches."""


@functools.lru_cache(maxsize=16)
def exact_probabilities(m: int, length: int) -> tuple[float, ...]:
    """P(0, 1, 2, 3, 4, >= 5 places in `length` fair bits where m ones in a row start).

    Markov chain on (ones at the end, at most m; matches so far, at most 5), one step a bit. Hamano and Kaneko 2007
    (IEICE E90-A) gave these probabilities for m = 9, length 1032.
    """
    state = np.zeros((m + 1, _CLASSES + 1))
    state[0, 0] = 1.0
    for _ in range(length):
        after = np.zeros_like(state)
        after[0] = state.sum(axis=0) / 2
        after[1:] = state[:-1] / 2
        after[m] += state[m] / 2
        matched = after[m].copy()  # one more match
        after[m, 0] = 0.0
        after[m, 1:] = matched[:-1]
        after[m, _CLASSES] += matched[_CLASSES]
        state = after
    return tuple(float(p) for p in state.sum(axis=0))


def compound_poisson(m: int, length: int) -> tuple[float, ...]:
    """The limit that STS 2.1.2 computes, section 3.8: Polya and Aeppli's law with eta = (length - m + 1) / 2^(m+1)."""
    eta = (length - m + 1) / 2 ** (m + 1)
    law = [math.exp(-eta)]
    for u in range(1, _CLASSES):
        terms = (math.comb(u - 1, k - 1) * eta**k / math.factorial(k) for k in range(1, u + 1))
        law.append(math.exp(-eta) / 2**u * sum(terms))
    return (*law, 1 - sum(law))


def _check(parameters: Parameters) -> None:
    m, length = parameters["template_length"], parameters["block_length"]
    if not 2 <= m <= 64:
        raise ParameterError("overlapping_template.template_length must be 2 to 64")
    if not m + _CLASSES <= length <= 1_000_000:
        raise ParameterError(f"overlapping_template.block_length must be {m + _CLASSES} to 1,000,000")


def _minimum(mode: Mode, parameters: Parameters) -> int:
    m, length = parameters["template_length"], parameters["block_length"]
    return int(length * math.ceil(5 / min(exact_probabilities(m, length))))  # 2.8.7: N min(pi) > 5


def _request(n: int, parameters: Parameters) -> kernels.Request:
    length = parameters["block_length"]
    return kernels.run_counts(n // length, length, parameters["template_length"], _CLASSES)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    m, length = parameters["template_length"], parameters["block_length"]
    if sequence.n < length:
        raise NotApplicable(f"needs n ≥ {length:,}")
    nu = sequence.measured(_request(sequence.n, parameters)).counts.tolist()
    law = compound_poisson(m, length) if mode == "nist" else exact_probabilities(m, length)
    chi2, p = goodness_of_fit(nu, law)
    return Outcome((p,), {"nu": nu, "chi2": chi2})


TEST = StatisticalTest(
    name="overlapping_template",
    section="2.8",
    evaluate=_evaluate,
    minimum=_minimum,
    parameters={"template_length": 9, "block_length": 1032},
    check=_check,
    requests=lambda n, mode, parameters: (_request(n, parameters),),
    correction="exact class probabilities (Hamano and Kaneko 2007); NIST's program overwrites them with a limit law "
    "(Saarinen, eprint 2022/540)",
)
