"""Limits of the rate of a Poisson source from the times between its detections, each followed by a dead time.

What passes between the end of a dead time and the next detection is exponential, so the sum of n such waits is a
Gamma(n) variable over the rate λ: its quantiles are exact limits (Garwood, Biometrika 28, 437 (1936)).
"""

from __future__ import annotations

from qrng.entropy.physical.limits import check_error
from qrng.errors import EntropyError, ParameterError

__all__ = ["rate_limits"]


def rate_limits(detections: int, span: float, dead_time: float, log2_error: float) -> tuple[float, float]:
    """Lower and upper limit of the rate, each wrong with probability at most 2^log2_error.

    Args:
        detections: number of detections, the first and the last included.
        span: time from the first to the last; any unit, the rate being per that unit.
        dead_time: time after each detection in which none can follow; one that is too long raises the upper limit.

    Raises:
        EntropyError: the dead times alone are longer than the span.
    """
    from scipy.special import gammainccinv, gammaincinv

    waits = detections - 1
    if waits < 1 or not span > 0 or not dead_time >= 0:
        raise ParameterError(
            "a rate takes two detections at least, a positive span and a dead time that is not negative"
        )
    live = span - waits * dead_time
    if live <= 0:
        raise EntropyError(
            f"{detections} detections, each with a dead time of {dead_time:g}, don't fit in {span:g}: it is wrong"
        )
    error = 2.0 ** check_error(log2_error)
    return float(gammaincinv(waits, error)) / live, float(gammainccinv(waits + 1, error)) / live
