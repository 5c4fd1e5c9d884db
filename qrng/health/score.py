"""A score of windows as a health test: conformal p-values, and bets on them.

A plug-in::

    class Mine:
        window = 1024                                  # symbols scored at a time
        def score(self, window):                       # an array of so many symbols
            return abs(window.mean() - 0.5)            # the greater, the stranger

    def tests(setting):                                # an entry point of the group qrng.health
        return [ScoreTest(setting, "mine", Mine(), Calibration.of(Mine(), healthy_windows))]

The p-value of a window is its rank among the windows seen before it, those of the calibration first:

    p = (1 + windows before it with a score at least as great) / (1 + windows before it)

If all these windows are exchangeable, the ranks are independent and p is no smaller than uniform, given every
p-value before (Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005, chapters 2 and 7), so
that κ p^(κ−1) has a mean of at most 1 and M is an e-detector.

THE ASSUMPTION: calibration windows and windows of the stream are exchangeable as long as the source is healthy.
That says more than the claim of min-entropy, under which a source may drift as it likes; a healthy source that
drifts raises false alarms here, beyond the bound. Hence no such test is in the default, and the verdict names
the assumption. Two ways out: `Calibration.fair` where the claim is the full width of a symbol, so that the only
source inside it is the fair one; and window_table.py for short windows at any claim.

Nothing is asked of the score but that it is one function of the window. A window that it can't score (NaN, no
number, an exception, too late) counts as the most ordinary one when it is bet on and as the strangest one when
others are compared with it, which can only lower what is won. With every window one of calibration is scored
again: a model whose answer has changed is not such a function, loses all evidence and is asked no more.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from qrng.bits import Symbols
from qrng.errors import ParameterError
from qrng.health.base import Setting
from qrng.health.plugin import Patience
from qrng.health.windowed import KAPPAS, Floats, WindowedTest, bets

__all__ = ["EXCHANGEABLE", "LEAST_WINDOWS", "WINDOW", "Calibration", "ScoreModel", "ScoreTest", "number"]

EXCHANGEABLE = "exchangeable windows"
"""What a conformal test assumes, as reports name it."""

WINDOW = 1 << 16
"""Symbols of a window, at most."""
LEAST_WINDOWS = 20
"""Windows of a calibration, at least: with fewer a single window can't say anything."""
_PROBES = 64
"""Windows of a calibration that are kept to be scored again, at most."""
_MOST = 1 << 18
"""Scores kept, at most; then a new detector begins, with the calibration's alone (T/A is kept by summing)."""


class ScoreModel(Protocol):
    """What says how strange a window is."""

    window: int

    def score(self, window: Symbols) -> float:
        """The greater, the stranger; always the same for the same window."""


def number(model: ScoreModel, window: Symbols) -> float | None:
    """What the model says of a window; None if it is no finite number."""
    value = float(model.score(window))
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Calibration:
    """What a model says of healthy windows.

    Attributes:
        scores: ascending; of a window without a usable score, infinity.
        probes: a few windows to score again, one a row, and `answers`, what the model said of them.
        assumes: what has to hold for the guarantee: EXCHANGEABLE, or "claim".
    """

    scores: tuple[float, ...]
    probes: npt.NDArray[Any]
    answers: tuple[float | None, ...]
    assumes: str = EXCHANGEABLE

    @classmethod
    def of(
        cls, model: ScoreModel, windows: npt.NDArray[Any], assumes: str = EXCHANGEABLE, repeatable: bool = True
    ) -> Calibration:
        """Score healthy windows, one a row: they were not used to fit the model, and the source is that to be watched.

        A model that measures (on a quantum device) is not `repeatable`: it says something else each time, so that
        nothing can be asked again, and that the device stays the same is one more thing that is assumed.

        Raises:
            ParameterError: fewer than LEAST_WINDOWS windows, or not of the model's length.
        """
        if windows.ndim != 2 or len(windows) < LEAST_WINDOWS or windows.shape[1] != model.window:
            raise ParameterError(
                f"a calibration takes {LEAST_WINDOWS} windows or more of {model.window} symbols, not {windows.shape}"
            )
        patience = Patience()
        answers = [None if patience.lost else patience.ask(lambda w: number(model, w), row) for row in windows]
        scores = tuple(sorted(math.inf if answer is None else answer for answer in answers))
        kept = answers[:_PROBES] if repeatable else [None] * len(answers[:_PROBES])
        return cls(scores, windows[:_PROBES].copy(), tuple(kept), assumes)

    @classmethod
    def fair(cls, model: ScoreModel, setting: Setting, windows: int = 1000, seed: int = 20261121) -> Calibration:
        """Scores of windows of fair symbols from a seeded generator, for a claim of the full width of a symbol.

        The fair source is then the only one inside the claim, its windows are exchangeable with these, and the
        claim is all that is assumed.

        Raises:
            ParameterError: the claim is lower, so that fair windows say nothing of a source inside it.
        """
        if setting.claim_bits != setting.bits_per_symbol:
            raise ParameterError(
                f"fair windows calibrate for a claim of {setting.bits_per_symbol} bits a symbol, not "
                f"{float(setting.claim_bits):g}: calibrate on windows of the healthy source"
            )
        kind = np.uint8 if setting.bits_per_symbol <= 8 else np.uint32
        shape, top = (windows, model.window), 2**setting.bits_per_symbol
        return cls.of(model, np.random.default_rng(seed).integers(0, top, shape, kind), "claim")


