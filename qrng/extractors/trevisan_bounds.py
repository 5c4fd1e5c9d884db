"""Output lengths of Trevisan's extractor, and the sizes of its field and of its weak design.

One-bit extractors of error e1 for min-entropy k1 and a weak design of overlap 1 give m bits at min-entropy k1 + m with
error m e1 (De, Portmann, Vidick, Renner, SIAM J. Comput. 41 (2012) 915). RSH, a polynomial over GF(2^l) at a random
point and an inner product, is delta-almost universal with 2 delta - 1 = 2 (ceil(n/l) - 1) 2^-l. Against quantum side
information k1 = 4 log2(1/e1) + 6 (the parameters of cryptomite and libtrevisan); against classical its error is
(1/2) sqrt(2 delta - 1 + 2^(1 - k1)) by the leftover hash lemma. l = ceil(log2 n + 2 log2(2/e1)) in both.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from qrng.extractors.params import exp2_upper, log2_bounds
from qrng.extractors.planning import Budget

__all__ = ["DESIGN_FIELD", "LEAST_DEGREE", "MOST_DEGREE", "block_sizes", "choose", "design_degree", "longest"]

LEAST_DEGREE, MOST_DEGREE = 17, 384  # of the field of the one-bit extractor, by the C core
_LEAST_PLACES_LOG = 6
DESIGN_FIELD = {6: 0x43, 7: 0x83, 8: 0x11D, 9: 0x211, 10: 0x409}
"""Polynomial of the design's field by log2 of its places: primitive, of least weight, those of cryptomite."""


def design_degree(l: int) -> int:  # noqa: E741 - the name that the papers give it
    """log2 of the number of places t of the design: the least power of two of at least 2 l, and of 64."""
    return max(_LEAST_PLACES_LOG, (2 * l - 1).bit_length())


def block_sizes(m: int, t: int) -> list[int]:
    """Sizes of the blocks of a weak design of overlap 1 for m outputs over GF(t): Ma, Zhang, Tan, section III.

    Some may be 0. The overlap of the whole is checked in the tests by going through all pairs of sets.
    """
    e2 = 2 * math.e
    count = 1
    if m > e2 and t > e2:
        count = max(1, math.ceil((math.log2(m - e2) - math.log2(t - e2)) / (math.log2(e2) - math.log2(e2 - 1))))
    sizes: list[int] = []
    total = 0.0
    for i in range(count):
        total += (1 - 1 / e2) ** i * (m / e2 - 1)
        sizes.append(min(m, max(0, math.ceil(total))) - sum(sizes))
    return [*sizes, m - sum(sizes)]


@dataclass(frozen=True)
class Theorem:
    """One way to bound the output.

    Attributes:
        statement: as a plan quotes it.
        needs: (m, n, k, log2 error of a block, deficit of the seed) to the min-entropy that m bits need, rounded up.
        one_bit: the same to log2 of the one-bit extractor's error e1, from which l follows.
    """

    statement: str
    needs: Callable[[int, int, Fraction, Fraction, Fraction], Fraction]
    one_bit: Callable[[int, int, Fraction, Fraction, Fraction], Fraction]


def _degree(n: int, one_bit: Fraction) -> int:
    """l = ceil(log2 n + 2 log2(2/e1)), at least what the C core takes."""
    return max(LEAST_DEGREE, math.ceil(log2_bounds(n)[1] + 2 * (1 - one_bit)))


