"""A predictor in Python as a health test: it says what it believes, the core says what that pays.

A plug-in::

    class Mine:
        block = 256                                    # symbols foretold at a time
        def predict(self, history):                    # the symbols so far, the last 4096 at most
            return [0.5, 0.5]                          # probability of each symbol value, for the next block

    def tests(setting):                                # an entry point of the group qrng.health
        return [PredictorTest(setting, "mine", Mine())]

A belief that is no distribution (NaN, negative, a sum that isn't 1, another length), or a predictor that
raises or takes more than a second, stakes nothing on that block, and after eight such blocks in a row it is
no longer asked. So a bad or hostile predictor costs its share of the false alarms, and its time, and nothing
else: payoffs are qrng_payoff's, of mean at most 1 against every source inside the claim, and are fixed before
the block is seen.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from qrng._native import ffi, lib, wipe
from qrng.bits import Symbols
from qrng.errors import ParameterError
from qrng.health.bank import guess
from qrng.health.base import Piece, Setting
from qrng.health.edetector import EDetector
from qrng.health.plugin import Patience

__all__ = ["Predictor", "PredictorTest"]

HISTORY = 4096
"""Symbols of the past that a predictor is shown, at most."""


class Predictor(Protocol):
    """What foretells the symbols of the next block."""

    block: int

    def predict(self, history: Symbols) -> npt.ArrayLike:
        """Probability of each of the 2^width values, for every symbol of the next block."""


class PredictorTest(EDetector):
    """Over the whole stream of symbols of 1 to 8 bits.

    Attributes:
        patience: counts the blocks for which the predictor gave nothing that could be staked.
    """

    def __init__(self, setting: Setting, name: str, predictor: Predictor) -> None:
        """`name` is what alarms are reported under; ParameterError for wider symbols or a block outside 1 to 4096."""
        super().__init__(setting, 0)
        block = predictor.block
        if setting.bits_per_symbol > 8 or not 1 <= block <= HISTORY:
            raise ParameterError("a predictor foretells blocks of 1 to 4096 symbols of at most 8 bits")
        self.name = name
        self.patience = Patience()
        self._predictor = predictor
        self._block = block
        self._values = 2**setting.bits_per_symbol
        self._g = max(guess(setting), 1 / self._values)
        self._past = np.zeros(HISTORY + self._block, np.uint8)  # what was seen, the oldest first, at its end
        self._seen = self._fill = self._quiet = 0
        self._log2_value = -math.inf
        self._log2_payoff = self._stake()

    def _stake(self) -> npt.NDArray[np.float64]:
        """log2 payoff of each value in the next block."""
        payoff = None
        if not self.patience.lost:
            seen = min(self._seen, HISTORY)
            payoff = self.patience.ask(self._payoff, self._past[len(self._past) - seen :])
        with np.errstate(divide="ignore"):
            return np.log2(np.ones(self._values) if payoff is None else payoff)

    def _payoff(self, history: Symbols) -> npt.NDArray[np.float64] | None:
        """What the predictor's belief pays for each value; None if it is no distribution."""
        payoff = np.empty(self._values)
        said: Any = self._predictor.predict(history)
        if len(said) != self._values:
            return None
        belief = np.array(said, np.float64)  # ours: what becomes of its array afterwards changes no stake
        usable = belief.shape == payoff.shape and not lib.qrng_payoff(
            ffi.from_buffer("double[]", payoff), ffi.from_buffer("double[]", belief), self._values, self._g
        )
        return payoff if usable else None

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        symbols, at = piece.symbols, 0
        while at < len(symbols):
            part = symbols[at : at + self._block - self._fill]
            self._past[: -len(part)] = self._past[len(part) :]
            self._past[-len(part) :] = part
            self._fill += len(part)
            self._seen += len(part)
            at += len(part)
            if self._fill < self._block:
                break
            self._fill = 0
            won = float(self._log2_payoff[self._past[-self._block :]].sum())
            self._log2_value = won + float(np.logaddexp2(self._log2_value, math.log2(self._block)))
            if self._log2_value <= math.log2(16 * self._block):
                self._quiet = self._seen
            self._log2_payoff = self._stake()
            if self._log2_value >= math.log2(threshold):
                return at - 1
        return len(symbols)

    def leader(self) -> Any:
        """See EDetector."""
        return SimpleNamespace(total=2.0 ** min(self._log2_value, 1000.0), quiet=self._quiet)

    def detail(self, found: Any) -> str:
        """See EDetector."""
        return f"foretold by {self.name}"

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector: there is no state in C."""
        return int(lib.QRNG_EINVAL)

    def save(self) -> bytes:
        """See HealthTest: first index, counts, evidence, the stake on the block in hand, the past.

        What the predictor itself remembers beyond the history that it is shown is not saved: a new one goes on.
        """
        counts = np.array(
            [self._block, self._values, self._fill, self._seen, self._quiet, *self.patience.counts], "<i8"
        )
        stake = np.array([self._g, self._log2_value, *self._log2_payoff], "<f8")
        return self.save_first() + counts.tobytes() + stake.tobytes() + self._past.tobytes()

    def restore(self, data: bytes) -> None:
        """See HealthTest."""
        stakes, past = 9 + 7 * 8, 9 + 7 * 8 + 8 * (2 + self._values)
        if len(data) != past + self._past.nbytes:
            raise ParameterError(f"{len(data)} bytes are no saved state of health test {self.name}")
        block, values, fill, seen, quiet, *counts = np.frombuffer(data[9:stakes], "<i8").tolist()
        stake = np.frombuffer(data[stakes:past], "<f8")
        g, value, *payoff = stake.tolist()
        if (block, values, g) != (self._block, self._values, self._g) or not 0 <= fill < block or min(*counts, 0) < 0:
            raise ParameterError(f"not a state of health test {self.name} with this predictor and claim")
        if not (fill <= seen and 0 <= quiet <= seen and (stake < math.inf).all()):
            raise ParameterError(f"not a state of health test {self.name}")
        self.restore_first(data)
        self._fill, self._seen, self._quiet, self._log2_value = fill, seen, quiet, value
        self._log2_payoff, self.patience = np.array(payoff), Patience(*counts)
        self._past[:] = np.frombuffer(data[past:], np.uint8)

    def wipe(self) -> None:
        """See HealthTest."""
        wipe(self._past)
