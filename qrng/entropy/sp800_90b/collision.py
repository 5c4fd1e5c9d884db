"""Collision estimate, SP 800-90B section 6.3.2: mean time until a value repeats in a bit string.

Among three bits two are equal, so that a collision takes t = 2 or 3 bits. For a biased coin with larger
probability p the expected time is 2 + 2p(1−p), which the equation of step 7 reduces to; it is solved for p at the
lower confidence bound of the mean.
"""

from __future__ import annotations

import math

from qrng._native import ffi, lib, readable
from qrng.entropy.sp800_90b.estimate import Z_99_5, Estimate, Estimator, NotApplicable, min_entropy_of
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "collision"
SECTION = "6.3.2"
FULL_ENTROPY_MEAN = 2.5  # expected time for p = 1/2; from here on the equation has no root and step 8 gives 1 bit


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a bit from the mean collision time.

    Details: v (collisions), sum_t, x_bar, sigma_hat, x_bar_prime (lower bound of the mean, at least 2), p.

    Raises:
        NotApplicable: fewer than two collisions.
    """
    counts = ffi.new("uint64_t[2]")
    lib.qrng_entropy_collisions(counts, counts + 1, readable(sequence.packed), sequence.length)
    twos, threes = int(counts[0]), int(counts[1])
    v, sum_t, sum_t2 = twos + threes, 2 * twos + 3 * threes, 4 * twos + 9 * threes
    if v < 2:
        raise NotApplicable("needs at least 2 collisions")
    x_bar = sum_t / v
    sigma = math.sqrt((sum_t2 - sum_t * x_bar) / (v - 1))
    x_prime = max(x_bar - Z_99_5 * sigma / math.sqrt(v), 2.0)
    if x_prime < FULL_ENTROPY_MEAN:
        p = 0.5 + math.sqrt(1.25 - 0.5 * x_prime)
        h = min_entropy_of(p)
    else:
        p, h = 0.5, 1.0
    details = {"v": v, "sum_t": sum_t, "x_bar": x_bar, "sigma_hat": sigma, "x_bar_prime": x_prime, "p": p}
    return Estimate(NAME, SECTION, sequence.on, h, details)


ESTIMATOR = Estimator(NAME, SECTION, estimate, binary_only=True)
