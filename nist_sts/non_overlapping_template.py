"""Non-overlapping template matching test, SP 800-22 section 2.7: do aperiodic words occur as often as they should?

An aperiodic (bifix-free) word can't overlap itself, so its matches are counted for all words of m bits in one pass.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import chi_square_tails
from nist_sts.sequence import Sequence
from nist_sts.templates import aperiodic
from qrng.errors import ParameterError

_LEAST_MEAN = {"nist": 5.0, "corrected": 2.0}
"""Fewest expected matches in a block for a chi-square law, and for the exact law."""
_EXACT_BELOW = 100.0
"""Expected matches in a block from which the chi-square law is as good as the exact one."""
_STEP = 0.01
_FARTHEST = 150.0  # of one block's (W - mean)^2 / variance: P < 1e-20
_SMALLEST = 1e-12  # of an exact p-value: below it rounding errors show


def _mean(length: int, m: int) -> float:
    return math.ldexp(length - m + 1, -m)


def variance(length: int, m: int) -> float:
    """Variance of the matches of an aperiodic word of m bits in `length` bits.

    R/2^m - [R(2m-1) - m(m-1)]/4^m with R = length - m + 1 places. Section 2.7.4 (3) writes `length` for R and leaves
    out the last term.
    """
    places = length - m + 1
    return places / 2.0**m - (places * (2 * m - 1) - m * (m - 1)) / 4.0**m


def exact_law(length: int, m: int) -> npt.NDArray[np.float64]:
    """P(W = w), w = 0, 1, ..., of the matches of any aperiodic word of m bits in `length` fair bits.

    A match that ends at bit n excludes all others from its m bits, so P_n(w) = P_{n-1}(w) + 2^-m [P_{n-m}(w-1) -
    P_{n-m}(w)]: m steps at once are a cumulative sum. Large w, of probability below 1e-30, are left out.
    """
    mean = _mean(length, m)
    most = min(length // m, math.ceil(mean + 12 * math.sqrt(mean) + 30))
    block = np.zeros((m, most + 1))
    block[:, 0] = 1.0  # no room for a match in 0 .. m - 1 bits
    done = m - 1
    while done < length:
        steps = -block
        steps[:, 1:] += block[:, :-1]
        block = block[-1] + np.cumsum(2.0**-m * steps, axis=0)
        done += m
    law: npt.NDArray[np.float64] = np.clip(block[m - 1 - (done - length)], 0, None)
    return law


def _rounded(w: npt.ArrayLike, length: int, m: int) -> npt.NDArray[np.int64]:
    """(W - mean)^2 / variance in steps of 0.01."""
    deviation = (np.asarray(w, dtype=np.float64) - _mean(length, m)) ** 2 / variance(length, m)
    return np.rint(np.minimum(deviation, _FARTHEST) / _STEP).astype(np.int64)


@functools.lru_cache(maxsize=16)
def _exact_tail(blocks: int, length: int, m: int) -> npt.NDArray[np.float64]:
    """P(sum over the blocks of their rounded deviations >= k steps), k = 0, 1, ...: a convolution of exact laws."""
    law = exact_law(length, m)
    one = np.bincount(_rounded(np.arange(law.size), length, m), weights=law)
    longest = blocks * (one.size - 1) + 1
    size = 1 << (longest - 1).bit_length()
    total = np.fft.irfft(np.fft.rfft(one, size) ** blocks, size)[:longest]
    tail: npt.NDArray[np.float64] = np.clip(np.cumsum(total[::-1])[::-1], 0.0, 1.0)
    return tail


def _check(parameters: Parameters) -> None:
    if not 2 <= parameters["template_length"] <= 16:
        raise ParameterError("non_overlapping_template.template_length must be 2 to 16")
    if not 1 <= parameters["blocks"] <= 100:  # 2.7.7
        raise ParameterError("non_overlapping_template.blocks must be 1 to 100")


def _minimum(mode: Mode, parameters: Parameters) -> int:
    m: int = parameters["template_length"]
    return int(parameters["blocks"] * (math.ceil(_LEAST_MEAN[mode] * 2**m) + m - 1))


def _labels(parameters: Parameters) -> tuple[str, ...]:
    return _words(parameters["template_length"])


@functools.cache
def _words(m: int) -> tuple[str, ...]:
    return tuple(f"{word:0{m}b}" for word in aperiodic(m))


def _request(n: int, parameters: Parameters) -> kernels.Request:
    blocks = parameters["blocks"]
    return kernels.block_patterns(blocks, n // blocks, parameters["template_length"])


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    m, blocks = parameters["template_length"], parameters["blocks"]
    length = sequence.n // blocks
    if length < m:
        raise NotApplicable(f"needs n ≥ {blocks * m}")
    found = sequence.measured(_request(sequence.n, parameters)).counts
    matches = found.reshape(blocks, 2**m)[:, aperiodic(m)]
    mean = _mean(length, m)
    # Section 2.7.4 (3), which nist mode follows, writes M for the number of places.
    spread = length * (2.0**-m - (2 * m - 1) * 4.0**-m) if mode == "nist" else variance(length, m)
    chi2 = np.sum((matches - mean) ** 2, axis=0) / spread
    p = chi_square_tails(chi2, blocks)
    if mode == "corrected" and mean < _EXACT_BELOW:
        exact = _exact_tail(blocks, length, m)[np.sum(_rounded(matches, length, m), axis=0)]
        p = np.where(exact < _SMALLEST, np.minimum(p, _SMALLEST), exact)
    return Outcome(tuple(p.tolist()), {"W": matches.T.astype(int).tolist(), "mu": mean, "chi2": chi2.tolist()})


TEST = StatisticalTest(
    name="non_overlapping_template",
    section="2.7",
    evaluate=_evaluate,
    minimum=_minimum,
    parameters={"template_length": 9, "blocks": 8},
    check=_check,
    requests=lambda n, mode, parameters: (_request(n, parameters),),
    labels=_labels,
    correction="exact variance, and the exact law of the statistic where fewer than 100 matches a block are expected",
)
