"""A live entropy estimate of a stream: most common value, collision and Markov statistics with bounds that hold at
every time, however often they are looked at.

The bounds of SP 800-90B hold for one fixed number of samples; a display that is read all day needs more. Two are kept:

- since the start: p of a count x in n is excluded once B(½+x, ½+n−x) / B(½, ½) ≥ p^x (1−p)^(n−x) / δ, the Beta mixture
  of Robbins (1970), which all n satisfy at once with probability 1 − δ (Howard, Ramdas, McAuliffe, Sekhon 2021);
- of each window: Clopper and Pearson's bound at δ_j = 6δ/(π²j²) for window j, which all windows satisfy at once. How
  many collisions or transitions out of a state a window holds is itself random: for these the mixture serves there too.

Both assume one law within what they count. A drift shows in the windows; the bound since the start averages over it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng._native import ffi, lib, readable
from qrng.entropy.sp800_90b.sequence import histogram
from qrng.errors import ParameterError
from qrng.samples import Samples

__all__ = ["LiveBound", "LiveEstimate", "mixture_upper", "window_upper"]

STEPS = 128  # of the Markov estimate, SP 800-90B section 6.3.3

Upper = Callable[[int, int, float], float]
"""(x, n, δ) to an upper bound of the probability that was seen x times in n."""


def mixture_upper(x: int, n: int, delta: float) -> float:
    """Largest p that the Beta mixture does not exclude at error δ, after x of n: valid at all n at once."""
    if n == 0 or x == n:
        return 1.0
    mixture = math.lgamma(x + 0.5) + math.lgamma(n - x + 0.5) - math.lgamma(n + 1) - math.log(math.pi)
    least = mixture + math.log(delta)  # p is kept while its log likelihood is above this
    low, high = x / n, 1.0
    while True:
        p = (low + high) / 2
        if not low < p < high:
            return high
        if (x * math.log(p) if x else 0.0) + (n - x) * math.log1p(-p) > least:
            low = p
        else:
            high = p


def window_upper(x: int, n: int, delta: float) -> float:
    """Clopper and Pearson's upper bound at error δ, after x of n: for one n that was fixed beforehand."""
    from scipy.special import betaincinv

    return 1.0 if n == 0 or x == n else float(betaincinv(x + 1, n - x, 1.0 - delta))


@dataclass(frozen=True)
class LiveBound:
    """Lower bounds of the min-entropy, bits a symbol, that hold together with the error they were asked for.

    Attributes:
        samples: symbols counted.
        most_common_value: from the counts of each symbol.
        collision, markov: from bits alone; None for wider symbols.
        min_entropy: the smallest of them.
    """

    samples: int
    most_common_value: float
    collision: float | None
    markov: float | None

    @property
    def min_entropy(self) -> float:
        """The smallest bound."""
        return min(h for h in (self.most_common_value, self.collision, self.markov) if h is not None)


@dataclass
class _Counts:
    """What is counted; windows add up."""

    symbols: npt.NDArray[np.uint64]
    transitions: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(4, np.uint64))
    collisions: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(2, np.uint64))

    def add(self, other: _Counts) -> None:
        self.symbols += other.symbols
        self.transitions += other.transitions
        self.collisions += other.collisions


