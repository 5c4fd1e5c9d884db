"""Counting the peaks of the spectrum of a +-1 sequence that stay below a threshold."""

from __future__ import annotations

import numpy as np

from nist_sts.sequence import Sequence
from qrng import bits

__all__ = ["peaks_below"]


def peaks_below(sequence: Sequence, threshold: float) -> int:
    """How many of the bins j = 0 .. n // 2 - 1 of the transform of the sequence have |F_j|^2 < threshold."""
    import scipy.fft

    packed = sequence.words.astype(">u8").view(np.uint8)
    steps = bits.unpack(packed, sequence.n).astype(np.float64)
    steps *= 2
    steps -= 1
    transform = scipy.fft.rfft(steps, overwrite_x=True)[: sequence.n // 2]
    power = transform.real**2 + transform.imag**2
    return int(np.count_nonzero(power < threshold))
