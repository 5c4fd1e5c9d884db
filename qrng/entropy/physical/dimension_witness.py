"""Prepare and measure: randomness from the dimension of the message.

Lunghi et al., Phys. Rev. Lett. 114, 150501 (2015), after Bowles, Quintino and Brunner, Phys. Rev. Lett. 112, 140407
(2014). Four preparations x, two measurements y; with p[x, y] = P(b=1 given x, y)::

    W = |(p00 − p10)(p21 − p31) − (p01 − p11)(p20 − p30)|,   H = −log2 ½ (1 + √((1 + √(1 − W²)) / 2)),

W being at its lower limit over the box of the eight confidence intervals.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import check_error, guessing, lower_limit, share, upper_limit
from qrng.errors import EntropyError, ParameterError

__all__ = ["dimension_witness", "guess_of_witness", "witness"]


def witness(p: npt.NDArray[np.float64]) -> float:
    """W of an array [x, y] of four preparations and two measurements."""
    return abs(_determinant(p))


def _determinant(p: npt.NDArray[np.float64]) -> float:
    return float((p[0, 0] - p[1, 0]) * (p[2, 1] - p[3, 1]) - (p[0, 1] - p[1, 1]) * (p[2, 0] - p[3, 0]))


def guess_of_witness(w: float) -> float:
    """Guessing probability at W, averaged over preparations and measurements.

    Raises:
        EntropyError: W above 1: no qubit does this, the message is larger than was assumed.
    """
    if w > 1:
        raise EntropyError(f"dimension witness: W = {w:.4f} exceeds 1: the message is more than one qubit")
    return 0.5 * (1 + math.sqrt((1 + math.sqrt(1 - w * w)) / 2))


def dimension_witness(ones: npt.ArrayLike, shots: npt.ArrayLike, log2_error: float = -64.0) -> EntropyClaim:
    """Min-entropy of an outcome.

    Args:
        ones, shots: counts, arrays [x, y] of shape (4, 2).

    Raises:
        EntropyError: nothing is left, or W is beyond what a qubit can do.
    """
    k, n = np.asarray(ones), np.asarray(shots)
    if k.shape != (4, 2) or n.shape != (4, 2) or (k < 0).any() or (k > n).any() or (n < 1).any():
        raise ParameterError("a dimension witness needs counts of shape (4, 2): preparations × measurements")
    each = share(check_error(log2_error), 16)
    limits = [
        (lower_limit(int(a), int(b), each), upper_limit(int(a), int(b), each))
        for a, b in zip(k.reshape(-1), n.reshape(-1), strict=True)
    ]
    # the determinant is linear in each entry, so its extremes over the box are at corners
    corners = [_determinant(np.array(corner).reshape(4, 2)) for corner in itertools.product(*limits)]
    least = max(0.0, min(corners), -max(corners))
    observed = witness(k / n)
    return EntropyClaim(
        guessing(guess_of_witness(least), f"dimension witness: W = {observed:.4f}"),
        log2_error,
        (
            "the message is one qubit",
            "preparation and measurement share no randomness with each other, and settings are random",
            "shots are independent and alike",
        ),
        "Lunghi et al., Phys. Rev. Lett. 114, 150501 (2015)",
    )
