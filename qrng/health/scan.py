"""Health tests over a whole finite capture, before any of it is used: every alarm that the restarts allow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from qrng.bits import Symbols
from qrng.errors import FormatError, ParameterError
from qrng.health.allowance import Allowance, evidence_needed
from qrng.health.base import RUN_LENGTH_LOG2, Alarm, Setting
from qrng.health.beside import models_of, side_data_of
from qrng.health.cutoffs import ALPHA_LOG2
from qrng.health.lanes import Lanes
from qrng.health.monitor import Monitor
from qrng.health.registry import Maker
from qrng.health.side import checked_names, piece_of
from qrng.health.states import SUSPECT_BITS, State
from qrng.samples import Samples

__all__ = ["HealthReport", "scan", "scan_dropping"]

_PIECE = 1 << 16  # symbols unpacked and tested at a time: what an alarm makes to be unpacked again

Observe = Callable[[int, dict[str, float]], None]
"""observe(symbols tested, log2 of the evidence that each e-detector holds)"""


@dataclass(frozen=True)
class HealthReport:
    """What the health tests say of a capture.

    Attributes:
        claim: min-entropy of a symbol, in bits, that was tested.
        samples: symbols in the capture.
        examined: symbols that were tested: all, unless an alarm ended the scan.
        state: at the end: OK, SUSPECT, INTERMITTENT or FAILED; INTERMITTENT too where the capture ends before
            the start-up after an alarm was passed. STARTUP: no alarm, but the capture is shorter than the
            start-up, so that the tests say nothing yet.
        alarms: in stream order, at most restarts + 1.
        false_alarm_bound: bound on the probability of any alarm, if the claim holds.
        log2_evidence: log2 of the most evidence that an e-detector held at the end; None if none ran.
        tests: the tests that ran, with their cutoffs.
        lanes: lanes of the capture, those left out included.
        dropped: lanes that were left out; samples are those of the others.
        allowance: what a constant bias may typically hide in all that was examined; None where no test bets on one.
        every_bit: whether the mixing of contexts and the coupling of lanes watched every bit.
    """

    claim: float
    samples: int
    examined: int
    state: State
    alarms: tuple[Alarm, ...]
    false_alarm_bound: float
    bits_per_symbol: int
    lanes: int
    alpha_log2: int
    run_length_log2: int
    restarts: int
    log2_evidence: float | None
    tests: tuple[dict[str, Any], ...]
    dropped: tuple[int, ...] = ()
    allowance: Allowance | None = None
    every_bit: bool = False

    def lanes_verdict(self) -> list[dict[str, Any]]:
        """JSON-ready verdict on each lane: lane, verdict, alarms, first_alarm.

        ALARM: its own tests alarmed. DROPPED: it was left out. UNFINISHED: none did until the scan ended early. OK:
        none did to the end. An alarm over the whole stream names no lane.
        """
        found: list[dict[str, Any]] = []
        for lane in range(self.lanes):
            own = [alarm for alarm in self.alarms if alarm.lane == lane]
            passed = "OK" if self.examined == self.samples else "UNFINISHED"
            verdict = "DROPPED" if lane in self.dropped else "ALARM" if own else passed
            first = own[0].at_sample if own else None
            found.append({"lane": lane, "verdict": verdict, "alarms": len(own), "first_alarm": first})
        return found

    @property
    def passed(self) -> bool:
        """No alarm."""
        return not self.alarms

    @property
    def assumes(self) -> list[str]:
        """What the bound on false alarms rests on: "claim" alone, unless a test assumes more."""
        return sorted({str(test["assumes"]) for test in self.tests})

    @property
    def models(self) -> list[dict[str, Any]]:
        """Kind, SHA-256 and assumption of each model that ran."""
        return models_of(self.tests)

    @property
    def side_data(self) -> list[str]:
        """Names of the side data that were tested with the bits."""
        return side_data_of(self.tests)

    @property
    def suspect_from(self) -> int:
        """log2 of the evidence from which the state is SUSPECT."""
        return self.run_length_log2 - SUSPECT_BITS

    def summary(self) -> str:
        """One line: the state and, if there is one, the first alarm."""
        if not self.alarms:
            return f"{self.state}: no alarm in {self.examined} samples"
        first = self.alarms[0]
        where = "" if first.lane is None else f" in lane {first.lane}"
        more = f", and {len(self.alarms) - 1} more" if len(self.alarms) > 1 else ""
        return f"{self.state}: {first.test} alarmed at sample {first.at_sample}{where}{more}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.health/1."""
        return {
            "schema": "qrng.health/1",
            "claim": self.claim,
            "samples": self.samples,
            "examined": self.examined,
            "state": str(self.state),
            "alarms": [alarm.as_dict() for alarm in self.alarms],
            "false_alarm_bound": self.false_alarm_bound,
            "false_alarm_bound_assumes": self.assumes,
            "bits_per_symbol": self.bits_per_symbol,
            "lanes": self.lanes,
            "alpha_log2": self.alpha_log2,
            "run_length_log2": self.run_length_log2,
            "log2_evidence": self.log2_evidence,
            "restarts": self.restarts,
            "dropped_lanes": list(self.dropped),
            "lanes_verdict": self.lanes_verdict(),
            "allowance": None if self.allowance is None else self.allowance.as_dict(),
            "models": self.models,
            "side_data": self.side_data,
            "every_bit": self.every_bit,
            "tests": list(self.tests),
        }


