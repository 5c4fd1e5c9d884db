"""Output length, error and seed length of extractors, in exact rational arithmetic.

Every number is a `fractions.Fraction`; logarithms and powers of 2 that are irrational are replaced by rational bounds
on the safe side, within 2**-64, so no floor is ever a bit too high, and none is lost to floats.
The quantum leftover hash lemma: Tomamichel, Schaffner, Smith, Renner, IEEE Trans. Inf. Theory 57 (2011) 5524.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError

__all__ = ["Number", "error_left", "exact", "exp2_upper", "log2_bounds", "min_entropy_of"]

Number = int | float | Fraction

_PRECISION = 64  # bits after the point of a bound on a logarithm
_GUARD = 64  # further bits that intermediate results carry


def exact(value: Any, name: str) -> Fraction:
    """An int, finite float or Fraction as it is; ParameterError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise ParameterError(f"{name} must be an int, a float or a Fraction, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{name} must be finite, not {value}")
    return Fraction(value)


@functools.lru_cache(4096)
def log2_bounds(x: int | Fraction) -> tuple[Fraction, Fraction]:
    """Rationals (low, high) with low <= log2 x <= high, at most 2**-63 apart; equal where x is a power of 2."""
    x = Fraction(x)
    if x <= 0:
        raise ParameterError(f"log2 of {x} is not defined")
    whole = x.numerator.bit_length() - x.denominator.bit_length()
    if Fraction(2) ** whole > x:
        whole -= 1
    scale = 1 << (_PRECISION + _GUARD)
    mantissa = x / Fraction(2) ** whole * scale  # in [scale, 2 scale)
    low, high = Fraction(whole), Fraction(whole)
    below, above = math.floor(mantissa), math.ceil(mantissa)
    for i in range(1, _PRECISION + 1):  # squaring doubles the logarithm: each carry is its next binary digit
        below, above = below * below // scale, -(-above * above // scale)
        if below >= 2 * scale:
            below //= 2
            low += Fraction(1, 1 << i)
        if above >= 2 * scale:
            above = -(-above // 2)
            high += Fraction(1, 1 << i)
    if above > scale:
        high += Fraction(1, 1 << _PRECISION)
    return low, high


def exp2_upper(power: Fraction) -> Fraction:
    """A rational at or above 2**power, for power <= 0, relative error below 2**-60; exact for integers to -512."""
    if power > 0:
        raise ParameterError("exp2_upper is for powers up to 0")
    if power < -512:  # far below anything that it is added to or subtracted from
        power = Fraction(-512)
    whole = math.floor(power)
    digits = math.ceil((power - whole) * (1 << _PRECISION))
    scale = 1 << (_PRECISION + _GUARD)
    value, root = scale, 2 * scale
    for i in range(1, _PRECISION + 1):
        root = math.isqrt(root * scale - 1) + 1  # 2**(2**-i), rounded up
        if digits >> (_PRECISION - i) & 1:
            value = -(-value * root // scale)
    if digits >> _PRECISION:  # the digits were rounded up to 1
        value = 2 * scale
    return Fraction(value, scale) * Fraction(2) ** whole


def min_entropy_of(n: int, min_entropy: Number | EntropyClaim) -> tuple[Fraction, Fraction | None]:
    """Min-entropy k of an n-bit block, and the log2 of the probability that it does not hold (None for 0).

    Raises:
        ParameterError: k is not above 0, or above n.
    """
    error = None
    if isinstance(min_entropy, EntropyClaim):
        k = min_entropy.min_entropy(n)
        if min_entropy.log2_error is not None and min_entropy.log2_error != -math.inf:
            error = exact(min_entropy.log2_error, "the claim's log2_error")
    else:
        k = exact(min_entropy, "min_entropy")
    if not 0 < k <= n:
        raise ParameterError(
            f"min_entropy is the total over the {n} bits of a block, above 0 and at most {n}: not {float(k):g}"
        )
    return k, error


def error_left(
    log2_error: Number,
    claim_error: Fraction | None = None,
    blocks: int = 1,
    *,
    seed_error: Fraction | None = None,
    smoothing: Fraction | None = None,
) -> Fraction:
    """log2 of what the extractor may spend on each block, rounded down.

    The total 2**log2_error pays once for the claim's own error and for the seed's, and for each of `blocks` blocks
    twice for the smoothing of its min-entropy: log2((2**log2_error - 2**claim_error - 2**seed_error) / blocks -
    2 * 2**smoothing).

    Raises:
        ParameterError: log2_error is above 0, blocks is below 1, or one of the others alone spends the whole budget.
    """
    total = exact(log2_error, "log2_error")
    if total > 0:
        raise ParameterError(f"log2_error is the log2 of a trace distance, at most 0: not {float(total):g}")
    if isinstance(blocks, bool) or not isinstance(blocks, int) or blocks < 1:
        raise ParameterError(f"blocks must be an int of at least 1, not {blocks!r}")
    left = total
    for what, spent in (
        ("the entropy claim may fail with probability", claim_error),
        ("the seed's error is", seed_error),
    ):
        left = _without(left, spent, what, total, Fraction(0))
    per_block = left - log2_bounds(blocks)[1]
    if smoothing is not None:
        per_block = _without(per_block, smoothing + 1, "twice the smoothing error is", total, log2_bounds(blocks)[1])
    return per_block


def _without(left: Fraction, spent: Fraction | None, what: str, total: Fraction, share: Fraction) -> Fraction:
    """log2(2**left - 2**spent), rounded down."""
    if spent is None:
        return left
    if spent >= left:
        # What would leave something: a total above all that is spent so far.
        ask = total + spent - left
        advice = f"ask for log2_error above {float(ask):g}" + (f", such as {math.floor(ask) + 1}" if ask < 0 else "")
        of = f" on each of 2^{float(share):g} blocks" if share else ""
        raise ParameterError(
            f"{what} 2^{float(spent):g}{of}, which leaves nothing of an error of 2^{float(total):g}: {advice}, or "
            "bring a smaller one"
        )
    return left + log2_bounds(1 - exp2_upper(spent - left))[0]
