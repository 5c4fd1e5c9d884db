"""The same engine for another claim: that errors come at no more than a stated rate.

    watch = ErrorRateTest(0.05)                    # QBER at most 5 %
    alarm = watch.update(indicators)               # 1 where a test bit disagreed

Quantum bit error rate above what the key length was computed for is eavesdropping or a fault; lost CHSH games
above what a violation allows end a device-independent claim. Null hypothesis: P(error | everything before) ≤
e₀. Each bet believes the odds to be r times the claimed ones; its payoff r / (1 − e₀ + r e₀) on an error and
1 / (1 − e₀ + r e₀) else has mean at most 1. The mean of 16 Shiryaev-Roberts detectors is watched at every
indicator: P(false alarm within T) ≤ T/A and the average run length to one is at least A.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from qrng._native import check, ffi, lib
from qrng.errors import HealthAlarm, ParameterError
from qrng.health.base import RUN_LENGTH_LOG2, Alarm

__all__ = ["ErrorRateTest"]


class ErrorRateTest:
    """Watches a stream of error indicators against a claimed rate. Not thread-safe.

    Attributes:
        rate: the claimed rate e₀.
        alarms: at most one: after an alarm nothing passes until a new test is made.
    """

    name = "error_rate"

    def __init__(self, rate: float, run_length_log2: int = RUN_LENGTH_LOG2) -> None:
        """Set up.

        Args:
            rate: claimed highest probability of an error, in (0, 1): a QBER, or 1 − the CHSH game's winning
            rate.
            run_length_log2: log2 of A, the least average number of indicators to a false alarm, 10 to 256.

        Raises:
            ParameterError: a parameter is outside its range.
        """
        if not 10 <= run_length_log2 <= 256:
            raise ParameterError(f"log2 of the average run length is {run_length_log2}; it lies from 10 to 256")
        self.rate = rate
        self.run_length_log2 = run_length_log2
        self.alarms: list[Alarm] = []
        self._state = ffi.new("qrng_rate_state *")
        check(lib.qrng_rate_init(self._state, rate), f"an error rate of {rate} can't be claimed: it lies inside (0, 1)")

    @property
    def seen(self) -> int:
        """Indicators so far."""
        return int(self._state.seen)

    @property
    def evidence(self) -> float:
        """log2 of the evidence that the rate is exceeded; the alarm comes at `run_length_log2`."""
        return math.log2(self._state.total) if self._state.total > 0 else 0.0

    def update(self, errors: npt.ArrayLike) -> None:
        """Take indicators in order: true or 1 for an error, false or 0 for none.

        Raises:
            HealthAlarm: the rate is exceeded, now or before.
            ParameterError: not one row of indicators.
        """
        if self.alarms:
            raise HealthAlarm(self._sentence(self.alarms[0]))
        array = np.asarray(errors)
        if array.ndim != 1 or (array.size and not np.isin(array, (0, 1)).all()):
            raise ParameterError("error indicators are one row of 0 and 1")
        flat = np.ascontiguousarray(array, np.uint8)
        before = self.seen
        at = lib.qrng_rate_scan(self._state, ffi.from_buffer("uint8_t[]", flat), len(flat), 2.0**self.run_length_log2)
        if at < len(flat):
            alarm = Alarm(self.name, before + int(at), None, int(lib.qrng_rate_onset(self._state)), self.evidence)
            self.alarms.append(alarm)
            raise HealthAlarm(self._sentence(alarm))

    def _sentence(self, alarm: Alarm) -> str:
        return (
            f"the claimed error rate of {self.rate:g} is exceeded: evidence 2^{alarm.log2_evidence:.1f} at indicator "
            f"{alarm.at_sample}, begun about {alarm.onset_estimate}. Nothing measured since can be trusted"
        )
