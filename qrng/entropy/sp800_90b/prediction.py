"""From right predictions to min-entropy: the bounds that the predictors of SP 800-90B sections 6.3.7 to 6.3.10 share.

P_global is how often the predictor was right; P_local the success probability for which a run of right predictions as
long as the longest one would be seen with probability 0.99 (section 6.3.7, step 9, after Feller).
"""

from __future__ import annotations

import math
from typing import Any

from qrng._native import ffi
from qrng.entropy.sp800_90b.estimate import Estimate, NotApplicable, min_entropy_of, upper_bound
from qrng.entropy.sp800_90b.search import close
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["estimate_from", "local_bound", "need", "prediction"]

LOG_ALPHA = math.log(0.99)  # step 9: probability that no run of length r happens in N predictions
ROUNDS = 66  # of the fixed point: the reference tool's limit


def prediction() -> Any:
    """A fresh result structure of the C core."""
    return ffi.new("qrng_prediction *")


def estimate_from(name: str, section: str, sequence: Sequence, predictions: int, result: Any) -> Estimate:
    """The estimate of a predictor that made `predictions` predictions.

    Details: C (right predictions), r (longest run of them, plus 1), N, p_global, p_global_prime (upper bound), p_local
    (None where it can't raise the maximum).
    """
    correct, r, n = int(result.correct), int(result.longest_run) + 1, predictions
    p_global = correct / n
    p_global_prime = upper_bound(p_global, n) if correct else 1.0 - 0.01 ** (1.0 / n)
    p = max(1.0 / sequence.alphabet_size, p_global_prime)
    p_local = local_bound(r, n, p)
    p = max(p, p_local or 0.0)
    details = {
        "C": correct,
        "r": r,
        "N": n,
        "p_global": p_global,
        "p_global_prime": p_global_prime,
        "p_local": p_local,
    }
    return Estimate(name, section, sequence.on, min_entropy_of(p), details)


def local_bound(r: int, n: int, at_least: float) -> float | None:
    """The p above `at_least` for which n predictions have no run of r right ones with probability 0.99, if any."""
    if at_least >= 1.0 or _log_no_run(at_least, r, n) <= LOG_ALPHA:
        return None
    low, high = at_least, 1.0
    while True:  # a larger p makes a run likelier
        p = (low + high) / 2
        if not low < p < high:
            return high
        value = _log_no_run(p, r, n)
        if close(value, LOG_ALPHA):
            return p
        if value > LOG_ALPHA:
            low = p
        else:
            high = p


def _log_no_run(p: float, r: int, n: int) -> float:
    """log of (1 − px) / ((r + 1 − rx) q) / x^(n+1), with x the root of 1 − x + q p^r x^(r+1) that is near 1.

    With x = 1 + y all of it is written in y, so that nothing cancels and double precision is enough.
    """
    q = 1.0 - p
    if q == 0.0:
        return -math.inf
    log_start = math.log(q) + r * math.log(p)
    y = 0.0
    for _ in range(ROUNDS):
        previous, y = y, math.exp(log_start + (r + 1) * math.log1p(y))
        if y - previous <= 1e-17 * y:
            break
    if p * y >= q or r * y >= 1.0:
        return -math.inf
    return math.log1p(-p * y / q) - math.log1p(-r * y) - (n + 1) * math.log1p(y)


def need(sequence: Sequence, least: int) -> None:
    """Raise NotApplicable for a sequence of fewer than `least` symbols."""
    if sequence.length < least:
        raise NotApplicable(f"needs at least {least} symbols")
