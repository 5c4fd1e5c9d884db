"""Output lengths of Raz's two-source extractor, and the trinomials of its fields.

x = x1 ‖ x2 has n1 = 2r bits and min-entropy k1, y min-entropy k2; p is any even number; the map sums the powers of d
below 2^L. Over uniform x a parity of outputs at up to 2^L different y is biased by less than 2^(L - r): a polynomial of
degree below 2^L in x1 has to vanish.

"published" (Raz, STOC 2005; the form in which cryptomite codes it), p m <= 2^L::

    log2 e = m/2 + 1 + (n1 - k1)/p + max((L - r + 1)/p, log2 p - k2/2)

"derived" here from the same argument without its roundings, p <= 2^L::

    log2 e = m/2 - 1 + (n1 - k1)/p + log2(2^((L - r)/p) + ((p - 1)!!)^(1/p) 2^(-k2/2))

By Hölder, the sum over x of `P(x) |g(x)|` is at most (2^(n1 - k1) E g^p)^(1/p), g(x) the mean over y of a parity's
sign; of the p values of y that g^p has, all even multiplicities have probability at most (p - 1)!! 2^(-k2 p/2), and the
others average to the bias; e is at most (1/2) 2^(m/2) times the largest bias by the XOR lemma. What p counts is
different y, as parities of several outputs at one y are one functional of the field: so p <= 2^L.

Both hold against classical side information in the Markov model, with min-entropies averaged over it: the product of
guessing probabilities g1^(1/p) g2^(1/2) is concave for p >= 2. Against quantum side information the generic theorem of
Arnon-Friedman, Portmann, Scholz (TQC 2016) applies to either: a (k1, k2, e0) extractor is one for k1 + log2(1/e0) and
k2 + log2(1/e0) of error sqrt(3 e0 2^(m - 2)).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from qrng.extractors.params import exp2_upper, log2_bounds

__all__ = ["TRINOMIALS", "longest", "rounds_of"]

TRINOMIALS = {
    7: 1,
    15: 1,
    31: 3,
    63: 1,
    127: 7,
    255: 52,
    521: 32,
    1279: 216,
    2281: 715,
    3217: 67,
    4423: 271,
    9689: 84,
    19937: 881,
    23209: 1530,
    44497: 8575,
    110503: 25230,
    132049: 7000,
    756839: 279695,
    859433: 170340,
    3021377: 361604,
    6972593: 3037958,
    24036583: 8412642,
    25964951: 880890,
    30402457: 2162059,
    32582657: 5110722,
    42643801: 55981,
    43112609: 3569337,
    74207281: 9156813,
}
"""s by r with z^r + z^s + 1 irreducible over GF(2), those that cryptomite takes and two more: Zierler, Inf. Control 15
(1969) 67; Brent, Larvala, Zimmermann, Math. Comp. 72 (2003) 1443; Brent, Zimmermann, Math. Comp. 80 (2011) 1955. The
tests check those up to degree 4423 by Rabin's test, `make trial` those up to 23,209."""

_E_LOW = Fraction(27182818284, 10**10)  # below e


def rounds_of(r: int) -> int:
    """L: the factors that cryptomite's `Raz` multiplies, bit length of r plus 1."""
    return r.bit_length() + 1


def _published(two_r: int, k1: Fraction, k2: Fraction, rounds: int, p: int) -> Fraction:
    """log2 of the error less m/2, rounded up."""
    return 1 + (two_r - k1) / p + max(Fraction(rounds + 1) / p - Fraction(two_r, 2 * p), log2_bounds(p)[1] - k2 / 2)


def _derived(two_r: int, k1: Fraction, k2: Fraction, rounds: int, p: int) -> Fraction:
    bias = (rounds - Fraction(two_r, 2)) / p
    # (p - 1)!! <= sqrt(2) (p/e)^(p/2), by Stirling's series; 1 for p = 2.
    pairings = (log2_bounds(p / _E_LOW)[1] + Fraction(1, p)) / 2 if p > 2 else Fraction(0)
    even = pairings - k2 / 2
    most, least = max(bias, even), min(bias, even)
    return -1 + (two_r - k1) / p + most + log2_bounds(1 + exp2_upper(least - most))[1]


_BOUNDS: dict[str, Callable[[int, Fraction, Fraction, int, int], Fraction]] = {
    "published": _published,
    "derived": _derived,
}


def _most(theorem: str, two_r: int, k1: Fraction, k2: Fraction, rounds: int, error: Fraction, p: int) -> int:
    """The largest m that a given p gives; may be below 1."""
    m = math.floor(2 * (error - _BOUNDS[theorem](two_r, k1, k2, rounds, p)))
    return min(m, 2**rounds // p) if theorem == "published" else m


def _classical(theorem: str, two_r: int, k1: Fraction, k2: Fraction, rounds: int, error: Fraction) -> int:
    """The largest m over all p, at most r, k1 and k2's sum."""

    def length(half: int) -> int:
        return _most(theorem, two_r, k1, k2, rounds, error, 2 * half)

    # In p the bound falls, then rises: look where, in floats' place with whole halves of p, then around it.
    low, high = 1, 2 ** (rounds - 1)
    while high - low > 8:
        first, second = low + (high - low) // 3, high - (high - low) // 3
        if _exponent(theorem, two_r, k1, k2, rounds, 2 * first) <= _exponent(
            theorem, two_r, k1, k2, rounds, 2 * second
        ):
            high = second
        else:
            low = first
    best = max(range(max(1, low - 2), min(high + 3, 2 ** (rounds - 1) + 1)), key=length)
    m = length(best)
    if theorem == "published":
        # p m <= 2^L may bind: then a smaller p allows more.
        low, high = 1, best
        while low < high:
            middle = (low + high) // 2
            free = math.floor(2 * (error - _published(two_r, k1, k2, rounds, 2 * middle)))
            low, high = (middle + 1, high) if free < 2**rounds // (2 * middle) else (low, middle)
        m = max(m, *(length(half) for half in range(max(1, low - 2), low + 2)))
    return min(m, two_r // 2, math.floor(k1))


def _exponent(theorem: str, two_r: int, k1: Fraction, k2: Fraction, rounds: int, p: int) -> Fraction:
    return _BOUNDS[theorem](two_r, k1, k2, rounds, p)


def longest(
    theorem: str, quantum_proof: bool, two_r: int, k1: Fraction, k2: Fraction, rounds: int, error: Fraction
) -> int:
    """The most output bits; below 1 for none.

    Args:
        theorem: "published" or "derived".
        quantum_proof: whether the side information may be quantum: the generic theorem on top.
        two_r: bits of the first source, its padding included.
        k1, k2: min-entropies.
        rounds: L.
        error: log2 of the error.
    """
    if k2 <= 0:
        return 0
    if not quantum_proof:
        return _classical(theorem, two_r, k1, k2, rounds, error)

    def holds(m: int) -> bool:
        inner = 2 * error - m + 2 - log2_bounds(3)[1]
        left = min(k1, k2) + inner
        return left > 0 and _classical(theorem, two_r, k1 + inner, k2 + inner, rounds, inner) >= m

    low, high = 0, min(two_r // 2, math.floor(k1)) if holds(1) else 0
    while low < high:
        m = (low + high + 1) // 2
        low, high = (m, high) if holds(m) else (low, m - 1)
    return low
