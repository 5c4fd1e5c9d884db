"""What an SP 800-90B estimator returns, and the confidence bound that most of them share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["Estimate", "Estimator", "NotApplicable", "Skipped", "min_entropy_of", "upper_bound"]

Z_99_5 = 2.5758293035489008
"""Quantile .995 of the normal law: the factor of every bound in section 6.3 (2.576 there, to three digits)."""


@dataclass(frozen=True)
class Estimate:
    """Result of one estimator.

    Attributes:
        name: as in the registry, for example "most_common_value".
        section: of SP 800-90B.
        on: "literal" or "bitstring".
        min_entropy: bits a symbol of the sequence that was tested (a bit, for a bit string).
        details: intermediates under the standard's names; integers are exact.
    """

    name: str
    section: str
    on: str
    min_entropy: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """An estimator that gave no result, and why."""

    name: str
    on: str
    reason: str


@dataclass(frozen=True)
class Estimator:
    """An entry of the registry.

    Attributes:
        name: as the reports print it.
        section: of SP 800-90B.
        estimate: from a sequence to its estimate; raises NotApplicable where the standard's method has no result.
        binary_only: True if the method is for binary sequences alone; it then runs on the bit string, and on the
            literal samples only if these have two symbols.
        cost: CPU time of one symbol, where symbols have more than one bit and where they are bits: in rough
            nanoseconds, since it only says which estimators to begin with when several threads share them.
    """

    name: str
    section: str
    estimate: Callable[[Sequence], Estimate]
    binary_only: bool = False
    cost: tuple[float, float] = (0.0, 0.0)

    def time_on(self, sequence: Sequence) -> float:
        """`cost` of the whole sequence."""
        return self.cost[sequence.packed is not None] * sequence.length


class NotApplicable(Exception):
    """The sequence is too short or lacks what the estimator needs; the message says what."""


def upper_bound(p: float, n: int) -> float:
    """Upper end of the 99 % confidence interval of a proportion p in n trials: min(1, p + z·√(p(1−p)/(n−1)))."""
    return min(1.0, p + Z_99_5 * math.sqrt(p * (1.0 - p) / (n - 1.0)))


def min_entropy_of(p: float) -> float:
    """−log2 p, with 0 (not −0) at p = 1."""
    return -math.log2(p) if p < 1.0 else 0.0
