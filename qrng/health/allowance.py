"""What a weak constant bias may hide from the tests in a block: an allowance, not a bound.

A bet on a bias brings D bits of evidence a symbol, D the divergence of the biased source from the claim, and
alarms when it has brought L = log2 A + log2(1/w), A the threshold and w the weight of the bet. A bias with
N·D < L is typically still hidden after N symbols. Where a symbol may come with probability g = 2⁻ᴴ at most
and comes with g + δ,

    D ≈ δ² / (2 ln 2 · g (1 − g)),        min-entropy lost a symbol ≈ δ / (g ln 2),

so that N·D = L gives √(2/ln 2 · (2ᴴ − 1) · L · N) bits over N symbols: √(2.885·L·n) for n bits at H = 1. Both
are the leading terms in δ; the exact loss is smaller. Faults that the bank finds later than a bias of the whole
stream (of one lane, of opposite signs in several, of another kind) can hide more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.health import registry
from qrng.health.base import RUN_LENGTH_LOG2, HealthTest, Setting
from qrng.health.edetector import EDetector
from qrng.health.side import checked_names

__all__ = ["FROM_BITS", "Allowance", "evidence_needed", "less"]

FROM_BITS = 1 << 16
"""Raw bits a block from which the allowance is taken off unless the caller says otherwise."""


def evidence_needed(tests: Iterable[HealthTest]) -> float | None:
    """L: log2 of what a bet on a constant bias must win before the first of these tests alarms; None if none bets."""
    needed = (
        test.log2_threshold - math.log2(test.bias_weight)
        for test in tests
        if isinstance(test, EDetector) and test.bias_weight is not None
    )
    return min(needed, default=None)


@dataclass(frozen=True)
class Allowance:
    """The allowance for a block.

    Attributes:
        bits: min-entropy that a constant bias may typically hide in the block, in bits, rounded up; at most what
            is claimed of it.
        log2_evidence: L of the tests in force.
        symbols: symbols of the block.
        taken_off: whether the extractor's plan is made for the claim less this allowance.
    """

    bits: int
    log2_evidence: float
    symbols: int
    taken_off: bool = False

    @classmethod
    def of(cls, claim_bits: float, symbols: int, log2_evidence: float, taken_off: bool = False) -> Allowance:
        """The formula above for `symbols` symbols of `claim_bits` bits each."""
        hidden = math.sqrt(2 / math.log(2) * (2**claim_bits - 1) * log2_evidence * symbols)
        return cls(min(math.ceil(hidden), math.floor(claim_bits * symbols)), log2_evidence, symbols, taken_off)

    @classmethod
    def for_block(
        cls,
        block_bits: int,
        *,
        claim_bits: float,
        bits_per_symbol: int,
        lanes: int,
        run_length_log2: int = RUN_LENGTH_LOG2,
        taken_off: bool | None = None,
        more: Sequence[registry.Maker] = (),
        side_data: Sequence[str] = (),
        every_bit: bool = False,
    ) -> Allowance | None:
        """The allowance for a block under the tests that are in force here.

        Args:
            block_bits: raw bits of the block.
            claim_bits: min-entropy of a symbol, in bits, that the tests hold the data against.
            bits_per_symbol: width of a symbol.
            lanes: interleaved streams.
            run_length_log2: log2 of A.
            taken_off: whether to take it off; None: from FROM_BITS on.
            more, side_data, every_bit: as in `qrng.health.scan`; what is tested beside has a share of the false alarms.

        Returns:
            None where no test bets on a bias: for symbols wider than 8 bits.
        """
        names = checked_names(side_data, bits_per_symbol)
        setting = Setting.of(
            bits_per_symbol, lanes, claim_bits, run_length_log2=run_length_log2, side_data=names, every_bit=every_bit
        )
        needed = evidence_needed(registry.build(setting, more))
        if needed is None:
            return None
        take = block_bits >= FROM_BITS if taken_off is None else taken_off
        return cls.of(float(setting.claim_bits), block_bits // bits_per_symbol, needed, take)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "bits": self.bits,
            "log2_evidence": self.log2_evidence,
            "symbols": self.symbols,
            "taken_off": self.taken_off,
        }


@dataclass(frozen=True)
class _Less(EntropyClaim):
    """A claim of which each block is worth `off` bits less."""

    off: int = 0

    def min_entropy(self, bits: int) -> Fraction:
        return super().min_entropy(bits) - self.off


def less(claim: EntropyClaim, block_bits: int, allowance: Allowance | None) -> EntropyClaim:
    """The claim that a block's plan is made for: `claim`, less the allowance if that is taken off.

    Raises:
        ParameterError: the allowance leaves nothing.
    """
    if allowance is None or not allowance.taken_off:
        return claim
    claimed = claim.min_entropy(block_bits)
    if claimed <= allowance.bits:
        raise ParameterError(
            f"a block of {block_bits} bits is claimed to have {float(claimed):g} bits of min-entropy, and a bias can "
            f"hide {allowance.bits} from the health tests: take longer blocks, or leave the allowance out"
        )
    known = {part.name: getattr(claim, part.name) for part in fields(claim)}
    said = f"less {allowance.bits} bits a block that a bias may hide from the health tests"
    return _Less(**(known | {"assumptions": (*claim.assumptions, said)}), off=allowance.bits)
