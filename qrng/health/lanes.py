"""A stream without some of its lanes: what is left of its symbols, and the way back to the whole stream's numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from qrng._native import wipe
from qrng.claim import EntropyClaim
from qrng.errors import EntropyError, ParameterError
from qrng.health.base import Alarm
from qrng.samples import Samples

__all__ = ["Lanes"]


class Lanes:
    """The lanes of a stream that are in use. Symbols left are numbered anew, from 0 and without gaps.

    Attributes:
        total: lanes of the whole stream.
        dropped: those left out, in the order in which they went.
        kept: those in use, ascending.
    """

    def __init__(self, total: int, dropped: Iterable[int] = ()) -> None:
        """ParameterError where a lane isn't there to be dropped, or none would be left."""
        self.total, self.dropped = total, tuple(dropped)
        left = sorted(set(range(total)) - set(self.dropped)) if self.dropped else range(total)
        if len(left) != total - len(self.dropped) or not left:
            raise ParameterError(f"lanes {self.dropped} can't be dropped from {total}: each once, and one is left")
        self.kept = left

    def without(self, lane: int) -> Lanes:
        """The same less one lane, by its number in the whole stream."""
        return Lanes(self.total, (*self.dropped, lane))

    def before(self, index: int) -> int:
        """How many symbols of lanes in use come before symbol `index` of the whole stream."""
        rounds, lane = divmod(index, self.total)
        return rounds * len(self.kept) + sum(1 for kept in self.kept if kept < lane) if self.dropped else index

    def original(self, index: int) -> int:
        """Index in the whole stream of symbol `index` of what is left."""
        if not self.dropped:
            return index
        rounds, rank = divmod(index, len(self.kept))
        return rounds * self.total + self.kept[rank]

    def select(self, samples: Samples) -> Samples:
        """Samples of the lanes in use; those given are wiped, unless nothing is dropped and they are returned.

        Their side data have an entry a symbol. Arrays of neither length that `Samples` allows are left out.
        """
        if not self.dropped:
            return samples
        symbols = samples.symbols()
        use = np.zeros(self.total, bool)
        use[list(self.kept)] = True
        stays = use[(samples.first + np.arange(samples.count)) % self.total]
        left = symbols[stays]
        side = {
            name: column[stays]
            for name, array in samples.side_data.items()
            if (column := samples.by_symbol(array)) is not None
        }
        try:
            return Samples.from_symbols(
                left,
                samples.bits_per_symbol,
                lanes=len(self.kept),
                first=self.before(samples.first),
                side_data=side,
                provenance=samples.provenance,
            )
        finally:
            wipe(symbols)
            wipe(left)
            samples.wipe()

    def alarm(self, alarm: Alarm) -> Alarm:
        """An alarm over what is left, in the whole stream's numbers."""
        if not self.dropped:
            return alarm
        return replace(
            alarm,
            at_sample=self.original(alarm.at_sample),
            lane=None if alarm.lane is None else self.kept[alarm.lane],
            onset_estimate=self.original(alarm.onset_estimate),
        )

    def claim(self, claim: EntropyClaim) -> EntropyClaim:
        """What a claim on all lanes leaves for those in use: a lane takes with it at most its width a symbol.

        H(rest) ≥ H(all) less the bits dropped, for min-entropy, be the claim of each symbol or a mean over lanes.

        Raises:
            EntropyError: that is nothing.
        """
        if not self.dropped:
            return claim
        of_all = self.total * Fraction(claim.bits_per_sample)
        each = float((of_all - len(self.dropped) * claim.bits_per_symbol) / len(self.kept))
        if each <= 0:
            raise EntropyError(
                f"{claim.bits_per_sample:g} bits a symbol over {self.total} lanes leave nothing that is sure without "
                f"{len(self.dropped)} of them: give a claim for the lanes that are left"
            )
        gone = ", ".join(map(str, self.dropped))
        return EntropyClaim(
            each,
            claim.log2_error,
            (*claim.assumptions, f"without lanes {gone}, dropped after alarms; each took its full width with it"),
            claim.reference,
            claim.bits_per_symbol,
            symbols=None if claim.symbols is None else claim.symbols // self.total * len(self.kept),
        )
