"""Compression estimate, SP 800-90B section 6.3.4, after Maurer's universal statistic.

The mean of log2 of the distance between equal blocks of 6 bits is compared with its expectation under the near-uniform
law in which one block has probability p and the others share the rest; p solves the equation at the lower
confidence bound of the mean.
"""

from __future__ import annotations

import math

import numpy as np

from qrng._native import ffi, lib, readable
from qrng.entropy.sp800_90b.estimate import Z_99_5, Estimate, Estimator, NotApplicable
from qrng.entropy.sp800_90b.search import close
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ESTIMATOR", "estimate"]

NAME = "compression"
SECTION = "6.3.4"
BLOCK_BITS = 6  # b, step 1
DICTIONARY = 1000  # d, step 2: blocks that are only learned
DEVIATION_FACTOR = 0.5907  # step 6


def estimate(sequence: Sequence) -> Estimate:
    """Min-entropy a bit from the mean distance of equal 6-bit blocks.

    Details: v (distances), x_bar, sigma_hat, x_bar_prime (lower bound of the mean), p.

    Raises:
        NotApplicable: fewer than 1002 blocks of 6 bits.
    """
    blocks = sequence.length // BLOCK_BITS
    v = blocks - DICTIONARY
    if v < 2:
        raise NotApplicable(f"needs at least {BLOCK_BITS * (DICTIONARY + 2)} bits")
    counts = np.zeros(blocks + 1, np.uint32)
    table = ffi.from_buffer("uint32_t[]", counts)
    lib.qrng_entropy_compression_distances(table, readable(sequence.packed), sequence.length)
    moments = ffi.new("double[2]")
    lib.qrng_entropy_compression_moments(moments, moments + 1, table, blocks)
    x_bar = moments[0] / v
    variance = moments[1] / (v - 1) - x_bar * x_bar
    sigma = DEVIATION_FACTOR * math.sqrt(max(variance, 0.0))  # rounding alone can make it negative
    x_prime = x_bar - Z_99_5 * sigma / math.sqrt(v)
    p = _solve(x_prime, blocks)
    uniform = 2.0**-BLOCK_BITS
    h = -math.log2(p) / BLOCK_BITS if p > uniform else 1.0
    details = {"v": v, "x_bar": x_bar, "sigma_hat": sigma, "x_bar_prime": x_prime, "p": max(p, uniform)}
    return Estimate(NAME, SECTION, sequence.on, h + 0.0, details)


def _solve(target: float, blocks: int) -> float:
    """The p in (1/64, 1) whose expected mean is `target`, by bisection; 1/64 where even the uniform law is below it."""
    log2_of = ffi.from_buffer("double[]", np.empty(blocks + 1))
    filled = ffi.new("uint64_t *", 2)

    def expectation(p: float) -> float:
        return float(lib.qrng_entropy_compression_expectation(p, blocks, log2_of, filled))

    low, high = 2.0**-BLOCK_BITS, 1.0
    if expectation(low) <= target:
        return low
    while True:  # the expectation falls as p grows
        p = (low + high) / 2
        if not low < p < high:
            return high
        value = expectation(p)
        if close(value, target):
            return p
        if target < value:
            low = p
        else:
            high = p


ESTIMATOR = Estimator(NAME, SECTION, estimate, binary_only=True)
