"""Homodyne detection of the vacuum, digitised: min-entropy of an ADC sample given the classical noise.

Haw et al., Phys. Rev. Applied 3, 054004 (2015). In units of the quantum noise's standard deviation σ_Q: an n-bit ADC of
range R has steps δ = R / 2^(n−1); its lowest bin ends at −R + δ/2 and its highest begins at R − 3δ/2. Given classical
noise e, no bin is more probable than

    max{ lowest, highest, erf(δ / (2√2)) }.

Worst case: the largest size of e that is admitted. Average case: the mean of that maximum over a Gaussian e.
"""

from __future__ import annotations

import itertools
import math

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import guessing
from qrng.errors import ParameterError

__all__ = ["average_guess", "best_range", "homodyne", "homodyne_worst_case", "worst_guess"]

_REFERENCE = "Haw et al., Phys. Rev. Applied 3, 054004 (2015)"
_TAIL = 12.0  # standard deviations of classical noise integrated over; the rest counts as guessed
_PANELS = 4096


def _given_noise(bits: int, span: float, e: float) -> float:
    """Largest probability of a bin given classical noise e."""
    step = span / 2 ** (bits - 1)
    lowest = 0.5 * math.erfc((span - step / 2 + e) / math.sqrt(2))
    highest = 0.5 * math.erfc((span - 3 * step / 2 - e) / math.sqrt(2))
    return max(lowest, highest, math.erf(step / (2 * math.sqrt(2))))


def worst_guess(bits: int, span: float, largest_noise: float) -> float:
    """Guessing probability at the worst classical noise of at most `largest_noise` (in σ_Q)."""
    return _given_noise(bits, span, largest_noise)


def average_guess(bits: int, span: float, sigma_e: float) -> float:
    """Guessing probability averaged over Gaussian classical noise of standard deviation `sigma_e` (in σ_Q).

    An upper sum: in each panel the larger of its ends, which is the maximum, because the function falls towards its
    middle and rises from there.
    """
    if sigma_e == 0:
        return _given_noise(bits, span, 0.0)
    width = 2 * _TAIL / _PANELS
    edges = [-_TAIL + i * width for i in range(_PANELS + 1)]
    values = [_given_noise(bits, span, sigma_e * t) for t in edges]
    masses = [
        0.5 * (math.erfc(a / math.sqrt(2)) - math.erfc(b / math.sqrt(2)))
        if a >= 0
        else 0.5 * (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2)))
        for a, b in itertools.pairwise(edges)
    ]
    inner = sum(mass * max(pair) for mass, pair in zip(masses, itertools.pairwise(values), strict=True))
    return min(1.0, inner + math.erfc(_TAIL / math.sqrt(2)))


def best_range(bits: int, *, sigma_e: float = 0.0, largest_noise: float | None = None) -> float:
    """The range R (in σ_Q) of least guessing probability: worst case if `largest_noise` is given, else average."""

    def guess(span: float) -> float:
        return average_guess(bits, span, sigma_e) if largest_noise is None else worst_guess(bits, span, largest_noise)

    low, high = 0.5, 40.0 + 12 * sigma_e + (largest_noise or 0.0)
    golden = (math.sqrt(5) - 1) / 2
    while high - low > 1e-6:
        left, right = high - golden * (high - low), low + golden * (high - low)
        if guess(left) > guess(right):
            low = left
        else:
            high = right
    return 0.5 * (low + high)


def _scaled(bits: int, span: float, total_variance: float, dark_variance: float) -> tuple[float, float]:
    """Range and classical standard deviation in units of σ_Q."""
    if not 1 <= bits <= 32 or not span > 0 or not math.isfinite(span):
        raise ParameterError("homodyne: 1 to 32 bits and a positive range are needed")
    if not 0 <= dark_variance < total_variance or not math.isfinite(total_variance):
        raise ParameterError("homodyne: the variance with the local oscillator on must exceed that with it off")
    sigma_q = math.sqrt(total_variance - dark_variance)
    return span / sigma_q, math.sqrt(dark_variance) / sigma_q


def _assumptions(noise: str) -> tuple[str, ...]:
    return (
        "the quantum noise is Gaussian vacuum noise, independent of the classical noise, its variance the difference "
        "of those with the local oscillator on and off",
        noise,
        "samples are taken within the detector's bandwidth, so that they are independent",
        "variances, range and resolution of the converter are exactly as given",
    )


def homodyne(bits: int, span: float, total_variance: float, dark_variance: float) -> EntropyClaim:
    """Average min-entropy of an ADC sample, for an adversary who knows the classical noise of each sample.

    Args:
        bits: resolution of the ADC.
        span: R, half of its full range, in the unit of the square root of the variances.
        total_variance, dark_variance: of the samples with the local oscillator on and off.

    Raises:
        EntropyError: nothing is left.
        ParameterError: variances that contradict the model.
    """
    r, sigma_e = _scaled(bits, span, total_variance, dark_variance)
    entropy = guessing(average_guess(bits, r, sigma_e), "homodyne")
    noise = "the classical noise is Gaussian and known to the adversary, sample by sample"
    return EntropyClaim(min(float(bits), entropy), -math.inf, _assumptions(noise), _REFERENCE, bits)


def homodyne_worst_case(
    bits: int, span: float, total_variance: float, dark_variance: float, standard_deviations: float = 5.0
) -> EntropyClaim:
    """Min-entropy of an ADC sample for an adversary who sets the classical noise up to so many standard deviations.

    Raises: as `homodyne`.
    """
    r, sigma_e = _scaled(bits, span, total_variance, dark_variance)
    if not standard_deviations >= 0:
        raise ParameterError("homodyne: the number of standard deviations must not be negative")
    entropy = guessing(worst_guess(bits, r, standard_deviations * sigma_e), "homodyne, worst case")
    noise = f"the classical noise is the adversary's, within {standard_deviations:g} of its standard deviations"
    return EntropyClaim(min(float(bits), entropy), -math.inf, _assumptions(noise), _REFERENCE, bits)
