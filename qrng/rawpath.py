"""The way of the raw bits inside a generator: noise source → health gate → blocks → extractor.

It has one user at a time and takes no lock. What stops it is raised and stays with the gate; whoever holds its
output has to wipe that himself.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from qrng import bits
from qrng._native import wipe
from qrng.admission import refuse_unless_ok
from qrng.claim import EntropyClaim
from qrng.errors import EntropyError, HealthError, HealthFailure, ParameterError
from qrng.extractors import extractor_class
from qrng.health.allowance import FROM_BITS, Allowance, less
from qrng.health.base import Alarm
from qrng.health.beside import Beside
from qrng.health.gate import Gate
from qrng.health.lanes import Lanes
from qrng.health.scan import scan_dropping
from qrng.samples import Samples
from qrng.source import Source

__all__ = ["BLOCK_BUDGET", "LaneDropped", "RawPath"]

BLOCK_BUDGET = 1 << 32
"""Blocks over which a generator's error is split."""
_BATCH = 16  # blocks read at a time when much is asked for


class LaneDropped(Exception):
    """Everything on its way was wiped, and the source goes on without one lane: to be asked again."""


class RawPath:
    """See the module; arguments as of `qrng.RandomBitGenerator`, and `untold`, to which each alarm is added.

    Attributes:
        dropped: the alarm of each lane that was left out, oldest first.
    """

    def __init__(
        self,
        source: Source,
        claim: EntropyClaim,
        *,
        extractor: str,
        log2_error: float,
        block_bits: int,
        quarantine: int,
        allowance: bool | None,
        drop_lanes: int,
        beside: Beside,
        untold: deque[Alarm],
    ) -> None:
        if drop_lanes < 0:
            raise ParameterError(f"drop_lanes is a number of lanes, not {drop_lanes}")
        if not getattr(extractor_class(extractor), "strong", True):
            raise ParameterError(
                f"{extractor} consumes its second source, and a generator has one seed for all blocks: choose a strong "
                "extractor, such as toeplitz"
            )
        self._source, self._claim = source, claim
        self._tested_for = claim.every_symbol  # what each symbol is tested for
        self._kind, self._log2_error = extractor_class(extractor), log2_error
        self._block_bits, self._quarantine = block_bits, quarantine
        self._take_off = block_bits >= FROM_BITS if allowance is None else allowance
        self._drop_lanes = drop_lanes
        self._beside = beside
        self._extractor: Any = None
        self._seed: Any = None
        self.dropped: list[Alarm] = []
        self._untold = untold
        self._heard = 0  # alarms of the gate that were taken up
        self._spent = 0  # blocks of the error budget that plans before this one used
        self._plan(Lanes(source.lanes))
        self._raw = np.zeros(bits.bytes_for(self._block * (_BATCH + 1) + quarantine + 64), np.uint8)  # not extracted
        self._raw_bits = 0
        self._gate: Gate | None = None
        self._failed: str | None = None  # by `fail`

    def begin(self) -> None:
        """Set up the gate, or test a finite source whole: HealthAlarm or HealthFailure unless it passes."""
        if (whole := self._source.whole()) is None:
            self._beside.refuse_without_side_data(self._source)
            self._gate = self._new_gate()
        else:
            self._test_whole(whole)

    def _plan(self, lanes: Lanes) -> None:
        """Block, allowance, extractor and a fresh seed for these lanes."""
        width, count = self._source.bits_per_symbol, len(lanes.kept)
        block = self._block_bits // (width * count) * (width * count)
        if block <= 0:
            raise ParameterError(
                f"a block of {self._block_bits} bits holds no whole round of {width * count} bits over all lanes"
            )
        allowance = Allowance.for_block(
            block,
            claim_bits=self._tested_for,
            bits_per_symbol=width,
            lanes=count,
            taken_off=self._take_off,
            **self._beside.options,
        )
        # Later plans have the blocks that are left, and as much of the error as those.
        spent = self._spent if self._extractor is None else self.blocks_used
        left = BLOCK_BUDGET - spent
        part = math.nextafter(math.log2(left / BLOCK_BUDGET), -math.inf) if spent and left else 0.0
        planned = self._kind.plan(
            block,
            min_entropy=less(lanes.claim(self._claim), block, allowance),
            log2_error=self._log2_error + part,
            blocks=left,
        )
        self._extractor, self._spent, self._block, self._allowance = planned, spent, block, allowance
        self.new_seed()
        self._lanes = lanes  # last: what is not followed to here is followed again by restart

    def new_seed(self) -> None:
        """Draw a seed from the operating system in place of the old one."""
        if self._seed is not None:
            self._seed.close()
        seed = bytearray(os.urandom(self._extractor.seed_bytes))
        try:
            self._seed = self._extractor.prepare(seed)
        finally:
            wipe(seed)

    def _new_gate(self) -> Gate:
        self._heard = 0
        return Gate(
            self._source.bits_per_symbol,
            self._source.lanes,
            self._tested_for,
            quarantine=self._quarantine,
            without=self._lanes.dropped,
            **self._beside.options,
        )

    def _test_whole(self, first: Iterator[Samples]) -> None:
        source, passes = self._source, iter([first])

        def again() -> Iterable[Samples]:
            if self._beside.side_data:  # they are known once the capture was read to its end
                return [found] if (found := source.recording()) is not None else ()
            return next(passes, None) or source.whole() or ()

        report, self.dropped = scan_dropping(
            again,
            self._drop_lanes,
            claim=self._tested_for,
            bits_per_symbol=source.bits_per_symbol,
            lanes=source.lanes,
            **self._beside.options,
        )
        self._untold.extend((*self.dropped, *report.alarms))
        refuse_unless_ok(report, source.spec)
        if report.dropped:
            self._plan(Lanes(source.lanes, report.dropped))

    def refill(self, wanted: int) -> bytearray:
        """The output of at least one block, for `wanted` bytes if one reading of the source gives so many.

        Raises:
            LaneDropped: call again.
            HealthAlarm, HealthFailure: the gate stopped.
            SourceError, BudgetError: as `qrng.RandomBitGenerator.readinto`.
        """
        blocks = min(_BATCH, -(-8 * wanted // self._extractor.m))
        count = -(-blocks * self._block // self._source.bits_per_symbol)
        while self._raw_bits < self._block:
            for released in self._admit(self._source.read(count)):
                self._append(released)
        whole = self._raw_bits // self._block
        raw = self._raw[: bits.bytes_for(whole * self._block)]
        out: bytearray = self._extractor.extract_blocks(raw, self._seed, blocks=whole)
        if self._failed:  # meanwhile
            wipe(out)
            raise HealthFailure(f"FAILED: {self._failed}")
        del out[whole * self._extractor.m // 8 :]  # a last byte that is partly padding is not delivered
        rest = self._raw_bits - whole * self._block
        tail = bits.extract(self._raw, whole * self._block, rest)
        self._raw_bits = 0  # before the wipe: should a signal's exception come between, no zeros pass for raw bits
        wipe(self._raw)
        bits.copy(self._raw, 0, tail, 0, rest)
        if rest:
            wipe(tail)
        self._raw_bits = rest
        return out

    def _admit(self, samples: Samples) -> list[Samples]:
        if self._failed:
            samples.wipe()
            raise HealthFailure(f"FAILED: {self._failed}")
        if self._gate is None:  # a finite source whose every symbol was tested before the first use
            return [self._lanes.select(samples)]
        try:
            return self._gate.push(samples)
        except HealthError as error:
            self.wipe()
            alarms = self._gate.alarms[self._heard :]
            self._heard += len(alarms)
            self._untold.extend(alarms)
            if len(self.dropped) == self._drop_lanes or not alarms or alarms[-1].lane is None:
                raise
            if len(self._lanes.kept) == 1:
                raise
            self._gate.drop_lane()
            self.dropped.append(alarms[-1])
            self._follow_gate()
            raise LaneDropped from error

    def _follow_gate(self) -> None:
        """Plan for the lanes that the gate lets pass; HealthFailure where that can't be."""
        if self._gate is None or self._gate.dropped == self._lanes.dropped:
            return
        try:
            self._plan(Lanes(self._lanes.total, self._gate.dropped))
        except (EntropyError, ParameterError) as error:
            self.fail(f"what is left without lanes {self._gate.dropped} can't be planned for: {error}")
            raise HealthFailure(f"FAILED: {error}") from error

    def _append(self, released: Samples) -> None:
        end = self._raw_bits + released.bit_length
        if bits.bytes_for(end) > len(self._raw):
            larger = np.zeros(2 * bits.bytes_for(end), np.uint8)
            larger[: len(self._raw)] = self._raw
            wipe(self._raw)
            self._raw = larger
        bits.copy(self._raw, self._raw_bits, released.packed, 0, released.bit_length)
        self._raw_bits = end
        released.wipe()

    def wipe(self) -> None:
        """Overwrite the raw bits that wait for the extractor."""
        self._raw_bits = 0
        wipe(self._raw)

    def fail(self, reason: str) -> None:
        """FAILED for good, even in the middle of `refill`."""
        self.wipe()
        self._failed = self._failed or reason
        if self._gate is not None:
            self._gate.fail(reason)

    def restart(self) -> None:
        """Fresh tests after an alarm; HealthFailure if FAILED."""
        self.wipe()
        if self._gate is not None:
            self._gate.restart()
            self._follow_gate()

    def reopen(self, stopped: bool) -> None:
        """In the child of a fork: nothing pending, a fresh gate unless it is stopped, a new seed, the source again."""
        self._source.reopen()
        if self._gate is not None and not stopped:
            self._gate.close()
            self._gate = self._new_gate()
        self.new_seed()

    def close(self) -> None:
        """Wipe everything held and close the source."""
        self.wipe()
        self._seed.close()
        if self._gate is not None:
            self._gate.close()
        self._source.close()

    @property
    def blocks_used(self) -> int:
        """Blocks of the error budget that are spent, over all plans."""
        left: int = self._extractor.blocks_left
        return BLOCK_BUDGET - left

    @property
    def blocks_allowed(self) -> int:
        """Blocks that the error budget was split over."""
        return BLOCK_BUDGET

    def health(self) -> dict[str, Any]:
        """JSON-ready state of the gate."""
        if self._gate is None:
            return {"state": "OK", "tested": "whole capture before the first use"}
        return self._gate.status()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: claim on the lanes in use, allowance, lanes left out and why, what is tested beside, the plan."""
        return {
            "claim": self._lanes.claim(self._claim).as_dict(),
            "allowance": None if self._allowance is None else self._allowance.as_dict(),
            "dropped_lanes": [alarm.as_dict() for alarm in self.dropped],
            "tested_beside": self._beside.as_dict(),
            "extractor": self._extractor.planned.as_dict(),
        }
