"""The gate: raw symbols pass it only after the health tests have seen what follows them.

A delay line of Q raw bits (the quarantine) stands behind the tests. An alarm wipes everything in it and
raises; then nothing passes until the caller restarts it with the same parameters, start-up and quarantine
included.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, NoReturn, Self

from qrng.errors import ClosedError, HealthError, HealthFailure, ParameterError
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
            ),
            startup,
            more,
        )
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
        """Every alarm since the gate was made, oldest first."""
        return tuple(self._monitor.alarms)

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
            earlier symbols, in order, that `quarantine` raw bits have now followed without an alarm.

        Raises:
            HealthAlarm: an alarm, or one not yet answered by `restart`. Everything held, `samples` too, is
            wiped.
            HealthFailure: the state is FAILED: after a second alarm within 2^30 symbols, after a run or
                window that went on to the cutoff of α² within `samples`, after symbols that do not continue
                the stream or have another width or lane count, or after an internal error. Everything is
                wiped.
            ClosedError: the gate is closed.
        """
        try:
            return self._push(samples)
        except HealthError:
            self._wipe(samples)
            raise
        except ClosedError:
            samples.wipe()
            raise
        except BaseException as error:
            self._wipe(samples)
            self._monitor.latch.fail(f"internal error ({type(error).__name__})")
            if isinstance(error, Exception):
                raise HealthFailure(f"FAILED: internal error ({type(error).__name__})") from error
            raise

    def _push(self, samples: Samples) -> list[Samples]:
        if self._closed:
            raise ClosedError("this gate is closed and its buffers are wiped; make a new one")
        self._monitor.latch.check()
        self._check_continues(samples)
        startup = 0
        for start in range(0, samples.count, _PIECE):
            startup += self._test(samples, start)
        self._next = self._earliest = samples.first + samples.count
        self._hold(samples, startup)
        return self._release()

    def _check_continues(self, samples: Samples) -> None:
        setting = self._monitor.setting
        if (samples.bits_per_symbol, samples.lanes) != (setting.bits_per_symbol, setting.lanes):
            self._monitor.latch.fail(
                f"symbols of {samples.bits_per_symbol} bits in {samples.lanes} lanes came to a gate for "
                f"{setting.bits_per_symbol} bits in {setting.lanes} lanes"
            )
        if samples.first < self._earliest or (self._next is not None and samples.first != self._next):
            self._monitor.latch.fail(
                f"sample {samples.first} came where {self._earliest} was due: symbols were lost or repeated"
            )
        self._monitor.latch.check()

    def _test(self, samples: Samples, start: int) -> int:
        """Test one piece; returns how many of its symbols belong to the start-up."""
        left = self._monitor.startup.left
        piece = piece_of(self._monitor.setting, samples, start, start + _PIECE)
        at = self._monitor.update(
            piece,
            samples.first + start,
            lambda index, n: samples.symbols(start + index + 1, start + index + 1 + n),
        )
        if at is not None:
            self._earliest = samples.first + samples.count
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
        if self._closed:
            raise ClosedError("this gate is closed and its buffers are wiped; make a new one")
        self._wipe()
        self._monitor.restart()
        self._next = None

    def status(self) -> dict[str, Any]:
        """JSON-ready: state, claim, tests and cutoffs, what was tested, held and released, every alarm."""
        monitor, setting = self._monitor, self._monitor.setting
        return {
            "state": str(self.state),
            "reason": monitor.latch.reason,
            "claim": float(setting.claim_bits),
            "bits_per_symbol": setting.bits_per_symbol,
            "lanes": setting.lanes,
            "alpha_log2": setting.alpha_log2,
            "run_length_log2": setting.run_length_log2,
            "log2_evidence": monitor.evidence(),
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
        """Wipe what is held; every later push raises ClosedError."""
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
