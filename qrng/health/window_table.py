"""A score of short windows as a health test inside the claim: no calibration, no exchangeability.

A window of w bits has 2^w values, so a model can be asked for all of them once, before any bit is seen. Let p(x) be
the share of the values with a score at least as great as that of x, and f(x) = κ p(x)^(κ−1). The most that a source
with P(bit | past) ≤ g = 2⁻ᴴ can make of f on average, whatever it does, follows by going back from the last bit:

    V(x₁…x_w) = f(x₁…x_w),      V(x₁…x_t) = g max(V(x₁…x_t 0), V(x₁…x_t 1)) + (1 − g) min(V(x₁…x_t 0), V(x₁…x_t 1))

since the source that maximises V puts the most that it may, g, on the better bit. f / V() then has a mean of at most 1
for every source inside the claim, and the test an average run length of A by the theorem of the bank. The bound is
reached, so no greater multiple of f will do. The model's part ends before the stream begins: it can't be hostile
later. What it may learn is what a window of 16 bits shows: no lag beyond, and nothing that moves.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

from qrng.bits import Symbols
from qrng.errors import ParameterError
from qrng.health.bank import guess
from qrng.health.base import Setting
from qrng.health.plugin import Patience
from qrng.health.score import ScoreModel, number
from qrng.health.windowed import Floats, WindowedTest, bets

__all__ = ["MOST_BITS", "WindowTableTest", "most_on_average"]

MOST_BITS = 16
"""Bits of a window, at most."""
_BLOCK = 256
"""Bits between two ends of a block, about: bets begin and alarms come at its end."""


def most_on_average(values: Floats, g: float) -> Floats:
    """The greatest mean of `values` (…, 2^w), indexed by the window's bits, over sources with P(bit | past) ≤ g."""
    while values.shape[-1] > 1:
        pairs = values.reshape(*values.shape[:-1], -1, 2)
        values = g * pairs.max(axis=-1) + (1 - g) * pairs.min(axis=-1)
    return values[..., 0]


class WindowTableTest(WindowedTest):
    """Over the whole stream of one-bit symbols, window after window, bet on in blocks of about 256 bits.

    Attributes:
        patience: counts the values that the model gave no usable score for; they count as the most ordinary.
    """

    def __init__(self, setting: Setting, name: str, model: ScoreModel) -> None:
        """Ask the model for all windows; ParameterError for wider symbols or windows outside 1 to MOST_BITS bits."""
        width = model.window
        if setting.bits_per_symbol != 1 or not 1 <= width <= MOST_BITS:
            raise ParameterError(f"a table of scores is of windows of 1 to {MOST_BITS} one-bit symbols")
        super().__init__(setting, name, width * (_BLOCK // width))
        self.patience = Patience()
        self._place = 2 ** np.arange(width)[::-1]
        scores = np.full(2**width, -math.inf)
        for value in range(2**width):
            if self.patience.lost:
                break
            window = (value // self._place % 2).astype(np.uint8)
            score = self.patience.ask(lambda shown: number(model, shown), window)
            scores[value] = -math.inf if score is None else score
        as_strange = len(scores) - np.searchsorted(np.sort(scores), scores)
        pays = bets(as_strange / len(scores))
        g = guess(setting)
        self._pays = pays - np.log2(most_on_average(2.0**pays, g))[:, None]

    def won(self, block: Symbols) -> Floats:
        """See WindowedTest."""
        values = block.reshape(-1, len(self._place)) @ self._place
        return np.asarray(self._pays[:, values].sum(axis=1), np.float64)

    def identity(self) -> bytes:
        """See WindowedTest."""
        return hashlib.sha256(self._pays.tobytes()).digest()

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return super().describe() | {"window": len(self._place)}
