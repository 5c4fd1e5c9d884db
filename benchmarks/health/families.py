"""Degradations of a fair bit source, by family: those the learned bettor was trained on, and those held out.

Every maker returns `runs` rows of `n` bits after onset (None: the fair bits before it come again, and again);
`divergence` is the mean divergence, in bits a symbol, of the degraded source from the nearest one that meets a claim of
one bit (the fair one), or what computes it (divergence.py); `unknown` the bits of it that nobody knows beforehand,
where the divergence is that of a source known to the last bit and they can be counted; `fair` the bits after onset that
are fair to whoever sees the stream, so that nothing can be found in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.health.divergence import Bits, kl, stretches, two_states, wandering_phase

LANES = 20


@dataclass(frozen=True)
class Family:
    """One degradation: a name, whether its family was trained on, how it is made, and what is known of it."""

    name: str
    trained: bool
    make: Callable[[int, int, np.random.Generator], Bits] | None
    divergence: float | Callable[[], float] | None = None
    min_entropy: float | None = None
    lanes: int = 1
    unknown: float = 0.0
    fair: int = 0

    def limit(self, log2: int, unknown: float = 0.0) -> float | None:
        """Lorden's limit of the delay in bits at an average run length of 2^log2, None where there is no rate."""
        if self.divergence is None:
            return None
        rate = self.divergence if isinstance(self.divergence, float) else self.divergence()
        return self.fair + (log2 + unknown) / rate


def draw(p: npt.ArrayLike, runs: int, n: int, rng: np.random.Generator) -> Bits:
    return (rng.random((runs, n), np.float32) < np.asarray(p, np.float32)).astype(np.uint8)


def bias(p: float) -> Callable[[int, int, np.random.Generator], Bits]:
    return lambda runs, n, rng: draw(p, runs, n, rng)


def lag(p: float, *lags: int) -> Callable[[int, int, np.random.Generator], Bits]:
    """Each bit is the parity of the bits at these lags, with probability p."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out = draw(0.5, runs, n + 64, rng).T.copy()
        flip = draw(1 - p, runs, n + 64, rng).T
        for t in range(64, n + 64):
            out[t] = flip[t]
            for k in lags:
                out[t] ^= out[t - k]
        return np.ascontiguousarray(out[64:].T)

    return make


def wave(
    shape: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]], amplitude: float, period: float
) -> Callable[[int, int, np.random.Generator], Bits]:
    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        phase = np.arange(n) / period + rng.random((runs, 1))
        return draw(0.5 + amplitude * shape(2 * np.pi * phase), runs, n, rng)

    return make


def phase_noise(amplitude: float, period: float) -> Callable[[int, int, np.random.Generator], Bits]:
    """A sine whose phase walks at random by a radian in a period."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        steps = rng.normal(0, 1 / np.sqrt(period), (runs, n)).cumsum(axis=1)
        return draw(0.5 + amplitude * np.sin(2 * np.pi * np.arange(n) / period + steps), runs, n, rng)

    return make


def drift(top: float, over: int) -> Callable[[int, int, np.random.Generator], Bits]:
    return lambda runs, n, rng: draw(0.5 + np.minimum(np.arange(n) / over, 1) * top, runs, n, rng)


def afterpulse(p: float) -> Callable[[int, int, np.random.Generator], Bits]:
    """After a one, another one comes with probability p whatever else."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out, again = draw(0.5, runs, n, rng).T.copy(), draw(p, runs, n, rng).T
        for t in range(1, n):
            out[t] |= out[t - 1] & again[t]
        return np.ascontiguousarray(out.T)

    return make


def dead_time(p: float) -> Callable[[int, int, np.random.Generator], Bits]:
    """After a one, a one is lost with probability p."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out, lost = draw(0.5, runs, n, rng).T.copy(), draw(p, runs, n, rng).T
        for t in range(1, n):
            out[t] &= 1 - (out[t - 1] & lost[t])
        return np.ascontiguousarray(out.T)

    return make


