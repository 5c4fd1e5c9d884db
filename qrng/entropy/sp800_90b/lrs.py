"""Longest repeated substring estimate, SP 800-90B section 6.3.6: how often tuples too rare for the t-tuple recur."""

from __future__ import annotations

from qrng.entropy.sp800_90b.estimate import Estimate, Estimator, NotApplicable, min_entropy_of, upper_bound
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "lrs"
SECTION = "6.3.6"


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a symbol from the proportion of equal pairs among tuples of lengths u to v.

    Details: u (least length whose tuples all occur fewer than 35 times), v (longest repeat), p_hat, p_u.

    Raises:
        NotApplicable: nothing of length u or more is repeated.
    """
    repeats = sequence.repeats
    if repeats.v < repeats.u:
        raise NotApplicable("no tuple that occurs fewer than 35 times is repeated")
    p_u = upper_bound(repeats.repeat_proportion, sequence.length)
    details = {"u": repeats.u, "v": repeats.v, "p_hat": repeats.repeat_proportion, "p_u": p_u}
    return Estimate(NAME, SECTION, sequence.on, min_entropy_of(p_u), details)


ESTIMATOR = Estimator(NAME, SECTION, estimate)