class LiveEstimate:
    """Bounds on the min-entropy of a stream, for as long as it runs.

    Args:
        bits_per_symbol: width of a symbol, 1 to 8 bits.
        window: symbols in a window.
        alpha: error of the bounds since the start, and of those of all windows together: each family is wrong
            somewhere, ever, with at most this probability if the source follows one law within what is counted.

    Raises:
        ParameterError: a width, window or error out of range.
    """

    def __init__(self, bits_per_symbol: int = 1, window: int = 1 << 16, alpha: float = 0.01) -> None:
        if not 1 <= bits_per_symbol <= 8:
            raise ParameterError(f"live estimates take symbols of 1 to 8 bits, not {bits_per_symbol}")
        if window < 2:
            raise ParameterError(f"a window of {window} symbols is too short")
        if not 0.0 < alpha < 1.0:
            raise ParameterError(f"an error of {alpha} is outside (0, 1)")
        self.bits_per_symbol = bits_per_symbol
        self.window = window
        self.alpha = alpha
        self.windows = 0
        self._total = _Counts(np.zeros(1 << bits_per_symbol, np.uint64))
        self._pending = np.empty(window, np.uint8)
        self._held = 0
        self._last: LiveBound | None = None

    @property
    def since_start(self) -> LiveBound | None:
        """Bound from all whole windows so far; None before the first."""
        if not self.windows:
            return None
        return self._bound(self._total, self.windows * self.window, mixture_upper, self.alpha)

    @property
    def last_window(self) -> LiveBound | None:
        """Bound from the last whole window alone; None before the first."""
        return self._last

    def update(self, samples: Samples) -> list[LiveBound]:
        """Count samples; returns the bound of every window that they complete, in order.

        Raises:
            ParameterError: samples of another width.
        """
        if samples.bits_per_symbol != self.bits_per_symbol:
            raise ParameterError(
                f"samples of {samples.bits_per_symbol} bits a symbol in an estimate for {self.bits_per_symbol}"
            )
        symbols, taken, done = samples.symbols(), 0, []
        while taken < symbols.size:
            part = symbols[taken : taken + self.window - self._held]
            self._pending[self._held : self._held + part.size] = part
            self._held += part.size
            taken += part.size
            if self._held == self.window:
                done.append(self._finish())
        return done

    def _finish(self) -> LiveBound:
        counts = _Counts(histogram(self._pending)[: 1 << self.bits_per_symbol])
        if self.bits_per_symbol == 1:
            packed = bits.pack(self._pending)
            lib.qrng_entropy_transitions(_u64(counts.transitions), readable(packed), self.window)
            table = _u64(counts.collisions)
            lib.qrng_entropy_collisions(table, table + 1, readable(packed), self.window)
        self._held = 0
        self.windows += 1
        self._total.add(counts)
        share = 6.0 * self.alpha / (math.pi * self.windows) ** 2
        self._last = self._bound(counts, self.window, window_upper, share)
        return self._last

    def _bound(self, counts: _Counts, n: int, upper: Upper, alpha: float) -> LiveBound:
        """The error is split evenly over the three statistics, and within each over what it counts."""
        binary = self.bits_per_symbol == 1
        each = alpha / 3 if binary else alpha
        p = upper(int(counts.symbols.max()), n, each / counts.symbols.size)
        return LiveBound(
            n,
            max(0.0, -math.log2(p)),
            _collision(counts.collisions, each) if binary else None,
            _markov(counts, n, upper, each) if binary else None,
        )


def _u64(array: npt.NDArray[np.uint64]) -> Any:
    return ffi.from_buffer("uint64_t[]", array)


def _collision(collisions: npt.NDArray[np.uint64], delta: float) -> float:
    """6.3.2 with a bound on the share of collisions after two bits: it is p² + (1−p)², at least 1/2."""
    twos, threes = (int(n) for n in collisions)
    share = mixture_upper(twos, twos + threes, delta)
    p = 0.5 + math.sqrt(max(0.0, 2.0 * share - 1.0)) / 2.0
    return max(0.0, -math.log2(p))


def _markov(counts: _Counts, n: int, upper: Upper, delta: float) -> float:
    """6.3.3 with every probability at its upper bound: the likeliest path of 128 bits, by dynamic programming."""
    c = [int(k) for k in counts.transitions]
    ones = int(counts.symbols[1])
    each = delta / 6
    best = [math.log2(upper(n - ones, n, each)), math.log2(upper(ones, n, each))]
    step = [math.log2(mixture_upper(c[2 * a + b], c[2 * a] + c[2 * a + 1], each)) for a in (0, 1) for b in (0, 1)]
    for _ in range(STEPS - 1):
        best = [max(best[0] + step[b], best[1] + step[2 + b]) for b in (0, 1)]
    return min(1.0, max(0.0, -max(best) / STEPS))