class _Ahead:
    """Chunks in order, with a look at what follows the one in hand."""

    def __init__(self, chunks: Iterable[Samples]) -> None:
        self._source = iter(chunks)
        self._read: deque[Samples] = deque()
        self.count = 0

    def next(self) -> Samples | None:
        """The next chunk, None at the end."""
        if self._read or self._more():
            return self._read.popleft()
        return None

    def _more(self) -> bool:
        chunk = next(self._source, None)
        if chunk is None:
            return False
        self._read.append(chunk)
        self.count += chunk.count
        return True

    def following(self, chunk: Samples, start: int, index: int, n: int) -> Symbols:
        """At most n symbols after index `start + index` of `chunk`, across chunks."""
        after = start + index + 1
        found = chunk.symbols(after, after + n)
        parts, have, at = [found], len(found), 0
        while have < n and (at < len(self._read) or self._more()):
            parts.append(self._read[at].symbols(0, n - have))
            have += len(parts[-1])
            at += 1
        out: Symbols = np.empty(have, found.dtype)
        np.concatenate(parts, out=out)
        return out


def scan(
    chunks: Iterable[Samples],
    *,
    bits_per_symbol: int,
    lanes: int,
    claim: float | Fraction,
    alpha_log2: int = ALPHA_LOG2,
    run_length_log2: int = RUN_LENGTH_LOG2,
    restarts: int = 0,
    more: Sequence[Maker] = (),
    side_data: Sequence[str] = (),
    every_bit: bool = False,
    observe: Observe | None = None,
    every: int = _PIECE,
    without: Iterable[int] = (),
) -> HealthReport:
    """Run every health test over a finite capture.

    After an alarm the tests begin again, fresh, with the symbol after it, as often as `restarts` says. A
    second alarm within 2^30 symbols, and one that goes on to the cutoff of α², make the state FAILED for
    good.

    Args:
        chunks: the capture from its first symbol, in order.
        bits_per_symbol: width of a symbol in bits.
        lanes: interleaved streams, each tested apart beside the whole.
        claim: claimed min-entropy of a symbol, in bits.
        alpha_log2: log2 of the false-alarm probability α of a test at a symbol or window.
        run_length_log2: log2 of the threshold A of the e-detectors.
        restarts: how often to go on after an alarm.
        more: makers of tests to run beside those in force, as `qrng.health.models.artefact.maker`.
        side_data: names of what every chunk carries beside its bits, to be tested with them: an entry a symbol or a
            shot.
        every_bit: let the mixing of contexts and the coupling of lanes watch every bit; for one-bit symbols.
        observe: told of the evidence after each piece, for a plot of it.
        every: symbols of a piece, at most 2^16.
        without: lanes that are left out; chunks are wiped once those that stay are copied.

    Raises:
        ParameterError: a parameter is outside its range, or side data are missing or of another length.
        FormatError: chunks of another width, or not in order.
        HealthFailure: a health test can't be set up.
    """
    if restarts < 0:
        raise ParameterError(f"restarts can't be {restarts}")
    if not 1 <= every <= _PIECE:
        raise ParameterError(f"a look at the evidence every {every} symbols: choose 1 to {_PIECE}")
    names = checked_names(side_data, bits_per_symbol)
    setting = Setting.of(bits_per_symbol, lanes, claim, alpha_log2, run_length_log2, names, every_bit)
    monitor = Monitor(setting, more=more, without=without)
    ahead = _Ahead(_selected(chunks, monitor.lanes) if monitor.lanes.dropped else chunks)
    due = 0
    while (chunk := ahead.next()) is not None:
        if chunk.bits_per_symbol != bits_per_symbol or chunk.first != due:
            raise FormatError(
                f"a chunk of {chunk.bits_per_symbol}-bit symbols from sample {chunk.first} came where "
                f"{bits_per_symbol}-bit ones from {due} were due"
            )
        due += chunk.count
        if len(monitor.alarms) <= restarts:
            _scan_chunk(monitor, ahead, chunk, restarts, observe, every)
    needed = evidence_needed(monitor.tests)
    state = monitor.latch.state
    if state is State.STARTUP and monitor.alarms:
        state = State.INTERMITTENT
    return HealthReport(
        claim=float(setting.claim_bits),
        samples=due,
        examined=monitor.samples,
        state=state,
        alarms=tuple(monitor.alarms),
        false_alarm_bound=monitor.false_alarm_bound(),
        bits_per_symbol=bits_per_symbol,
        lanes=lanes,
        alpha_log2=alpha_log2,
        run_length_log2=run_length_log2,
        restarts=restarts,
        log2_evidence=monitor.evidence(),
        tests=tuple(monitor.describe()),
        dropped=monitor.lanes.dropped,
        allowance=None if needed is None else Allowance.of(float(setting.claim_bits), monitor.samples, needed),
        every_bit=every_bit,
    )


