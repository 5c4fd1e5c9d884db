"""All health tests over one stream: which alarms first, at which symbol, for how long the trouble lasts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from qrng._native import wipe
from qrng.bits import Symbols
from qrng.errors import ParameterError
from qrng.health import registry
from qrng.health.base import Alarm, HealthTest, Piece, Setting
from qrng.health.lanes import Lanes
from qrng.health.startup import STARTUP_SYMBOLS, Startup
from qrng.health.states import SUSPECT_BITS, Latch, State

__all__ = ["Monitor"]

Following = Callable[[int, int], Symbols]
"""following(index, n): at most n symbols in hand after `index` of those being tested, newly allocated."""


class Monitor:
    """The tests of one stream, its start-up and its state. Not thread-safe.

    Attributes:
        setting: what is claimed, of the lanes in use.
        lanes: which those are.
        alarms: every alarm, oldest first, in the numbers of the whole stream.
        latch: the state.
        tests: the tests in force.
        samples: symbols tested so far, over all restarts.
        runs: 1 + restarts.
    """

    def __init__(
        self,
        setting: Setting,
        startup: int = STARTUP_SYMBOLS,
        more: Sequence[registry.Maker] = (),
        without: Iterable[int] = (),
    ) -> None:
        """`setting` is of the whole stream; `without` are lanes of it that the symbols to come are free of."""
        self.lanes = Lanes(setting.lanes, without)
        self.setting = dataclasses.replace(setting, lanes=len(self.lanes.kept))
        self._more = tuple(more)
        self.alarms: list[Alarm] = []
        self.latch = Latch()
        self.samples = 0
        self.runs = 1
        self._before = (0.0, 0, 0)  # false-alarm bound, symbols and runs of the stream before a lane was dropped
        self._startup_symbols = startup
        self._suspicious = setting.run_length_log2 - SUSPECT_BITS
        self._begin()

    def _begin(self) -> None:
        self.startup = Startup(self._startup_symbols)
        self.tests: list[HealthTest] = registry.build(self.setting, self._more)

    def update(self, piece: Piece, first: int, following: Following) -> int | None:
        """Test a piece, its first symbol of stream index `first`; wipes its unpacked form.

        Returns:
            None, or the index into the piece of the symbol that raised an alarm. The tests have then to be
            begun again by `restart`; symbols after that one were not tested.
        """
        try:
            hits = [(at, test) for test in self.tests if (at := test.update(piece, first)) is not None]
        finally:
            wipe(piece.symbols)
        if not hits:
            self.samples += len(piece)
            self.startup.take(len(piece))
            self.latch.passed(len(piece), self.startup.passed, (self.evidence() or 0) >= self._suspicious)
            return None
        at, test = min(hits, key=lambda hit: hit[0])  # of equally early ones the first in the registry
        self.samples += at + 1
        alarm = test.alarm(first + at)
        rest = following(at, test.reach())
        permanent = test.is_permanent(rest, alarm.at_sample)
        wipe(rest)
        alarm = self.lanes.alarm(alarm)
        self.alarms.append(alarm)
        where = "" if alarm.lane is None else f" in lane {alarm.lane}"
        what = f"{alarm.test} alarmed at sample {alarm.at_sample}{where}, begun about {alarm.onset_estimate}"
        self.latch.alarm(at + 1, what, permanent)
        return at

    def restart(self) -> None:
        """Fresh tests and start-up with the same parameters; HealthFailure if FAILED."""
        self.latch.restart()
        self._begin_again()

    def rescan(self) -> None:
        """As `restart`, for a capture that is only reported on: FAILED stays, the tests go on."""
        if self.latch.state is not State.FAILED:
            self.latch.restart()
        self._begin_again()

    def drop_lane(self) -> int:
        """As `restart`, without the lane that alarmed last; returns its number.

        Raises:
            ParameterError: no lane alarmed last, or it is the only one.
            HealthFailure: FAILED for another reason than an alarm.
        """
        lane = self.alarms[-1].lane if self.alarms and self.latch.by_alarm else None
        if lane is None:
            self.latch.check()
            raise ParameterError("no lane has alarmed")
        left = self.lanes.without(lane)
        self.latch.restart_without_lane()
        self._before = (self.false_alarm_bound(), self.samples, self.runs)
        self.lanes, self.setting = left, dataclasses.replace(self.setting, lanes=len(left.kept))
        self._begin_again()
        return lane

    def _begin_again(self) -> None:
        self.wipe()
        self.runs += 1
        try:
            self._begin()
        except BaseException as error:
            self.latch.fail(f"the health tests can't be set up again: {error}")
            raise

    def false_alarm_bound(self) -> float:
        """Bound on the probability that any test has alarmed by now although the claim holds.

        Union bound: over the tests, and for each over its symbols (RCT) or windows (APT) so far; over the stream
        with a lane and without it.
        """
        bound, samples, runs = self._before
        bound += sum(test.false_alarm_bound(self.samples - samples, self.runs - runs) for test in self.tests)
        return min(1.0, bound)

    def evidence(self) -> float | None:
        """log2 of the most evidence that a test holds now; an alarm comes at `run_length_log2`. None without such."""
        return max(self.held().values(), default=None)

    def held(self) -> dict[str, float]:
        """log2 of the evidence that each test holds now, by the test's name; those that measure none are left out."""
        found: dict[str, float] = {}
        for test in self.tests:
            held = test.evidence()
            if held is not None:
                found[test.name] = max(held, found.get(test.name, held))
        return found

    def wipe(self) -> None:
        """Overwrite the raw bits that tests hold; nothing can be tested afterwards but by a restart."""
        for test in self.tests:
            test.wipe()

    def describe(self) -> list[dict[str, Any]]:
        """JSON-ready description of each test."""
        return [test.describe() | {"assumes": test.assumes} for test in self.tests]
