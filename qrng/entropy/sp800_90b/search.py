"""When a bisection of SP 800-90B has arrived: the reference tool stops at four units in the last place."""

from __future__ import annotations

import math

__all__ = ["close"]

STEPS = 4


def close(a: float, b: float) -> bool:
    """Are two numbers equal to within four units in the last place of the smaller one?"""
    return abs(a - b) <= STEPS * math.ulp(min(abs(a), abs(b)))
