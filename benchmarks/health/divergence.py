"""How far a degraded source lies from one that meets a claim of one bit, where no single probability says it.

Only the fair source meets that claim, so the divergence is 1 - entropy rate, in bits a bit: the mean over all pasts of
the divergence `kl` of what the next bit is likely to be. For a chain of states that the bits show, that is a sum over
the states. Where the state is hidden, the forward algorithm (Baum, Petrie 1966) gives the next bit's probability, and
the mean is taken over simulated bits: the mean of `kl`, which varies little, not of the bits' own likelihood. A phase
is followed on a circle of 128 places.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
PLACES = 128


def kl(p: npt.ArrayLike, g: float = 0.5) -> float:
    """Mean divergence of bits of probability p from those of probability g, in bits."""
    q = np.clip(np.asarray(p, np.float64), 1e-15, 1 - 1e-15)
    return float(np.mean(q * np.log2(q / g) + (1 - q) * np.log2((1 - q) / (1 - g))))


def two_states(after_zero: float, after_one: float) -> float:
    """Bits of which each is a one with a probability that the last one sets."""
    ones = after_zero / (1 - after_one + after_zero)
    return (1 - ones) * kl(after_zero) + ones * kl(after_one)


def after_runs(length: int, p: float) -> float:
    """Fair bits, but behind `length` equal ones the other comes with probability p."""
    shares = 0.5 ** np.arange(length)  # of runs so far 1, 2, ... long; the last goes on growing
    shares[-1] = shares[-1] / p  # reached with the probability of the one before it, half, and left with p
    return float(shares[-1] / shares.sum()) * kl(p)


def common_lean(size: float, lanes: int) -> float:
    """All lanes of a shot lean by `size`, one way or the other: a mixture of two, counted by the ones of a shot."""
    p, q = 0.5 + size, 0.5 - size
    found = 0.0
    for ones in range(lanes + 1):
        shot = (p**ones * q ** (lanes - ones) + q**ones * p ** (lanes - ones)) / 2
        found += comb(lanes, ones) * shot * np.log2(shot * 2.0**lanes)
    return float(found) / lanes


def hidden(
    bits: Bits, ones: Callable[[int], Floats], move: Callable[[Floats], Floats], start: Floats, skipped: int
) -> float:
    """Mean divergence of the next bit over rows of bits, less the first `skipped`, that a hidden state made.

    `ones(t)` is the probability of a one at time t for each state; `move` takes the states' probabilities, a row for
    each row of bits, a step on; `start` has those at time 0.
    """
    belief = np.tile(start, (len(bits), 1))
    total, count = 0.0, 0
    for t, column in enumerate(bits.T):
        likely = ones(t)
        p = belief @ likely
        if t >= skipped:
            total += kl(p)
            count += 1
        belief *= np.where(column[:, None] == 1, likely, 1 - likely)
        belief = move(belief / belief.sum(axis=1, keepdims=True))
    return total / count


def wandering_phase(bits: Bits, amplitude: float, period: float, step: float) -> float:
    """A sine of this amplitude about 1/2 whose phase takes a Gaussian step a bit; where it begins is not known."""
    places = np.arange(PLACES) * (2 * np.pi / PLACES)
    apart = np.minimum(places, 2 * np.pi - places)
    kernel = np.exp(-((apart / step) ** 2) / 2)
    spread = np.fft.rfft(kernel / kernel.sum())
    return hidden(
        bits,
        lambda t: 0.5 + amplitude * np.sin(2 * np.pi * t / period + places),
        lambda belief: np.maximum(np.fft.irfft(np.fft.rfft(belief) * spread, PLACES), 0),
        np.full(PLACES, 1 / PLACES),
        2 * int(period),
    )


def stretches(bits: Bits, p: float, length: int, every: int) -> float:
    """Stretches of ones with probability p, `length` bits from each start; a start comes with 1/every at each bit.

    The benchmark's has as many starts as that gives on average, at random places of the run, which is the same but for
    their number's spread.
    """
    likely = np.where(np.arange(length + 1) > 0, p, 0.5)  # state: bits left of a stretch
    rate = 1 / every

    def move(belief: Floats) -> Floats:
        out = np.empty_like(belief)
        out[:, :-1] = (1 - rate) * belief[:, 1:]
        out[:, 0] += (1 - rate) * belief[:, 0]
        out[:, -1] = rate
        return out

    start = np.zeros(length + 1)
    start[0], start[-1] = 1 - rate, rate
    return hidden(bits, lambda t: likely, move, start, 2 * length)
