"""What the bounds share: binary entropy, exact confidence limits, and splitting an error budget.

Clopper and Pearson, Biometrika 26, 404 (1934).
"""

from __future__ import annotations

import math

from qrng.errors import EntropyError, ParameterError

__all__ = [
    "LEAST_LOG2_ERROR",
    "binary_entropy",
    "check_error",
    "check_probability",
    "guessing",
    "lower_limit",
    "share",
    "upper_limit",
]

LEAST_LOG2_ERROR = -1000.0
"""Smaller errors can't be told from zero in double precision."""


def binary_entropy(p: float) -> float:
    """Shannon entropy in bits of a bit with P(1) = p."""
    if p <= 0 or p >= 1:
        return 0.0
    return -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


def check_error(log2_error: float) -> float:
    """The error budget itself, if it is the log2 of a probability that can be computed with."""
    if not LEAST_LOG2_ERROR <= log2_error < 0:
        raise ParameterError(f"log2_error must lie from {LEAST_LOG2_ERROR:.0f} to below 0, not {log2_error}")
    return log2_error


def check_probability(name: str, p: float) -> float:
    """`p` itself, if it is a probability."""
    if not 0 <= p <= 1:
        raise ParameterError(f"{name} is a probability, not {p}")
    return p


def share(log2_error: float, parts: int) -> float:
    """One of `parts` equal parts of an error, as log2."""
    return log2_error - math.log2(parts)


def upper_limit(events: int, trials: int, log2_error: float) -> float:
    """Upper limit of a probability: exceeded by the true one with probability at most 2^log2_error.

    Args:
        events: how often it happened among `trials` independent trials.
    """
    from scipy.special import betainccinv

    if not 0 <= events <= trials:
        raise ParameterError(f"{events} events in {trials} trials")
    if events == trials:
        return 1.0
    return float(betainccinv(events + 1, trials - events, 2.0 ** check_error(log2_error)))


def lower_limit(events: int, trials: int, log2_error: float) -> float:
    """Lower limit of a probability, likewise."""
    return 1 - upper_limit(trials - events, trials, log2_error)


def guessing(probability: float, what: str) -> float:
    """Min-entropy in bits for a guessing probability; EntropyError, naming `what`, where nothing is left."""
    if not probability < 1:
        raise EntropyError(f"{what}: the bound leaves no min-entropy")
    return -math.log2(probability)
