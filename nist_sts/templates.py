"""Words that can't overlap themselves (bifix-free, in SP 800-22: aperiodic templates), section 2.7."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

__all__ = ["aperiodic"]


@functools.cache
def aperiodic(m: int) -> npt.NDArray[np.int64]:
    """All words of m bits of which no proper prefix is also a suffix, as rising integers."""
    words = np.arange(2**m, dtype=np.int64)
    free = np.ones(2**m, dtype=bool)
    for border in range(1, m // 2 + 1):  # a word with a border has one of at most half its length
        free &= words // 2 ** (m - border) != words % 2**border
    return words[free]