class ScoreTest(WindowedTest):
    """Over the whole stream, a window at a time.

    Attributes:
        patience: counts the windows that the model gave no usable score for.
        changed: whether the model was caught changing its mind.
    """

    def __init__(
        self, setting: Setting, name: str, model: ScoreModel, calibration: Calibration, sha256: str | None = None
    ) -> None:
        """`name` is what alarms are reported under, `sha256` that of the model's file, if it has one.

        Raises:
            ParameterError: a window or a calibration out of range.
        """
        window = model.window
        if not 1 <= window <= WINDOW:
            raise ParameterError(f"a score is of windows of 1 to {WINDOW} symbols, not {window}")
        if len(calibration.scores) >= _MOST:
            raise ParameterError(f"a calibration is of fewer than {_MOST} windows, not {len(calibration.scores)}")
        super().__init__(setting, name, window)
        self.assumes = calibration.assumes
        self.patience = Patience()
        self.changed = False
        self._model = model
        self._calibration = calibration
        self._sha256 = sha256
        self._windows = 0
        self._scores = list(calibration.scores)

    def won(self, block: Symbols) -> Floats:
        """See WindowedTest: nothing once the model was given up."""
        if self.changed or self.patience.lost:
            return np.zeros(len(KAPPAS))
        if len(self._scores) >= _MOST:
            self._scores = list(self._calibration.scores)
            self._forget()
        score = self.patience.ask(self._score, block)
        if self.changed:
            self._forget()
            return np.zeros(len(KAPPAS))
        self._windows += 1
        before = len(self._scores)
        as_strange = before if score is None else before - bisect.bisect_left(self._scores, score)
        bisect.insort(self._scores, math.inf if score is None else score)
        return bets((1 + as_strange) / (1 + before))

    def _score(self, window: Symbols) -> float | None:
        """The score of a window, if the model still says of one of its calibration what it said then."""
        probe = self._windows % len(self._calibration.probes)
        then = self._calibration.answers[probe]
        if then is not None:
            now = number(self._model, self._calibration.probes[probe].copy())
            if now is None:
                return None
            if not math.isclose(now, then, rel_tol=1e-6, abs_tol=1e-12):
                self.changed = True
                return None
        return number(self._model, window)

    def identity(self) -> bytes:
        """See WindowedTest."""
        told = self._calibration
        answers = [math.nan if answer is None else answer for answer in told.answers]
        digest = hashlib.sha256(f"{len(self._held)} {told.assumes}".encode())
        for part in (np.array(told.scores, "<f8"), np.array(answers, "<f8"), np.ascontiguousarray(told.probes)):
            digest.update(hashlib.sha256(part.tobytes()).digest())
        return digest.digest()

    def kept(self) -> bytes:
        """See WindowedTest: counts, then the scores of the calibration and of the stream."""
        counts = np.array([self._windows, self.changed, *self.patience.counts], "<i8")
        return counts.tobytes() + np.array(self._scores, "<f8").tobytes()

    def take_up(self, kept: bytes) -> None:
        """See WindowedTest."""
        counts, scores = np.frombuffer(kept[:32], "<i8").tolist(), np.frombuffer(kept[32:], "<f8")
        if len(counts) != 4 or min(counts) < 0 or not len(self._calibration.scores) <= len(scores) <= _MOST:
            raise ValueError("counts or scores are missing")
        if np.isnan(scores).any() or (scores[1:] < scores[:-1]).any():
            raise ValueError("its scores are not in order")
        self._windows, changed, unusable, in_a_row = counts
        self.changed, self.patience, self._scores = bool(changed), Patience(unusable, in_a_row), scores.tolist()

    def wipe(self) -> None:
        """See HealthTest."""
        super().wipe()
        self._scores.clear()
        self.changed = True  # nothing is left to compare with

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return super().describe() | {
            "window": len(self._held),
            "calibration_windows": len(self._calibration.scores),
            "asked": not (self.changed or self.patience.lost),
            **({"sha256": self._sha256} if self._sha256 else {}),
        }
