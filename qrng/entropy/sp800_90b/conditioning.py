"""Entropy of the output of a conditioning component, SP 800-90B section 3.1.5.

Rounded against the claim: every step of decimal arithmetic goes the way that makes the result smaller, and precision
grows until the result tells itself from the bounds that it can't reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from qrng.errors import ParameterError

__all__ = ["Conditioned", "conditioned_entropy", "output_entropy"]

NON_VETTED_FACTOR = Decimal("0.999")  # section 3.1.5.2
MAX_BITS = 1 << 16
FULL_ENTROPY_LOG2 = -64  # FIPS 140-3 IG D.K, resolution 19: full entropy within 2^-64


@dataclass(frozen=True)
class Conditioned:
    """Result, with everything that went into it.

    Attributes:
        n_in, n_out, nw: bits of input, of output, of the narrowest internal width (at most n_in).
        h_in: min-entropy of the input, bits.
        vetted: True for a component of the standard's list.
        h_prime: estimate a bit from the conditioned data, where the component isn't vetted.
        output_entropy: the formula of 3.1.5.1.2, rounded down; more digits than a double holds.
        h_out: min-entropy of the output, bits.
        log2_epsilon: log2(1 − output_entropy / n_out), rounded up: how close to full entropy the formula comes.
    """

    n_in: int
    n_out: int
    nw: int
    h_in: Decimal
    vetted: bool
    h_prime: float | None
    output_entropy: Decimal
    h_out: Decimal
    log2_epsilon: float

    @property
    def full_entropy(self) -> bool:
        """May a vetted component's output be called full entropy (within a factor 1 − 2^−64)?"""
        return self.vetted and self.log2_epsilon <= FULL_ENTROPY_LOG2

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.conditioning/1; numbers with more digits than a double as text beside it."""
        return {
            "schema": "qrng.conditioning/1",
            "n_in": self.n_in,
            "n_out": self.n_out,
            "nw": self.nw,
            "h_in": float(self.h_in),
            "vetted": self.vetted,
            "h_prime": self.h_prime,
            "output_entropy": float(self.output_entropy),
            "output_entropy_digits": format(self.output_entropy, ".40g"),
            "h_out": float(self.h_out),
            "log2_epsilon": self.log2_epsilon,
            "full_entropy": self.full_entropy,
        }


class _Rounded:
    """Decimal arithmetic that rounds up, or down, at a precision. Python's ln and power are correct to half a unit:
    a step of one unit more makes them bounds."""

    def __init__(self, digits: int) -> None:
        self.up = Context(prec=digits, rounding=ROUND_CEILING, Emin=-(10**8), Emax=10**8)
        self.down = Context(prec=digits, rounding=ROUND_FLOOR, Emin=-(10**8), Emax=10**8)

    def ln2(self) -> Decimal:
        return self.up.next_plus(self.up.ln(Decimal(2)))

    def log2_up(self, x: Decimal) -> Decimal:
        """Upper bound of log2 x, for 0 < x < 1."""
        numerator = self.up.next_plus(self.up.ln(x))  # negative: towards zero
        return self.up.divide(numerator, self.ln2())

    def power_of_two_up(self, exponent: Decimal) -> Decimal:
        return self.up.next_plus(self.up.power(Decimal(2), exponent))

    def sqrt_up(self, x: Decimal) -> Decimal:
        return self.up.next_plus(self.up.sqrt(x))


def _bound(n_in: int, n_out: int, n: int, h_in: Decimal, digits: int) -> Decimal | None:
    """Lower bound of Output_Entropy at a precision; None if that can't tell it from n_out or h_in."""
    r = _Rounded(digits)
    up = r.up
    p_high = r.power_of_two_up(h_in.copy_negate())
    space = Decimal(2**n_in - 1)  # exact
    p_low = up.divide(up.subtract(Decimal(1), r.down.next_minus(r.down.power(Decimal(2), h_in.copy_negate()))), space)
    spread = Decimal(2 ** (n_in - n))
    psi = up.add(up.multiply(spread, p_low), p_high)
    root = r.sqrt_up(up.multiply(up.multiply(Decimal(2 * n), spread), r.ln2()))
    omega = up.multiply(up.add(spread, root), p_low)
    largest = max(psi, omega)
    if largest >= 1:
        return Decimal(0)
    entropy = r.log2_up(largest).copy_negate()  # a plain minus would round to 28 digits
    return entropy if entropy < n_out and entropy < h_in else None


def output_entropy(n_in: int, n_out: int, nw: int, h_in: Decimal | float | str) -> Decimal:
    """Output_Entropy(n_in, n_out, nw, h_in) of section 3.1.5.1.2, rounded down.

    Args:
        n_in: input bits; n_out: output bits; nw: narrowest internal width, of which at most n_in counts.
        h_in: min-entropy of the input, above 0 and at most n_in; text or Decimal for more digits than a double.

    Raises:
        ParameterError: a number outside these ranges.
    """
    h = Decimal(str(h_in)) if isinstance(h_in, float) else Decimal(h_in)
    for name, value in (("n_in", n_in), ("n_out", n_out), ("nw", nw)):
        if not 1 <= value <= MAX_BITS:
            raise ParameterError(f"{name} = {value} is outside 1 to {MAX_BITS} bits")
    if not (h.is_finite() and 0 < h <= n_in):
        raise ParameterError(f"h_in = {h} is outside (0, {n_in}] bits")
    digits = 40 + (2 * max(n_in, 53) * 302) // 1000
    while (entropy := _bound(n_in, n_out, min(n_out, nw, n_in), h, digits)) is None:
        digits *= 2
    return entropy


def conditioned_entropy(
    n_in: int, n_out: int, nw: int, h_in: Decimal | float | str, *, h_prime: float | None = None
) -> Conditioned:
    """Min-entropy of the output of a conditioning component.

    Args:
        n_in, n_out, nw, h_in: as for output_entropy.
        h_prime: for a component that isn't vetted, the min-entropy a bit of its output as the conditioned track
            estimates it; None for a vetted one.

    Raises:
        ParameterError: a number out of range.
    """
    if h_prime is not None and not 0.0 < h_prime <= 1.0:
        raise ParameterError(f"h' = {h_prime} is outside (0, 1] bits a bit")
    entropy = output_entropy(n_in, n_out, nw, h_in)
    h_out = entropy
    if h_prime is not None:
        h_out = min(entropy, NON_VETTED_FACTOR * n_out, Decimal(h_prime) * n_out)
    digits = 60 + (4 * max(n_in, n_out) * 302) // 1000
    context = Context(prec=digits, rounding=ROUND_CEILING, Emin=-(10**8), Emax=10**8)
    missing = context.divide(context.subtract(Decimal(n_out), entropy), Decimal(n_out))
    log2_epsilon = float(context.divide(context.ln(missing), context.ln(Decimal(2)))) if missing > 0 else 0.0
    h = Decimal(str(h_in)) if isinstance(h_in, float) else Decimal(h_in)
    return Conditioned(n_in, n_out, min(nw, n_in), h, h_prime is None, h_prime, entropy, h_out, log2_epsilon)
