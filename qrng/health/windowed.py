"""What the two tests of scores share: symbols gathered into blocks, and several bets on each block.

    M_k ← e_k (M_k + block),        M = mean of M_k over the bets k

with payoffs e_k of mean at most 1 given everything before the block. M has mean at most the number of symbols
seen, as the value of every e-detector (edetector.py).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng._native import lib, wipe
from qrng.bits import Symbols
from qrng.errors import ParameterError
from qrng.health.base import Piece, Setting
from qrng.health.edetector import EDetector

__all__ = ["KAPPAS", "Floats", "WindowedTest", "bets"]

Floats = npt.NDArray[np.float64]

KAPPAS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Exponents of the bets κ p^(κ−1) on a p-value: the smallest for scores that nothing healthy reaches."""


def bets(p: npt.ArrayLike) -> Floats:
    """log2 of κ p^(κ−1) for each κ (first axis) and each p-value: of mean at most 1 if p is no smaller than uniform.

    From "Testing exchangeability on-line" (Vovk, Nouretdinov, Gammerman 2003), the power martingale.
    """
    kappa = np.array(KAPPAS).reshape(-1, *np.ones(np.ndim(p), int))
    return np.asarray(np.log2(kappa) + (kappa - 1) * np.log2(p), np.float64)


class WindowedTest(EDetector):
    """Over the whole stream, in blocks of a fixed number of symbols; alarms at the end of one."""

    def __init__(self, setting: Setting, name: str, block: int) -> None:
        """`name` is what alarms are reported under."""
        super().__init__(setting, 0)
        self.name = name
        self._held: npt.NDArray[Any] = np.zeros(block, np.uint8 if setting.bits_per_symbol <= 8 else np.uint32)
        self._fill = self._seen = self._quiet = 0
        self._forget()

    def _forget(self) -> None:
        """Drop all evidence, which no guarantee forbids."""
        self._log2_values = np.full(len(KAPPAS), -math.inf)
        self._log2_total = -math.inf

    @abstractmethod
    def won(self, block: Symbols) -> Floats:
        """log2 of what each of the bets pays on this block, (len(KAPPAS),)."""

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        symbols, at, block = piece.symbols, 0, len(self._held)
        while at < len(symbols):
            part = symbols[at : at + block - self._fill]
            self._held[self._fill : self._fill + len(part)] = part
            self._fill += len(part)
            self._seen += len(part)
            at += len(part)
            if self._fill < block:
                break
            self._fill = 0
            won = self.won(self._held)
            self._log2_values = won + np.logaddexp2(self._log2_values, math.log2(block))
            self._log2_total = float(np.logaddexp2.reduce(self._log2_values)) - math.log2(len(KAPPAS))
            if self._log2_total <= math.log2(16 * block):
                self._quiet = self._seen
            if self._log2_total >= math.log2(threshold):
                return at - 1
        return len(symbols)

    def leader(self) -> Any:
        """See EDetector."""
        return SimpleNamespace(total=2.0 ** min(self._log2_total, 1000.0), quiet=self._quiet)

    def detail(self, found: Any) -> str:
        """See EDetector."""
        return f"windows that {self.name} finds strange"

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector: there is no state in C."""
        return int(lib.QRNG_EINVAL)

    @abstractmethod
    def identity(self) -> bytes:
        """SHA-256 of what the model said before the stream: a state goes on with the same one alone."""

    def kept(self) -> bytes:
        """What a subclass has to save."""
        return b""

    def take_up(self, kept: bytes) -> None:
        """Take up what `kept` gave; ValueError, and nothing changed, if it is none of this test's."""
        if kept:
            raise ValueError("bytes are left")

    def save(self) -> bytes:
        """See HealthTest: first index, identity, counts, values, the block so far, what a subclass keeps."""
        counts = np.array([self._fill, self._seen, self._quiet], "<i8")
        values = np.array([*self._log2_values, self._log2_total], "<f8")
        parts = (counts.tobytes(), values.tobytes(), self._held.tobytes(), self.kept())
        return b"".join((self.save_first(), self.identity(), *parts))

    def restore(self, data: bytes) -> None:
        """See HealthTest."""
        cuts = np.cumsum([9, 32, 3 * 8, 8 * (len(KAPPAS) + 1), self._held.nbytes]).tolist()
        _, identity, counted, valued, held = (data[a:b] for a, b in zip([0, *cuts], cuts, strict=False))
        if len(data) < cuts[-1] or identity != self.identity():
            raise ParameterError(f"not a state of health test {self.name} with this model")
        fill, seen, quiet = np.frombuffer(counted, "<i8").tolist()
        values = np.frombuffer(valued, "<f8")
        if not (0 <= fill < len(self._held) and fill <= seen and 0 <= quiet <= seen and (values < math.inf).all()):
            raise ParameterError(f"not a state of health test {self.name}")
        try:
            self.take_up(data[cuts[-1] :])
        except ValueError as error:
            raise ParameterError(f"not a state of health test {self.name}: {error}") from None
        self.restore_first(data)
        self._fill, self._seen, self._quiet = fill, seen, quiet
        self._log2_values, self._log2_total = values[:-1].copy(), float(values[-1])
        self._held[:] = np.frombuffer(held, self._held.dtype)

    def wipe(self) -> None:
        """See HealthTest."""
        wipe(self._held)
