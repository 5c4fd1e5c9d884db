"""Cutoffs of the repetition count and adaptive proportion tests: SP 800-90B, sections 4.4.1 and 4.4.2.

All arithmetic is exact or carried to 60 decimal digits, so that no cutoff depends on a floating-point
library. A claim given as a float is read as the decimal number that prints it: 0.3 is 3/10.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from qrng.errors import ParameterError

__all__ = [
    "ALPHA_LOG2",
    "BINARY_WINDOW",
    "WIDE_WINDOW",
    "apt_cutoff",
    "apt_cutoff_corrected",
    "apt_cutoff_nist",
    "apt_window",
    "exact",
    "rct_cutoff",
]

ALPHA_LOG2 = -40
"""Default log2 of α. SP 800-90B 4.4 suggests 2⁻²⁰ to 2⁻⁴⁰; at 2⁻²⁰ a perfect source of 1 Mbit/s alarms every
two seconds."""

BINARY_WINDOW = 1024
"""Window of the adaptive proportion test for one-bit symbols, 4.4.2."""
WIDE_WINDOW = 512
"""Window for all other symbols, 4.4.2."""

_DIGITS = Context(prec=60)


def exact(claim_bits: float | Fraction) -> Fraction:
    """The claim as the rational number that its decimal form names; ParameterError unless it is above 0."""
    if not (isinstance(claim_bits, Fraction) or math.isfinite(claim_bits)):
        raise ParameterError(f"a claim of {claim_bits} bits a symbol is no number")
    value = claim_bits if isinstance(claim_bits, Fraction) else Fraction(repr(float(claim_bits)))
    if value <= 0:
        raise ParameterError(f"a claim of {claim_bits} bits a symbol leaves nothing to test: it must be above 0")
    return value


def _check_alpha(alpha_log2: int) -> None:
    if not -1024 <= alpha_log2 <= -1:
        raise ParameterError(f"log2 of alpha is {alpha_log2}; it lies from -1024 to -1")


def rct_cutoff(claim_bits: float | Fraction, alpha_log2: int = ALPHA_LOG2) -> int:
    """Cutoff C = 1 + ⌈−log2 α / H⌉ of the repetition count test (4.4.1): a run of C equal symbols alarms.

    Args:
        claim_bits: claimed min-entropy H of a symbol, in bits, above 0.
        alpha_log2: log2 of the false-alarm probability α a symbol.
    """
    _check_alpha(alpha_log2)
    return 1 + math.ceil(-alpha_log2 / exact(claim_bits))


def apt_window(bits_per_symbol: int) -> int:
    """Window W of the adaptive proportion test: 1024 for one-bit symbols, 512 for all others (4.4.2)."""
    return BINARY_WINDOW if bits_per_symbol == 1 else WIDE_WINDOW


@lru_cache(maxsize=1024)
def _rare_count(n: int, claim_bits: Fraction, alpha_log2: int) -> int:
    """Smallest c with P(X ≥ c) ≤ α, X binomial in n trials of probability 2⁻ᴴ; n + 1 if P(X ≥ n) > α."""
    d = _DIGITS
    exponent = d.divide(Decimal(-claim_bits.numerator), Decimal(claim_bits.denominator))
    p = d.power(Decimal(2), exponent)
    q = d.subtract(Decimal(1), p)
    alpha = d.power(Decimal(2), Decimal(alpha_log2))
    ratio = d.divide(q, p)
    term = tail = d.power(p, Decimal(n))  # P(X = n), then downward
    for count in range(n, 0, -1):
        if tail > alpha:
            return count + 1
        term = d.divide(d.multiply(d.multiply(term, ratio), Decimal(count)), Decimal(n - count + 1))
        tail = d.add(tail, term)
    return 1 if tail > alpha else 0


def apt_cutoff_nist(window: int, claim_bits: float | Fraction, alpha_log2: int = ALPHA_LOG2) -> int:
    """Cutoff as 4.4.2 prints it: C = 1 + critbinom(W, 2⁻ᴴ, 1 − α).

    It treats the window's first symbol, which always matches itself, as one more chance. A cutoff above the
    window can't be reached.
    """
    _check_alpha(alpha_log2)
    return _rare_count(window, exact(claim_bits), alpha_log2)


def apt_cutoff_corrected(window: int, claim_bits: float | Fraction, alpha_log2: int = ALPHA_LOG2) -> int:
    """Cutoff that counts the certain match of the first symbol: C = 2 + qbinom(1 − α, W − 1, 2⁻ᴴ).

    The smallest C with P(1 + Binomial(W − 1, 2⁻ᴴ) ≥ C) ≤ α.
    """
    _check_alpha(alpha_log2)
    return 1 + _rare_count(window - 1, exact(claim_bits), alpha_log2)


def apt_cutoff(window: int, claim_bits: float | Fraction, alpha_log2: int = ALPHA_LOG2) -> int:
    """The cutoff in use: the corrected one where it is larger, so that α holds, else the standard's own."""
    return max(apt_cutoff_nist(window, claim_bits, alpha_log2), apt_cutoff_corrected(window, claim_bits, alpha_log2))
