"""What the figures of a report show, computed from samples with numpy alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.samples import Samples

__all__ = ["LIMIT", "autocorrelation", "ones_by_position", "run_lengths"]

LIMIT = 1 << 22
"""Samples that figures are made of at most: the first ones. Estimates use all of them."""

Floats = npt.NDArray[np.float64]


def ones_by_position(samples: Samples) -> Floats:
    """Proportion of ones at each bit position (columns, highest first) of each lane (rows); NaN without data."""
    width = samples.bits_per_symbol
    table = np.asarray(bits.unpack(samples.packed, samples.bit_length), np.uint8).reshape(-1, width)
    start = samples.first % samples.lanes
    rows = [table[(lane - start) % samples.lanes :: samples.lanes] for lane in range(samples.lanes)]
    return np.array([row.mean(axis=0) if len(row) else np.full(width, np.nan) for row in rows])


def autocorrelation(samples: Samples, lags: int = 128) -> Floats:
    """Correlation of symbols with those 1 to `lags` places later; zeros where all symbols are the same."""
    values = samples.symbols().astype(np.float64)
    values -= values.mean()
    size = 1 << int(values.size + lags).bit_length()
    spectrum = np.fft.rfft(values, size)
    sums = np.fft.irfft(np.abs(spectrum) ** 2, size)[: lags + 1]
    if sums[0] <= 0.0:
        return np.zeros(lags)
    found: Floats = sums[1:] / sums[0]
    return found


def run_lengths(samples: Samples, longest: int = 32) -> tuple[Floats, Floats]:
    """Runs of equal bits by length (1 … longest, the last one also longer), and what fair bits would give."""
    string = np.asarray(bits.unpack(samples.packed, samples.bit_length), np.int8)
    ends = np.flatnonzero(np.diff(string))
    lengths = np.diff(np.concatenate([[-1], ends, [string.size - 1]]))
    counts = np.bincount(np.minimum(lengths, longest), minlength=longest + 1)[1:].astype(np.float64)
    expected: Floats = np.asarray(string.size * 0.5 ** (np.arange(1, longest + 1) + 1.0), np.float64)
    expected[-1] *= 2.0
    return counts, expected
