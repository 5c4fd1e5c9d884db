"""Arrival time of a photon in a frame: bins of equal width, Poissonian light.

Wahl et al., Appl. Phys. Lett. 98, 171105 (2011); Nie et al., Appl. Phys. Lett. 104, 051110 (2014). Given a first
detection in a frame of N bins with mean λT, no bin is more probable than the first one that is open,

    (1 − e^(−λT/N)) / (1 − e^(−λT)).

After a detection the detector is dead; if that reaches into the frame by up to d, the open part is T − d. The bound
takes the largest d, which leaves least choice.
"""

from __future__ import annotations

import math

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import guessing
from qrng.errors import ParameterError

__all__ = ["arrival_time", "guess_of_arrival"]


def guess_of_arrival(mean: float, bins: int, dead_share: float = 0.0) -> float:
    """Guessing probability of the bin of the first detection.

    Args:
        mean: λT, detections expected in a frame without dead time.
        bins: N.
        dead_share: largest part of a frame, in [0, 1), that an earlier detection can close.
    """
    if not (mean > 0 and math.isfinite(mean)) or bins < 1 or not 0 <= dead_share < 1:
        raise ParameterError("arrival time: a positive mean, at least one bin and a dead share below 1 are needed")
    return min(1.0, math.expm1(-mean / bins) / math.expm1(-mean * (1 - dead_share)))


def arrival_time(mean: float, bins: int, dead_share: float = 0.0) -> EntropyClaim:
    """Min-entropy of an arrival bin, a symbol of log2 N bits (N a power of two).

    Args:
        mean: upper limit of λT; more light means earlier arrivals.
        bins, dead_share: as in `guess_of_arrival`.

    Raises:
        EntropyError: nothing is left.
    """
    width = (bins - 1).bit_length()
    if bins < 2 or bins != 2**width:
        raise ParameterError(f"arrival time: the number of bins must be a power of two, not {bins}")
    return EntropyClaim(
        min(float(width), guessing(guess_of_arrival(mean, bins, dead_share), "arrival time")),
        -math.inf,
        (
            "detections are Poissonian with at most the mean given, frames without one are dropped",
            "an earlier detection closes at most the given part of a frame, at its beginning",
            "jitter and after-pulses are small against a bin",
        ),
        "Wahl et al., Appl. Phys. Lett. 98, 171105 (2011); Nie et al., Appl. Phys. Lett. 104, 051110 (2014)",
        width,
    )
