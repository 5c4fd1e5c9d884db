"""The gate: raw symbols pass it only after the health tests have seen what follows them.

A delay line of Q raw bits (the quarantine) stands behind the tests. An alarm wipes everything in it and
raises; then nothing passes until the caller restarts it with the same parameters, start-up and quarantine
included.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

from qrng.errors import ClosedError, HealthError, HealthFailure, ParameterError, ReentryError
from qrng.health.allowance import evidence_needed
from qrng.health.base import RUN_LENGTH_LOG2, Alarm, Setting
from qrng.health.cutoffs import ALPHA_LOG2
from qrng.health.monitor import Monitor
from qrng.health.registry import Maker
from qrng.health.side import checked_names, piece_of
from qrng.health.startup import STARTUP_SYMBOLS
from qrng.health.states import SUSPECT_BITS, State
from qrng.samples import Samples

__all__ = ["DEFAULT_QUARANTINE", "Gate"]

DEFAULT_QUARANTINE = 1 << 16
"""Default raw bits that must follow a symbol without an alarm before it is released."""

_T = TypeVar("_T")
_PIECE = 1 << 20  # symbols unpacked and tested at a time


class Gate:
    """Health tests over one stream, and the delay line that they guard.

    Not thread-safe: the caller holds a lock around every call. After a fork the child has to drop its gate.
    """

    def __init__(
        self,
        bits_per_symbol: int,
        lanes: int,
        claim_bits: float | Fraction,
        *,
        quarantine: int = DEFAULT_QUARANTINE,
        alpha_log2: int = ALPHA_LOG2,
        run_length_log2: int = RUN_LENGTH_LOG2,
        startup: int = STARTUP_SYMBOLS,
        more: Sequence[Maker] = (),
        side_data: Sequence[str] = (),
        every_bit: bool = False,
        without: Iterable[int] = (),
        on_alarm: Callable[[Alarm], object] | None = None,
    ) -> None:
        """Set up the tests for a stream.

        Args:
            bits_per_symbol: width of a symbol in bits, 1 to 32.
            lanes: interleaved streams, each tested apart beside the whole.
            claim_bits: claimed min-entropy of a symbol, in bits.
            quarantine: raw bits that must follow a symbol without alarm before it is released.
            alpha_log2: log2 of the false-alarm probability α of a test at a symbol or window.
            run_length_log2: log2 of the threshold A of the e-detectors: a false alarm of theirs within T
                symbols has probability at most T/A.
            startup: symbols that pass the tests first and are never released, at least 1024.
            more: makers of tests to run beside those in force.
            side_data: names of what every `Samples` pushed carries beside its bits, to be tested with them: an entry a
                symbol or a shot. Samples without them, or with arrays of another length, are FAILED.
            every_bit: let the mixing of contexts and the coupling of lanes watch every bit; for one-bit symbols.
            without: lanes that are left out from the beginning: neither tested nor released.
            on_alarm: told each alarm once, after everything held is wiped and before `push` raises. It can't use
                this gate. What it raises makes the state FAILED: whom it was to tell doesn't know.

        Raises:
            ParameterError: a parameter is outside its range.
            HealthFailure: a health test can't be set up.
        """
        if quarantine < 0:
            raise ParameterError(f"the quarantine is a number of raw bits, not {quarantine}")
        self._monitor = Monitor(
            Setting.of(
                bits_per_symbol,
                lanes,
                claim_bits,
                alpha_log2,
                run_length_log2,
                checked_names(side_data, bits_per_symbol),
                every_bit,
            ),
            startup,
            more,
            without,
        )
        self._on_alarm = on_alarm
        self._told = 0  # alarms that on_alarm was told
        self._busy = 0  # the thread that push works in: whatever it calls, a plug-in or on_alarm, can't use this gate
        self._quarantine = quarantine
        self._held: deque[Samples] = deque()
        self._held_bits = 0
        self._released = 0
        self._next: int | None = None  # stream index of the symbol to come; None before the first
        self._earliest = 0  # no symbol before this index may come (again)
        self._closed = False

    @property
    def state(self) -> State:
        """STARTUP, OK, SUSPECT, INTERMITTENT or FAILED."""
        return self._monitor.latch.state

    @property
    def alarms(self) -> Sequence[Alarm]:
        """Every alarm since the gate was made, oldest first, in the numbers of the whole stream."""
        return tuple(self._monitor.alarms)

    @property
    def dropped(self) -> Sequence[int]:
        """Lanes that are left out."""
        return self._monitor.lanes.dropped

    @property
    def false_alarm_bound(self) -> float:
        """Bound on the probability of any alarm so far, had the claim held throughout.

        Union bound over all tests: RCT has probability at most α at each symbol, APT at most α in each
        window, on the stream and once more on its lanes; the e-detectors together at most 1/A at each symbol.
        """
        return self._monitor.false_alarm_bound()

    def push(self, samples: Samples) -> list[Samples]:
        """Test symbols that continue the stream; the gate owns them from here on.

        Returns:
            earlier symbols, in order, that `quarantine` raw bits have now followed without an alarm. Once lanes are
            dropped, those left are numbered anew, without gaps.

        Raises:
            HealthAlarm: an alarm, or one not yet answered by `restart`. Everything held, `samples` too, is
            wiped.
            HealthFailure: the state is FAILED: after a second alarm within 2^30 symbols, after a run or
                window that went on to the cutoff of α² within `samples`, after symbols that do not continue
                the stream or have another width or lane count, after an internal error, or after one in
                on_alarm. Everything is wiped.
            ClosedError: the gate is closed.
            ReentryError: called by on_alarm or by a health test; `samples` stay the caller's.
        """
        self._check_not_busy()
        self._busy = threading.get_ident()
        try:
            return self._pushed(samples)
        finally:
            self._busy = 0

    def _pushed(self, samples: Samples) -> list[Samples]:
        used = samples
        try:
            self._check_continues(samples)
            used = self._monitor.lanes.select(samples)
            return self._push(used, samples.first + samples.count)
        except HealthError:
            self._wipe(samples, used)
            self._tell()
            raise
        except ClosedError:
            samples.wipe()
            raise
        except BaseException as error:
            self._wipe(samples, used)
            self._monitor.latch.fail(f"internal error ({type(error).__name__})")
            if isinstance(error, Exception):
                raise HealthFailure(f"FAILED: internal error ({type(error).__name__})") from error
            raise

    def _push(self, samples: Samples, end: int) -> list[Samples]:
        """Test and hold symbols of the lanes in use; `end` is the whole stream's index after them."""
        startup = 0
        self._earliest = end
        for start in range(0, samples.count, _PIECE):
            startup += self._test(samples, start)
        self._monitor.latch.check()  # `fail` may have been called meanwhile
        self._next = end
        self._hold(samples, startup)
        return self._release()

    def _tell(self) -> None:
        """Call on_alarm for each alarm that it wasn't told; HealthFailure if it raises."""
        if self._on_alarm is None:
            return
        try:
            while self._told < len(self._monitor.alarms):
                self._told += 1
                self._on_alarm(self._monitor.alarms[self._told - 1])
        except BaseException as error:
            self._monitor.latch.fail(f"on_alarm raised {type(error).__name__}")
            if isinstance(error, Exception):
                raise HealthFailure(f"FAILED: on_alarm raised {type(error).__name__}") from error
            raise

    def _check_not_busy(self) -> None:
        if self._busy == threading.get_ident():  # another's was left behind by a fork
            raise ReentryError(
                "on_alarm and health tests can't use the gate that called them: wait until push has raised or returned"
            )

    def _check_continues(self, samples: Samples) -> None:
        if self._closed:
            raise ClosedError("this gate is closed and its buffers are wiped; make a new one")
        self._monitor.latch.check()
        width, lanes = self._monitor.setting.bits_per_symbol, self._monitor.lanes.total
        if (samples.bits_per_symbol, samples.lanes) != (width, lanes):
            self._monitor.latch.fail(
                f"symbols of {samples.bits_per_symbol} bits in {samples.lanes} lanes came to a gate for "
                f"{width} bits in {lanes} lanes"
            )
        if samples.first < self._earliest or (self._next is not None and samples.first != self._next):
            self._monitor.latch.fail(
                f"sample {samples.first} came where {self._earliest} was due: symbols were lost or repeated"
            )
        self._monitor.latch.check()

    def _test(self, samples: Samples, start: int) -> int:
        """Test one piece; returns how many of its symbols belong to the start-up."""
        left = self._monitor.startup.left
        try:
            piece = piece_of(self._monitor.setting, samples, start, start + _PIECE)
        except ParameterError as error:
            self._monitor.latch.fail(str(error))
            raise HealthFailure(f"FAILED: {error}") from error
        at = self._monitor.update(
            piece,
            samples.first + start,
            lambda index, n: samples.symbols(start + index + 1, start + index + 1 + n),
        )
        if at is not None:
            self._monitor.latch.check()
        return left - self._monitor.startup.left

    def _hold(self, samples: Samples, startup: int) -> None:
        if startup:
            rest = samples.slice(startup, samples.count)
            samples.wipe()
            samples = rest
        if samples.count:
            self._held.append(samples)
            self._held_bits += samples.bit_length

    def _release(self) -> list[Samples]:
        """Take from the front what the quarantine allows."""
        width = self._monitor.setting.bits_per_symbol
        keep = -(-self._quarantine // width)  # symbols
        out: list[Samples] = []
        symbols = self._held_bits // width - keep
        while symbols > 0:
            oldest = self._held.popleft()
            if oldest.count > symbols:
                rest = oldest.slice(symbols, oldest.count)
                out.append(oldest.slice(0, symbols))
                oldest.wipe()
                self._held.appendleft(rest)
            else:
                out.append(oldest)
            symbols -= oldest.count
        released = sum(part.count for part in out)
        self._held_bits -= released * width
        self._released += released
        return out

    def _wipe(self, *more: Samples) -> None:
        for samples in (*self._held, *more):
            samples.wipe()
        self._held.clear()
        self._held_bits = 0

    def restart(self) -> None:
        """Begin again with the same parameters: fresh tests, start-up, an empty quarantine.

        Raises:
            HealthFailure: the state is FAILED.
            ClosedError: the gate is closed.
        """
        self._begin_again(self._monitor.restart)

    def drop_lane(self) -> int:
        """Begin again without the lane that alarmed, even from FAILED; returns its number.

        The caller takes it on himself that the fault is that lane's alone. What is left is tested as a stream of its
        own, start-up and quarantine included; alarms so far stay, so that a second one within 2^30 symbols is FAILED
        as ever, and the false-alarm bound covers the stream with the lane and without it.

        Raises:
            ParameterError: it was not a lane that alarmed, or it is the only one.
            HealthFailure: FAILED for another reason than an alarm.
            ClosedError: the gate is closed.
        """
        return self._begin_again(self._monitor.drop_lane)

    def fail(self, reason: str) -> None:
        """FAILED for good by the caller's word, even while `push` is at work; everything held is wiped."""
        self._wipe()
        self._monitor.latch.fail(reason)

    def _begin_again(self, begin: Callable[[], _T]) -> _T:
        self._check_not_busy()
        if self._closed:
            raise ClosedError("this gate is closed and its buffers are wiped; make a new one")
        self._wipe()
        done = begin()
        self._next = None
        return done

    def status(self) -> dict[str, Any]:
        """JSON-ready: state, claim, tests and cutoffs, what was tested, held and released, every alarm.

        `lanes` counts those in use; `allowance_log2_evidence` is L of `qrng.health.allowance`.
        """
        monitor, setting = self._monitor, self._monitor.setting
        return {
            "state": str(self.state),
            "reason": monitor.latch.reason,
            "claim": float(setting.claim_bits),
            "bits_per_symbol": setting.bits_per_symbol,
            "lanes": setting.lanes,
            "dropped_lanes": list(monitor.lanes.dropped),
            "alpha_log2": setting.alpha_log2,
            "run_length_log2": setting.run_length_log2,
            "every_bit": setting.every_bit,
            "log2_evidence": monitor.evidence(),
            "allowance_log2_evidence": evidence_needed(monitor.tests),
            "evidence": monitor.held(),
            "suspect_from": setting.run_length_log2 - SUSPECT_BITS,
            "startup_symbols": monitor.startup.symbols,
            "quarantine_bits": self._quarantine,
            "samples": monitor.samples,
            "held_bits": self._held_bits,
            "released": self._released,
            "tests": monitor.describe(),
            "alarms": [alarm.as_dict() for alarm in monitor.alarms],
            "false_alarm_bound": self.false_alarm_bound,
        }

    def close(self) -> None:
        """Wipe what is held; every later push raises ClosedError. Raises ReentryError as `push` does."""
        self._check_not_busy()
        self._wipe()
        self._monitor.wipe()
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a gate holds raw bits and can't be copied or pickled")
