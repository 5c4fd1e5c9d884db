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
        weakest_lane: where `bits_per_sample` is a mean over lanes of different worth, that of the least of those that
            have any; None where every symbol has `bits_per_sample`.
        symbols: number of symbols that the claim was counted over, if it holds for these together and says nothing of
            a part of them; None if it holds for each symbol given those before it.
    """

    bits_per_sample: float
    log2_error: float | None
    assumptions: tuple[str, ...]
    reference: str
    bits_per_symbol: int = 1
    weakest_lane: float | None = None
    symbols: int | None = None

    def __post_init__(self) -> None:
        """Refuse a claim that says nothing or more than a symbol can hold."""
        h = self.bits_per_sample
        if not (math.isfinite(h) and 0 < h <= self.bits_per_symbol):
            raise ParameterError(f"a claim of {h} bits a symbol must lie in (0, {self.bits_per_symbol}]")
        if self.log2_error is not None and not self.log2_error <= 0:
            raise ParameterError(f"log2_error is the log2 of a probability: {self.log2_error} is above 0")
        if self.weakest_lane is not None and not 0 < self.weakest_lane <= h:
            raise ParameterError(f"the weakest lane has from 0 to {h} bits a symbol, not {self.weakest_lane}")
        if self.symbols is not None and self.symbols < 1:
            raise ParameterError(f"a claim is counted over at least one symbol, not {self.symbols}")
        if not self.assumptions or not self.reference:
            raise ParameterError("a claim must state its assumptions and its reference")

    @property
    def every_symbol(self) -> float:
        """Bits that every symbol is claimed to have, whatever its lane: what health tests hold the data against."""
        return self.bits_per_sample if self.weakest_lane is None else self.weakest_lane

    def min_entropy(self, bits: int) -> Fraction:
        """Min-entropy, in bits, of `bits` raw bits: whole symbols only, exact in rational arithmetic.

        Raises:
            ParameterError: a part of symbols that the claim holds for together only.
        """
        if self.symbols is not None and bits // self.bits_per_symbol != self.symbols:
            raise ParameterError(
                f"this claim holds for {self.symbols} symbols together and says nothing of "
                f"{bits // self.bits_per_symbol} of them: extract all of them as one block"
            )
        return (bits // self.bits_per_symbol) * Fraction(self.bits_per_sample)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; -inf is written as "-inf"."""
        data = asdict(self)
        data["assumptions"] = list(self.assumptions)
        if self.log2_error == -math.inf:
            data["log2_error"] = "-inf"
        return data