def bursts(length: int, every: int) -> Callable[[int, int, np.random.Generator], Bits]:
    """Stretches of four-fifths ones, at random places, on average one in `every` bits."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        p = np.full((runs, n), 0.5)
        for row in p:
            for at in rng.integers(0, n, n // every):
                row[at : at + length] = 0.8
        return draw(p, runs, n, rng)

    return make


def one_lane(p: float) -> Callable[[int, int, np.random.Generator], Bits]:
    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out = draw(0.5, runs, n, rng)
        out[:, 7::LANES] = draw(p, runs, len(range(7, n, LANES)), rng)
        return out

    return make


def crosstalk(p: float) -> Callable[[int, int, np.random.Generator], Bits]:
    """Lane 7 copies its neighbour with probability p."""

    def make(runs: int, n: int, rng: np.random.Generator) -> Bits:
        out = draw(0.5, runs, n, rng)
        flip = draw(1 - p, runs, len(range(7, n, LANES)), rng)
        out[:, 7::LANES] = out[:, 6 : n - 1 : LANES][:, : flip.shape[1]] ^ flip
        return out

    return make


def lfsr31(runs: int, n: int, rng: np.random.Generator) -> Bits:
    return lag(1.0, 28, 31)(runs, n, rng)


def square(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.sign(np.sin(x))


def register(runs: int, n: int, rng: np.random.Generator) -> Bits:
    """Registers of 36 bits with taps drawn at random: no standard polynomial. Long enough for any delay, then again."""
    out = np.empty((runs, n), np.uint8)
    for row in out:
        taps = np.append(np.flatnonzero(rng.integers(0, 2, 35)), 35)
        row[:36] = rng.integers(0, 2, 36)
        made = min(n, 1 << 15)
        for t in range(36, made):
            row[t] = row[t - 1 - taps].sum() & 1
        row[made:] = np.resize(row[:made], n - made)
    return out


@cache
def wandering() -> float:
    """Divergence of the sine whose phase walks; it begins with a phase that the reckoning takes for unknown."""
    bits = phase_noise(0.1, 1000)(32, 12_000, np.random.default_rng(1))
    return wandering_phase(bits, 0.1, 1000, 1 / np.sqrt(1000))


@cache
def bursting() -> float:
    """Divergence of the bursts."""
    return stretches(bursts(256, 8192)(128, 1 << 14, np.random.default_rng(1)), 0.8, 256, 8192)


_CYCLE = np.arange(10_000) / 10_000 * 2 * np.pi


def least(p: npt.ArrayLike) -> float:
    """Mean min-entropy of bits whose likelier value has probability p."""
    return float(np.mean(-np.log2(p)))


_SINE = 0.5 + 0.1 * np.sin(_CYCLE)
_SINE_H = least(np.maximum(_SINE, 1 - _SINE))
_AFTER_ONE = (1 + least(0.525)) / 2  # half of the bits follow a one, which makes the likelier value's probability 0.525

FAMILIES = [
    *(Family(f"bias {p}", True, bias(p), kl(p), least(p)) for p in (0.51, 0.52, 0.55, 0.6)),
    *(Family(f"Markov {p}", True, lag(p, 1), kl(p), least(p)) for p in (0.52, 0.55, 0.6)),
    Family("lag 20, .55", True, lag(0.55, 20), kl(0.55), least(0.55)),
    Family("sine .1, period 1000", True, wave(np.sin, 0.1, 1000), kl(_SINE), _SINE_H),
    Family("sine .1, period 300", True, wave(np.sin, 0.1, 300), kl(_SINE), _SINE_H),
    Family("sine .1, period 100", False, wave(np.sin, 0.1, 100), kl(_SINE), _SINE_H),
    Family("drift to .1 over 2^17", True, drift(0.1, 1 << 17), None, least(0.6)),  # no rate: it grows
    Family("constant", False, bias(1.0), 1.0, 0.0),
    Family("XOR(1,2) .52", False, lag(0.52, 1, 2), kl(0.52), least(0.52)),
    Family("XOR(1,2) .55", False, lag(0.55, 1, 2), kl(0.55), least(0.55)),
    Family("square .1, period 2000", False, wave(square, 0.1, 2000), kl(0.6), least(0.6)),
    Family("phase noise .1, period 1000", False, phase_noise(0.1, 1000), wandering, _SINE_H),
    Family("afterpulse .05", False, afterpulse(0.05), two_states(0.5, 0.525), _AFTER_ONE),
    Family("dead time .05", False, dead_time(0.05), two_states(0.5, 0.475), _AFTER_ONE),
    Family("bursts of 256 in 8192", False, bursts(256, 8192), bursting, 1 - (1 - least(0.8)) / 32),
    Family("one lane of 20 stuck", False, one_lane(1.0), 1 / LANES, 1 - 1 / LANES, LANES),
    Family("one lane of 20 at .6", False, one_lane(0.6), kl(0.6) / LANES, 1 - (1 - least(0.6)) / LANES, LANES),
    Family("crosstalk .6 on one lane", False, crosstalk(0.6), kl(0.6) / LANES, 1 - (1 - least(0.6)) / LANES, LANES),
    Family("LFSR of 31 bits", False, lfsr31, 1.0, 0.0, unknown=31),  # its cells: the taps are a standard's
    Family("LFSR of 36 bits, any taps", False, register, 1.0, 0.0, unknown=2 * 36),
    Family("replay of all before", False, None, 1.0, 0.0, unknown=24),
]
