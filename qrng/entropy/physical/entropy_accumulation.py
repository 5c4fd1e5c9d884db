"""CHSH by entropy accumulation: adversaries with quantum side information, devices with memory.

Arnon-Friedman, Dupuis, Fawzi, Renner and Vidick, Nat. Commun. 9, 459 (2018), with every trial a test:

    H_min^ε_s ≥ n f_min(ω, p_t) − 2 √n (log2 13 + g'(p_t)) √(1 − 2 log2(ε_s ε_EA)),  maximised over p_t,

where g(ω) = 1 − h(1/2 + 1/2 √(16 ω (ω−1) + 3)) and f_min is g below p_t and its tangent there above. It bounds the
outcomes of one party; a pair of outcomes holds no less.
"""

from __future__ import annotations

import math

from qrng.claim import EntropyClaim
from qrng.entropy.physical.chsh import NO_LOOPHOLE_CLOSED, BellCounts
from qrng.entropy.physical.limits import binary_entropy, check_error, share
from qrng.errors import EntropyError, ParameterError

__all__ = ["accumulated_bits", "entropy_accumulation", "entropy_of_win"]

_BEST_WIN = 0.5 + math.sqrt(2) / 4
_GRID = 0.0005  # thresholds for the winning share are fixed beforehand as the multiples of this above 3/4
_THRESHOLDS = math.ceil((_BEST_WIN - 0.75) / _GRID)


def entropy_of_win(win: float) -> float:
    """g(ω): von Neumann entropy of one outcome in bits a trial; 0 up to ω = 3/4.

    Raises:
        ParameterError: ω above ½ + √2/4, which no quantum device reaches.
    """
    if win <= 0.75:
        return 0.0
    if win > _BEST_WIN + 1e-12:
        raise ParameterError(f"a winning probability of {win} exceeds 1/2 + √2/4: no quantum device does this")
    return 1 - binary_entropy(0.5 + 0.5 * math.sqrt(min(1.0, 16 * win * (win - 1) + 3)))


def _slope(win: float) -> float:
    """g'(ω) for 3/4 < ω < ½ + √2/4."""
    root = math.sqrt(16 * win * (win - 1) + 3)
    p = 0.5 + 0.5 * root
    return math.log2(p / (1 - p)) * 4 * (2 * win - 1) / root


def accumulated_bits(trials: int, win: float, log2_smoothing: float, log2_accumulation: float) -> float:
    """Smooth min-entropy of all trials in bits, at the best tangent; 0 where there is none.

    Args:
        win: the threshold ω that the share of trials won has passed.
        log2_smoothing, log2_accumulation: log2 ε_s and log2 ε_EA.
    """
    spread = 2 * math.sqrt(trials * (1 - 2 * (log2_smoothing + log2_accumulation)))

    def bits(tangent: float) -> float:
        value = entropy_of_win(tangent) + _slope(tangent) * (win - tangent)
        return trials * value - spread * (math.log2(13) + _slope(tangent))

    low, high = 0.75 + 1e-9, min(win, _BEST_WIN - 1e-9)
    if high <= low:
        return 0.0
    golden = (math.sqrt(5) - 1) / 2
    while high - low > 1e-10:  # each tangent gives a valid bound, so an inexact maximum is only a little smaller
        left, right = high - golden * (high - low), low + golden * (high - low)
        if bits(left) < bits(right):
            low = left
        else:
            high = right
    return max(0.0, bits(0.5 * (low + high)))


def entropy_accumulation(
    counts: BellCounts, log2_error: float = -64.0, limit: float | None = 5.0, threshold: float | None = None
) -> EntropyClaim:
    """Min-entropy of a pair of outcomes by entropy accumulation.

    Either passing the threshold has at most probability ε_EA, or the bound holds up to 2 ε_s.

    Args:
        limit: standard deviations by which counts may break the assumptions (see `BellCounts.refuse_impossible`).
        threshold: share of trials won that was fixed before the data were taken. None: the largest multiple of
            0.0005 that was reached, the error being shared by all those.

    Raises:
        EntropyError: no min-entropy, the threshold was not reached, or counts that break the assumptions.
    """
    counts.refuse_impossible(limit)
    each, win = check_error(log2_error), threshold
    if win is None:
        each, win = share(each, _THRESHOLDS), 0.75 + _GRID * math.floor((counts.win - 0.75) / _GRID)
    elif counts.win < win:
        raise EntropyError(f"entropy accumulation: a share of {counts.win:.5f} won does not reach {win:.5f}")
    bits = accumulated_bits(counts.trials, min(win, _BEST_WIN), each - 1, each)
    if bits <= 0:
        raise EntropyError(
            f"entropy accumulation: a share of {counts.win:.5f} won in {counts.trials} trials leaves no min-entropy "
            "at this error"
        )
    return EntropyClaim(
        min(2.0, bits / counts.trials),
        log2_error,
        (
            NO_LOOPHOLE_CLOSED,
            f"worst no-signalling z-score {counts.worst_signalling():.1f}",
            "settings were chosen at random, each pair with probability 1/4, unknown to the device",
            "side information may be quantum; the device may have memory",
            "counted over all trials together",
        ),
        "Arnon-Friedman, Dupuis, Fawzi, Renner, Vidick, Nat. Commun. 9, 459 (2018)",
        2,
        symbols=counts.trials,
    )
