"""Counting the peaks of the spectrum of a +-1 sequence that stay below a threshold.

Lengths 2^a 3^b 5^c go through a transform of our own in single precision, which sums the bins near the threshold
anew in double precision; all others, and sequences with strong lines, through numpy.fft in double precision.
"""

from __future__ import annotations

import numpy as np

from nist_sts import kernels
from nist_sts.base import NotApplicable
from nist_sts.sequence import Sequence
from qrng import bits
from qrng._native import lib

__all__ = ["peaks_below"]

_LONGEST_DOUBLE = 1 << 27
"""Bits for which numpy.fft is called where n = 2^a 3^b 5^c: 24 bytes each. An eighth where not: up to 160 each."""
_PART = 1 << 20


def requests(n: int, threshold: float) -> tuple[kernels.Request, ...]:
    """What peaks_below asks of the kernels: nothing for a length that their transform hasn't."""
    return () if kernels.spectrum_plan(n) is None else (kernels.peaks_below(n, threshold),)


def peaks_below(sequence: Sequence, threshold: float) -> int:
    """How many of the bins j = 0 .. n // 2 - 1 of the transform of the sequence have |F_j|^2 < threshold.

    Raises:
        NotApplicable: the sequence is too long for double precision, and of no length that does without.
    """
    asked = requests(sequence.n, threshold)
    for request in asked:
        below = sequence.measured(request).value
        if below <= sequence.n:
            return below
    if sequence.n > _LONGEST_DOUBLE >> 3 and not asked:
        raise NotApplicable(f"beyond 2^24 bits needs n = 2^a 3^b 5^c: {_nearest(sequence.n):,} is the next below")
    if sequence.n > _LONGEST_DOUBLE:
        raise NotApplicable("beyond 2^27 bits needs a spectrum without lines as strong as one here")
    return _in_double_precision(sequence, threshold)


def _nearest(n: int) -> int:
    """The longest sequence of at most n bits that has a plan."""
    lengths = (2**a * 3**b * 5**c for a in range(33) for b in range(21) for c in range(14))
    smooth: list[int] = sorted((length for length in lengths if length <= n), reverse=True)
    return next(length for length in smooth if lib.qrng_sts_spectrum_plan_bytes(length))


def _in_double_precision(sequence: Sequence, threshold: float) -> int:
    packed = sequence.words.astype(">u8").view(np.uint8)
    steps = bits.unpack(packed, sequence.n).astype(np.float64)
    steps *= 2
    steps -= 1
    transform = np.fft.rfft(steps)
    below, half = 0, sequence.n // 2
    for at in range(0, half, _PART):
        part = transform[at : min(at + _PART, half)]
        below += int(np.count_nonzero(part.real**2 + part.imag**2 < threshold))
    return below
