"""Parity of the number of detections in a window.

Without dead time P(even) = (1 + e^(−2λ)) / 2 for a Poisson number of mean λ (Fürst et al., Opt. Express 18, 13029
(2010)). With a dead time τ after each detection (not prolonged by further photons), k detections fit in a window T if
the sum of k exponential waits and k − 1 dead times does:

    P(at least k) = P(Gamma(k) ≤ λ (1 − (k−1) τ/T)).

The detector may enter the window dead, by up to τ: the bound is the worst over that remainder.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import guessing
from qrng.errors import ParameterError

__all__ = ["guess_of_parity", "poisson_parity", "worst_guess_of_parity"]

_MEANS = 16  # steps from the lowest to the highest mean
_STEPS = 512  # remainders of dead time looked at; what lies between is covered by the slope


def _bias(mean: float, dead: float, closed: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """P(even) − P(odd) with dead time `dead` in windows of which `closed` has passed; shares of the window."""
    from scipy.special import gammainc

    bias, sign, k = np.ones_like(closed), -1.0, 1
    while (left := np.maximum(1 - closed - (k - 1) * dead, 0.0)).any():
        at_least = gammainc(k, mean * left)
        bias += 2 * sign * at_least
        sign, k = -sign, k + 1
        if at_least.max() < 1e-18:  # P(at least k) falls with k
            break
    return bias


def guess_of_parity(mean: float, dead_share: float = 0.0) -> float:
    """Guessing probability of the parity.

    Args:
        mean: λ, detections expected in the window without dead time.
        dead_share: τ/T in [0, 1).
    """
    if not (mean > 0 and math.isfinite(mean)) or not 0 <= dead_share < 1:
        raise ParameterError("Poisson parity: a positive mean and a dead share below 1 are needed")
    if not dead_share:
        return 0.5 * (1 + math.exp(-2 * mean))
    closed = dead_share * np.arange(_STEPS + 1) / _STEPS
    worst = float(np.abs(_bias(mean, dead_share, closed)).max())
    # while the window is open a detection turns the parity at rate λ, so the bias has a slope of at most 2 λ
    return min(1.0, 0.5 * (1 + worst + mean * dead_share / _STEPS))


def worst_guess_of_parity(lowest: float, highest: float, dead_share: float = 0.0) -> float:
    """Guessing probability of the parity at the worst mean from `lowest` to `highest`.

    Without dead time that is `lowest`. With it the means are looked at on a grid, and what lies between is covered by
    the slope: light that is brighter by dλ changes the number of detections with probability at most dλ.
    """
    if not lowest <= highest:
        raise ParameterError(f"Poisson parity: the means must rise, not fall from {lowest} to {highest}")
    if not dead_share:
        return guess_of_parity(lowest)
    step = (highest - lowest) / _MEANS
    worst = max(guess_of_parity(lowest + k * step, dead_share) for k in range(_MEANS + 1))
    return min(1.0, worst + step / 2)


def poisson_parity(mean: float, dead_share: float = 0.0, highest: float | None = None) -> EntropyClaim:
    """Min-entropy of the parity of the detections in a window.

    Args:
        mean: lower limit of λ; less light means more windows without detection.
        dead_share: τ/T.
        highest: upper limit of λ, the lower one if None. With a dead time the bound need not rise with λ, so that the
            worst mean between the limits counts.

    Raises:
        EntropyError: nothing is left.
    """
    return EntropyClaim(
        guessing(worst_guess_of_parity(mean, mean if highest is None else highest, dead_share), "Poisson parity"),
        -math.inf,
        (
            "detections are Poissonian with the mean given",
            "the dead time after a detection is constant, as given, and not prolonged by further photons",
            "after-pulses are absent",
        ),
        "Fürst et al., Opt. Express 18, 13029 (2010), with the dead time of the counter",
    )
