"""What every health test is given, keeps and answers. One test, one file; registry.py lists them.

A test watches the symbols of one stream in order, however they are cut into chunks, and says with which
symbol it alarms. It decides nothing else: states.py turns alarms into states, gate.py into wiped buffers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng._native import lib
from qrng.bits import MAX_WIDTH, Bytes, Symbols
from qrng.errors import ParameterError
from qrng.health.cutoffs import ALPHA_LOG2, exact
from qrng.samples import Samples

__all__ = ["RUN_LENGTH_LOG2", "Alarm", "HealthTest", "Piece", "Setting"]

RUN_LENGTH_LOG2 = 64
"""Default log2 of the threshold A of all e-detectors together: a false alarm within T symbols has probability ≤ T/A."""


@dataclass(frozen=True)
class Setting:
    """What is claimed of the stream; frozen, because a restart uses the same parameters.

    Attributes:
        bits_per_symbol: width of a symbol in bits, 1 to 32.
        lanes: interleaved streams; the symbol with index i belongs to lane i mod lanes.
        claim_bits: claimed min-entropy of a symbol in bits, above 0 and at most `bits_per_symbol`.
        alpha_log2: log2 of the false-alarm probability of one test at one symbol (RCT) or window (APT).
        run_length_log2: log2 of A, the least symbols that a false alarm of the e-detectors takes on average,
            but for the factor 2 that separate thresholds cost.
        side_data: names of what is recorded beside each bit and watched with it (qrng/health/side.py).
        every_bit: whether context.py and coupling.py watch every bit instead of 4096 in 2^21.
    """

    bits_per_symbol: int
    lanes: int
    claim_bits: Fraction
    alpha_log2: int = ALPHA_LOG2
    run_length_log2: int = RUN_LENGTH_LOG2
    side_data: tuple[str, ...] = ()
    every_bit: bool = False

    @classmethod
    def of(
        cls,
        bits_per_symbol: int,
        lanes: int,
        claim_bits: float | Fraction,
        alpha_log2: int = ALPHA_LOG2,
        run_length_log2: int = RUN_LENGTH_LOG2,
        side_data: tuple[str, ...] = (),
        every_bit: bool = False,
    ) -> Setting:
        """Check the parts and read the claim as an exact number; ParameterError says what is wrong."""
        if not 1 <= bits_per_symbol <= MAX_WIDTH:
            raise ParameterError(f"symbol width {bits_per_symbol} is outside 1 to {MAX_WIDTH} bits")
        if not 1 <= lanes < 1 << 32:
            raise ParameterError(f"lanes must be 1 to 2^32 − 1, not {lanes}")
        claim = exact(claim_bits)
        if claim > bits_per_symbol:
            raise ParameterError(
                f"a symbol of {bits_per_symbol} bits can't carry {float(claim):g} bits of min-entropy; "
                "claim bits per symbol, at most the width"
            )
        if not -1024 <= alpha_log2 <= -1:
            raise ParameterError(f"log2 of alpha is {alpha_log2}; it lies from -1024 to -1")
        if not 10 <= run_length_log2 <= 256:
            raise ParameterError(f"log2 of the average run length is {run_length_log2}; it lies from 10 to 256")
        if every_bit and (bits_per_symbol > 1 or lanes > lib.QRNG_HEALTH_MAX_LANES):
            raise ParameterError(
                "every bit can be watched by the mixing of contexts and the coupling of lanes, which are for one-bit "
                f"symbols in at most {lib.QRNG_HEALTH_MAX_LANES} lanes, not for symbols of {bits_per_symbol} bits in "
                f"{lanes}: leave that out"
            )
        return cls(bits_per_symbol, lanes, claim, alpha_log2, run_length_log2, side_data, every_bit)


class Piece:
    """Symbols in the two forms that tests read: one an array element, and packed.

    Attributes:
        symbols: uint8 array for widths to 8, else uint32; ours, wiped after the tests.
        packed: buffer that holds them packed, most significant bit first.
        bit: index in `packed` of their first bit.
        side: float64 array, a row a symbol, of the side data asked for; no columns if none were.
    """

    __slots__ = ("bit", "packed", "side", "symbols")

    def __init__(
        self, samples: Samples, start: int = 0, stop: int | None = None, side: npt.NDArray[np.float64] | None = None
    ) -> None:
        """Symbols `start` to `stop` of `samples`, with their rows of side data if the tests want any."""
        self.side = np.empty((0, 0)) if side is None else side
        self.symbols: Symbols = samples.symbols(start, stop)
        self.packed: Bytes = samples.packed
        self.bit = start * samples.bits_per_symbol

    def __len__(self) -> int:
        return len(self.symbols)


@dataclass(frozen=True)
class Alarm:
    """One alarm, as reports and `Gate.alarms` show it.

    Attributes:
        test: name of the test.
        at_sample: index in the whole stream of the symbol that raised it.
        lane: lane that the test watched, None for the whole stream.
        onset_estimate: index in the whole stream where the trouble is thought to have begun.
        log2_evidence: log2 of the evidence against the claim, where the test measures it.
        detail: what the test found, in words, where it knows more than its name.
    """

    test: str
    at_sample: int
    lane: int | None
    onset_estimate: int
    log2_evidence: float | None = None
    detail: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, keys as in the contract of `qrng health`."""
        return asdict(self)


class HealthTest(ABC):
    """One continuous test with its state. Not thread-safe.

    Attributes:
        name: the field's short name, as alarms carry it.
        assumes: what its bound on false alarms rests on: the claim, or more than that.
    """

    name: str
    assumes: str = "claim"

    @abstractmethod
    def update(self, piece: Piece, first: int) -> int | None:
        """Take symbols in stream order, the first with stream index `first`, and stop at the first alarm.

        Returns:
            index into the piece of the symbol that raises the alarm, the state then including it; None if
            none does.
        """

    def evidence(self) -> float | None:
        """log2 of the evidence held now, comparable to `run_length_log2`; None if the test measures none."""
        return None

    @abstractmethod
    def alarm(self, at_sample: int) -> Alarm:
        """The record of the alarm that `update` has just found at stream index `at_sample`."""

    @abstractmethod
    def reach(self) -> int:
        """Symbols after an alarm that `is_permanent` looks at, at most."""

    @abstractmethod
    def is_permanent(self, following: Symbols, at_sample: int) -> bool:
        """Whether what alarmed at `at_sample` goes on within `following` to the cutoff of α²."""

    @abstractmethod
    def false_alarm_bound(self, samples: int, runs: int) -> float:
        """Bound on the probability of any alarm of this test in `samples` symbols, if the claim holds.

        `runs` is 1 + restarts: each begins new windows.
        """

    def save(self) -> bytes:
        """The state, for `restore`; it may hold the last raw bits. ParameterError if this test can't be resumed."""
        raise ParameterError(f"health test {self.name} keeps no state that can be saved")

    def restore(self, data: bytes) -> None:
        """Take up a saved state in a test made with the same setting; ParameterError if it is none of this test's."""
        raise ParameterError(f"health test {self.name} takes no saved state")

    def wipe(self) -> None:  # noqa: B027 - most tests keep no raw bits
        """Overwrite raw bits that the state holds; the test is not used afterwards."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """JSON-ready name, cutoffs and window."""
