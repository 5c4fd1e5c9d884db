"""t-Tuple estimate, SP 800-90B section 6.3.5: the most common tuples of every length that recurs often."""

from __future__ import annotations

from qrng.entropy.sp800_90b.estimate import Estimate, Estimator, NotApplicable, min_entropy_of, upper_bound
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "t_tuple"
SECTION = "6.3.5"


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a symbol from the most common tuples that occur at least 35 times.

    Details: t (longest such tuple), p_hat_max, p_u.

    Raises:
        NotApplicable: no symbol occurs 35 times.
    """
    repeats = sequence.repeats
    if repeats.u == 1:
        raise NotApplicable("no symbol occurs 35 times")
    p_u = upper_bound(repeats.tuple_proportion, sequence.length)
    details = {"t": repeats.u - 1, "p_hat_max": repeats.tuple_proportion, "p_u": p_u}
    return Estimate(NAME, SECTION, sequence.on, min_entropy_of(p_u), details)


ESTIMATOR = Estimator(NAME, SECTION, estimate, cost=(20, 30))
