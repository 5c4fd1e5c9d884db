"""Test for the longest run of ones in a block, SP 800-22 sections 2.4 and 3.4."""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import goodness_of_fit
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError


class _Layout(NamedTuple):
    """Block length M; classes are runs <= first, first + 1, ..., >= last."""

    length: int
    first: int
    last: int


_LAYOUTS = {  # section 2.4.4, and 3.4 for M = 512 and 1000
    8: _Layout(8, 1, 4),
    128: _Layout(128, 4, 9),
    512: _Layout(512, 6, 11),
    1000: _Layout(1000, 7, 12),
    10_000: _Layout(10_000, 10, 16),
}

_SHORTEST = {0: 1000, 8: 1000, 128: 6272, 512: 25_600, 1000: 50_000, 10_000: 750_000}

_STS_PROBABILITIES = {  # as STS 2.1.2 has them: four digits at M = 10^4
    128: (0.1174035788, 0.242955959, 0.249363483, 0.17517706, 0.102701071, 0.112398847),
    10_000: (0.0882, 0.2092, 0.2483, 0.1933, 0.1208, 0.0675, 0.0727),
}


@functools.cache
def exact_probabilities(length: int, first: int, last: int) -> tuple[float, ...]:
    """P(longest run of ones in `length` fair bits is <= first, first + 1, ..., >= last), from integer counts.

    Strings of n bits without k + 1 ones in a row: a(n) = 2^n to n = k, 2^(k+1) - 1 at k + 1, then
    a(n) = 2 a(n-1) - a(n-k-2) (section 3.4 gives the same numbers as a sum of binomials).
    """

    def at_most(k: int) -> int:
        counts: list[int] = [2**n for n in range(k + 1)]
        counts.append(2 ** (k + 1) - 1)
        while len(counts) <= length:
            counts.append(2 * counts[-1] - counts[-k - 2])
        return counts[length]

    below = [0, *(at_most(k) for k in range(first, last)), 2**length]
    return tuple((high - low) / 2**length for low, high in itertools.pairwise(below))


def _block_length(n: int, parameters: Parameters) -> int:
    length: int = parameters["block_length"]
    if length:
        return length
    return 8 if n < 6272 else 128 if n < 750_000 else 10_000  # 2.4.2


def _check(parameters: Parameters) -> None:
    if parameters["block_length"] not in (0, *_LAYOUTS):
        raise ParameterError(
            f"longest_run.block_length must be 0 (chosen by the length) or one of {', '.join(map(str, _LAYOUTS))}"
        )


def _minimum(mode: Mode, parameters: Parameters) -> int:
    length: int = parameters["block_length"]
    if mode == "nist" and length == 0:
        return 128  # 2.4.2
    # A chi-square needs some 5 expected blocks in the rarest class; below 1000 bits blocks of 8 have too few values.
    return _SHORTEST[length]


def _request(n: int, layout: _Layout) -> kernels.Request:
    return kernels.longest_runs(n // layout.length, layout.length, layout.last)


def _requests(n: int, mode: Mode, parameters: Parameters) -> tuple[kernels.Request, ...]:
    return (_request(n, _LAYOUTS[_block_length(n, parameters)]),)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    layout = _LAYOUTS[_block_length(sequence.n, parameters)]
    if sequence.n < layout.length:
        raise NotApplicable(f"needs n ≥ {layout.length:,}")
    counts = sequence.measured(_request(sequence.n, layout)).counts.tolist()
    nu = [sum(counts[: layout.first + 1]), *counts[layout.first + 1 :]]
    law = exact_probabilities(*layout)
    if mode == "nist":
        law = _STS_PROBABILITIES.get(layout.length, law)
    chi2, p = goodness_of_fit(nu, law)
    return Outcome((p,), {"M": layout.length, "nu": nu, "chi2": chi2})


TEST = StatisticalTest(
    name="longest_run",
    section="2.4",
    evaluate=_evaluate,
    minimum=_minimum,
    parameters={"block_length": 0},
    check=_check,
    requests=_requests,
    correction="exact class probabilities; NIST's have four digits at M = 10,000",
)