def _quantum(m: int, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Fraction:
    return m + 4 * log2_bounds(m)[1] - 4 * error + 4 * deficit + 6


def _quantum_one_bit(m: int, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Fraction:
    return (m - k + 6) / 4  # what k leaves: at most the error over m, less the deficit


def _classical_one_bit(m: int, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Fraction:
    return error - deficit - log2_bounds(m)[1]


def _classical(m: int, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Fraction:
    """m + 1 - log2(4 e1^2 - 2 (ceil(n/l) - 1) 2^-l): where the one-bit extractor's error is e1."""
    one_bit = _classical_one_bit(m, n, k, error, deficit)
    degree = _degree(n, one_bit)
    collisions = -(-n // degree) - 1
    # 2 (ceil(n/l) - 1) 2^-l as a share of 4 e1^2: below 1/8, by the choice of l.
    share = exp2_upper(log2_bounds(collisions)[1] - 1 - degree - 2 * one_bit) if collisions else Fraction(0)
    return m - 1 - 2 * one_bit - log2_bounds(1 - share)[0]


def _generic(error: Fraction, m: int) -> Fraction:
    """log2 of e0 with sqrt(3 e0 2^(m - 2)) = e."""
    return 2 * error - m + 2 - log2_bounds(3)[1]


def _markov(m: int, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Fraction:
    inner = _generic(error, m)
    return _quantum(m, n, k, inner, deficit - inner) - inner


def _markov_one_bit(m: int, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Fraction:
    inner = _generic(error, m)
    return _quantum_one_bit(m, n, k + inner, inner, deficit - inner)


_RSH = "De, Portmann, Vidick, Renner 2012, with RSH"
_UNIFORM = Theorem(f"{_RSH}: m + 4 log2 m + 4 log2(1/e) + 6 <= k", _quantum, _quantum_one_bit)
_CLASSICAL = Theorem(
    f"{_RSH}, classical side information: m + 1 - log2(4 (e/m)^2 - 2 (ceil(n/l) - 1) 2^-l) <= k",
    _classical,
    _classical_one_bit,
)
_PRODUCT = "; product sources, a seed of min-entropy k2 of L bits: e 2^(k2 - L) for e"
_MARKOV = Theorem(
    f"Arnon-Friedman, Portmann, Scholz 2016 on {_RSH}: "
    "10 m + 4 log2 m + 18 log2(1/e) + 4 (L - k2) + 6 - 9 log2(4/3) <= k",
    _markov,
    _markov_one_bit,
)


def choose(quantum_proof: bool, sources: str | None) -> Theorem:
    """The theorem for a uniform seed (None), or for a weak one of product sources or the Markov model.

    There is one for the Markov model, against quantum side information; it serves against classical too.
    """
    if sources == "markov":
        return _MARKOV
    plain = _UNIFORM if quantum_proof else _CLASSICAL
    return plain if sources is None else replace(plain, statement=plain.statement + _PRODUCT)


def longest(b: Budget, theorem: Theorem) -> tuple[int, int]:
    """The most output bits, 0 for none, and l.

    What a weak seed lacks depends on the seed's length, which depends on the output's: every length of a seed is tried
    that lacks little enough.
    """
    if b.seed is None:
        return _search(b, theorem, Fraction(0))
    best = 0, LEAST_DEGREE
    for log_t in range(_LEAST_PLACES_LOG, design_degree(MOST_DEGREE) + 1):
        block = 4**log_t
        for count in range(max(2, math.ceil(b.seed / block)), math.floor((b.seed + b.k / 4) / block) + 1):
            m = _search(b, theorem, count * block - b.seed)[0]
            m = bisect_right(range(m + 1), count, key=lambda m: len(block_sizes(m, 1 << log_t))) - 1 if m else 0
            if m > best[0] and len(block_sizes(m, 1 << log_t)) == count:
                degree = _degree(b.n, theorem.one_bit(m, b.n, b.k, b.per_block, count * block - b.seed))
                if design_degree(degree) == log_t:
                    best = m, degree
    return best


def _search(b: Budget, theorem: Theorem, deficit: Fraction) -> tuple[int, int]:
    low, high = 0, min(math.floor(b.k), b.n - 1)
    while low < high:
        m = (low + high + 1) // 2
        if theorem.needs(m, b.n, b.k, b.per_block, deficit) <= b.k:
            low = m
        else:
            high = m - 1
    return low, _degree(b.n, theorem.one_bit(max(low, 1), b.n, b.k, b.per_block, deficit))
