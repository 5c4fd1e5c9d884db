"""What a source is said to be worth: min-entropy, never without its assumptions, its error and its origin."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from qrng.errors import ParameterError

__all__ = ["EntropyClaim"]


@dataclass(frozen=True)
class EntropyClaim:
    """Min-entropy of a sample (one symbol), with everything that the number rests on.

    Attributes:
        bits_per_sample: min-entropy of one symbol in bits, above 0 and at most `bits_per_symbol`.
        log2_error: log2 of the probability that the claim does not hold; -inf where it follows from the
            assumptions alone, None where no error is stated (a statistical estimate: no adversary considered).
        assumptions: what must be true of the device for the claim to hold, in words.
        reference: paper, standard or person that the number comes from.
        bits_per_symbol: width of a symbol in bits.
    """

    bits_per_sample: float
    log2_error: float | None
    assumptions: tuple[str, ...]
    reference: str
    bits_per_symbol: int = 1

    def __post_init__(self) -> None:
        """Refuse a claim that says nothing or more than a symbol can hold."""
        h = self.bits_per_sample
        if not (math.isfinite(h) and 0 < h <= self.bits_per_symbol):
            raise ParameterError(f"a claim of {h} bits a symbol must lie in (0, {self.bits_per_symbol}]")
        if self.log2_error is not None and not self.log2_error <= 0:
            raise ParameterError(f"log2_error is the log2 of a probability: {self.log2_error} is above 0")
        if not self.assumptions or not self.reference:
            raise ParameterError("a claim must state its assumptions and its reference")

    def min_entropy(self, bits: int) -> Fraction:
        """Min-entropy, in bits, of `bits` raw bits: whole symbols only, exact in rational arithmetic."""
        return (bits // self.bits_per_symbol) * Fraction(self.bits_per_sample)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; -inf is written as "-inf"."""
        data = asdict(self)
        data["assumptions"] = list(self.assumptions)
        if self.log2_error == -math.inf:
            data["log2_error"] = "-inf"
        return data
