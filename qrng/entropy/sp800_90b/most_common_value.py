"""Most common value estimate, SP 800-90B section 6.3.1."""

from __future__ import annotations

from qrng.entropy.sp800_90b.estimate import Estimate, Estimator, NotApplicable, min_entropy_of, upper_bound
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate", "from_mode"]

NAME = "most_common_value"
SECTION = "6.3.1"


def from_mode(mode: int, length: int) -> tuple[float, float, float]:
    """(p̂, p_u, min-entropy a symbol) for `mode` occurrences of the most common of `length` ≥ 2 symbols."""
    p_hat = mode / length
    p_u = upper_bound(p_hat, length)
    return p_hat, p_u, min_entropy_of(p_u)


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy from the proportion of the most common symbol.

    Details: mode (count), p_hat = mode/L, p_u = its 99 % upper bound.

    Raises:
        NotApplicable: fewer than two symbols.
    """
    if sequence.length < 2:
        raise NotApplicable("needs at least 2 symbols")
    p_hat, p_u, h = from_mode(sequence.mode, sequence.length)
    return Estimate(NAME, SECTION, sequence.on, h, {"mode": sequence.mode, "p_hat": p_hat, "p_u": p_u})


ESTIMATOR = Estimator(NAME, SECTION, estimate)
