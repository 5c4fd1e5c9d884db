"""Counting the peaks of the spectrum of a +-1 sequence that stay below a threshold.

Lengths 2^a 3^b 5^c go through a transform of our own in single precision, which sums the bins near the threshold
anew in double precision; all others, and sequences with strong lines, through scipy.fft in double precision.
"""

from __future__ import annotations

import functools

import numpy as np

from nist_sts.sequence import Sequence
from qrng import bits
from qrng._native import lib, readable, writable

__all__ = ["peaks_below"]


@functools.lru_cache(maxsize=4)
def _plan(n: int) -> bits.Bytes | None:
    """Tables of the transform of n bits, None if this length has none."""
    size = int(lib.qrng_sts_spectrum_plan_bytes(n))
    if size == 0:
        return None
    plan = np.empty(size, np.uint8)
    lib.qrng_sts_spectrum_plan(writable(plan), size, n)
    return plan


def peaks_below(sequence: Sequence, threshold: float) -> int:
    """How many of the bins j = 0 .. n // 2 - 1 of the transform of the sequence have |F_j|^2 < threshold."""
    plan = _plan(sequence.n)
    if plan is not None:
        tables = readable(plan)
        scratch = np.empty(int(lib.qrng_sts_spectrum_scratch_bytes(tables)), np.uint8)
        below = int(lib.qrng_sts_peaks_below(sequence.pointer, tables, threshold, writable(scratch)))
        if below >= 0:
            return below
    return _in_double_precision(sequence, threshold)


def _in_double_precision(sequence: Sequence, threshold: float) -> int:
    import scipy.fft

    packed = sequence.words.astype(">u8").view(np.uint8)
    steps = bits.unpack(packed, sequence.n).astype(np.float64)
    steps *= 2
    steps -= 1
    transform = scipy.fft.rfft(steps, overwrite_x=True)[: sequence.n // 2]
    power = transform.real**2 + transform.imag**2
    return int(np.count_nonzero(power < threshold))