def scan_dropping(
    whole: Callable[[], Iterable[Samples]], drop_lanes: int, *, lanes: int, **how: Any
) -> tuple[HealthReport, list[Alarm]]:
    """Scan, and where one lane's own test alarms scan again from the beginning without it, `drop_lanes` times at most.

    Args:
        whole: gives the capture from its first symbol, each time it is called.
        drop_lanes: lanes that may be left out; one at least stays.
        lanes, how: as in `scan`; without restarts.

    Returns:
        the last scan's report, its false-alarm bound that of all scans together, and the alarm of each dropped lane.
    """
    found: list[Alarm] = []
    spent = 0.0
    while True:
        report = scan(whole(), lanes=lanes, without=[alarm.lane for alarm in found if alarm.lane is not None], **how)
        spent = min(1.0, spent + report.false_alarm_bound)
        alarm = report.alarms[-1] if report.alarms else None
        if alarm is None or alarm.lane is None or len(found) == min(drop_lanes, lanes - 1):
            return replace(report, false_alarm_bound=spent), found
        found.append(alarm)


def _selected(chunks: Iterable[Samples], lanes: Lanes) -> Iterator[Samples]:
    for chunk in chunks:
        yield lanes.select(chunk)


def _scan_chunk(
    monitor: Monitor, ahead: _Ahead, chunk: Samples, restarts: int, observe: Observe | None, every: int
) -> None:
    start = 0
    while start < chunk.count and len(monitor.alarms) <= restarts:
        piece = piece_of(monitor.setting, chunk, start, start + every)
        size = len(piece)
        at = monitor.update(piece, chunk.first + start, partial(ahead.following, chunk, start))
        start += size if at is None else at + 1
        if observe is not None:
            observe(monitor.samples, monitor.held())
        if at is not None and len(monitor.alarms) <= restarts:
            monitor.rescan()
