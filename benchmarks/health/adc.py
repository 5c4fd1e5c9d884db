"""Faults of an analogue-to-digital converter that samples Gaussian noise: eight-bit symbols under a claim.

`divergence` is the mean divergence, in bits a sample, of the faulty samples from the nearest source that meets the
claim, given all that came before: E log2 of qrng_payoff's log-optimal payoff for the true distribution (Larsson,
Ramdas, Ruf, arXiv 2402.18810). It is exact for independent samples and for chains over the codes. For correlated noise
the past is taken to be known as it was before it was rounded to codes and clipped, which makes the divergence a hair
too large; for hum and interleaved converters phase and turn are taken to be known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erf, log2, sqrt

import numpy as np
import numpy.typing as npt

from benchmarks.health.methods import Method, everything, first_of
from qrng._native import check, ffi, lib
from qrng.health import Setting
from qrng.health.apt import AdaptiveProportionTest
from qrng.health.converter import ConverterTest
from qrng.health.histogram import HistogramTest
from qrng.health.rct import RepetitionCountTest

SIGMA = 30.0
CLAIM = round(-log2(erf(0.5 / (SIGMA * sqrt(2)))), 3)
"""Min-entropy of a healthy symbol: that of its likeliest value."""
CODES, CENTRE = 256, 127.5

Symbols = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Make = Callable[[int, np.random.Generator], Symbols]


@dataclass(frozen=True)
class Fault:
    """A name, how it is made, its divergence, and whether what the tests bet on was chosen with its delay in sight."""

    name: str
    make: Make
    divergence: float
    in_sight: bool = False


def digitise(values: Floats) -> Symbols:
    return np.clip(np.rint(CENTRE + values), 0, CODES - 1).astype(np.uint8)


def healthy(n: int, rng: np.random.Generator) -> Symbols:
    return digitise(rng.normal(0, SIGMA, n))


def gaussian(spread: float = SIGMA, means: npt.ArrayLike = 0.0) -> Floats:
    """Distribution of digitised Gaussian noise, a row for each mean; the last codes take what lies beyond."""
    from scipy.special import ndtr

    edges = np.arange(1, CODES) - 0.5 - CENTRE
    below = ndtr((edges - np.atleast_1d(np.asarray(means, np.float64))[:, None]) / spread)
    return np.diff(below, axis=1, prepend=0.0, append=1.0)


def divergence(rows: Floats, weights: Floats | None = None) -> float:
    """Mean over the rows, each the distribution of a symbol given one past, of their divergence from the claim."""
    payoff, total = np.empty(CODES), 0.0
    weights = np.full(len(rows), 1 / len(rows)) if weights is None else weights
    for row, weight in zip(rows, weights, strict=True):
        belief = np.ascontiguousarray(row / row.sum())
        check(
            lib.qrng_payoff(ffi.from_buffer("double[]", payoff), ffi.from_buffer("double[]", belief), CODES, 2**-CLAIM),
            "no payoff",
        )
        total += weight * float(belief @ np.log2(np.where(belief > 0, payoff, 1.0)))
    return total


def predicted(spread: float, of: float) -> float:
    """Divergence of Gaussian noise of spread `of`, of which all but `spread` is known from the past."""
    known = sqrt(of**2 - spread**2)
    at = np.linspace(-4, 4, 401)
    weights = np.exp(-(at**2) / 2)
    return divergence(gaussian(spread, known * at), weights / weights.sum())


def steady(chain: Floats) -> Floats:
    """Stationary distribution of a chain over the codes: chain[a, b] is the probability that b follows a."""
    found = gaussian()[0]
    for _ in range(2000):
        found = found @ chain
    return found / found.sum()


def moved(rule: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]], spread: float = SIGMA) -> Floats:
    """Distribution of what a rule makes of each code."""
    return np.bincount(rule(np.arange(CODES)), weights=gaussian(spread)[0], minlength=CODES)[None]


def by_rule(
    rule: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]], spread: float = SIGMA
) -> tuple[Make, float]:
    """Samples of which each is what the rule makes of a code."""
    return (
        lambda n, rng: rule(digitise(rng.normal(0, spread, n)).astype(np.int64)).astype(np.uint8),
        divergence(moved(rule, spread)),
    )


def coloured(*past: float) -> tuple[Make, float]:
    """Noise of the healthy spread with these weights of the samples before (an autoregressive process)."""
    from scipy.signal import lfilter

    response = lfilter([1.0], [1.0, *(-a for a in past)], np.eye(1, 4096)[0])
    fresh = SIGMA / sqrt(float(response @ response))

    def make(n: int, rng: np.random.Generator) -> Symbols:
        return digitise(lfilter([fresh], [1.0, *(-a for a in past)], rng.normal(0, 1, n + 1000))[1000:])

    return make, predicted(fresh, SIGMA)


def hum(period: float) -> tuple[Make, float]:
    """A tone takes the place of half of the noise's power."""
    size = SIGMA  # of power SIGMA^2 / 2

    def make(n: int, rng: np.random.Generator) -> Symbols:
        phase = 2 * np.pi * (np.arange(n) / period + rng.random())
        return digitise(size * np.sin(phase) + rng.normal(0, SIGMA / sqrt(2), n))

    return make, divergence(gaussian(SIGMA / sqrt(2), size * np.sin(2 * np.pi * (np.arange(400) + 0.5) / 400)))


def interleaved(gain: float) -> tuple[Make, float]:
    """Two converters take turns; the second has lost gain."""

    def make(n: int, rng: np.random.Generator) -> Symbols:
        values = rng.normal(0, SIGMA, n)
        values[1::2] *= gain
        return digitise(values)

    return make, (divergence(gaussian()) + divergence(gaussian(SIGMA * gain))) / 2


def hysteresis(width: int) -> tuple[Make, float]:
    """A code stays unless the next lies more than `width` from it."""

    def make(n: int, rng: np.random.Generator) -> Symbols:
        out = healthy(n, rng)
        for t in range(1, n):
            if abs(int(out[t]) - int(out[t - 1])) <= width:
                out[t] = out[t - 1]
        return out

    codes = np.arange(CODES)
    near = np.abs(codes[:, None] - codes) <= width
    chain = np.where(near, 0.0, gaussian())
    chain[codes, codes] = (near * gaussian()).sum(axis=1)
    return make, divergence(chain, steady(chain))


def latched(bit: int, p: float) -> tuple[Make, float]:
    """One bit of a code stays as it was in the last one with probability p."""
    mask = 1 << bit

    def make(n: int, rng: np.random.Generator) -> Symbols:
        out, stays = healthy(n, rng), rng.random(n) < p
        for t in range(1, n):
            if stays[t]:
                out[t] = (int(out[t]) & ~mask) | (int(out[t - 1]) & mask)
        return out

    codes = np.arange(CODES)
    forced = [moved(lambda x: x & ~mask)[0], moved(lambda x: x | mask)[0]]
    chain = np.array([(1 - p) * gaussian()[0] + p * forced[bool(code & mask)] for code in codes])
    return make, divergence(chain, steady(chain))


def repeating(p: float) -> tuple[Make, float]:
    """A code comes again with probability p: a sample taken twice."""

    def make(n: int, rng: np.random.Generator) -> Symbols:
        fresh = rng.random(n) >= p
        fresh[0] = True
        return healthy(n, rng)[np.maximum.accumulate(np.where(fresh, np.arange(n), 0))]

    chain = (1 - p) * gaussian() + p * np.eye(CODES)
    return make, divergence(chain, steady(chain))


def uniform(width: int) -> tuple[Make, float]:
    """Only the dither of a calibration is left: so many codes in the middle, all alike."""
    low = (CODES - width) // 2
    row = ((np.arange(CODES) >= low) & (np.arange(CODES) < low + width)) / width
    return lambda n, rng: rng.integers(low, low + width, n).astype(np.uint8), divergence(row[None])


def flickering(bit: int, p: float) -> tuple[Make, float]:
    """One bit reads 0 with probability p, whatever it is."""

    def make(n: int, rng: np.random.Generator) -> Symbols:
        out = healthy(n, rng)
        return np.where(rng.random(n) < p, out & np.uint8(255 - (1 << bit)), out)

    return make, divergence(p * moved(lambda x: x & ~(1 << bit)) + (1 - p) * gaussian())


FAULTS = [
    Fault("lowest bit stuck", *by_rule(lambda x: x & ~1), True),
    Fault("third bit stuck", *by_rule(lambda x: x & ~4), True),
    Fault("half the spread", *by_rule(lambda x: x, SIGMA / 2), True),
    Fault("four fifths of the spread", *by_rule(lambda x: x, SIGMA * 0.8), True),
    Fault("amplifier saturated", *by_rule(lambda x: x, SIGMA * 4), True),
    Fault("every code a multiple of 3", *by_rule(lambda x: x // 3 * 3), True),
    Fault("bandwidth lost, .6 between samples", *coloured(0.6), True),
    Fault("ringing", *coloured(0.8, -0.6), True),
    Fault("third bit reads 0 seven times in ten", *flickering(2, 0.7)),
    Fault("fourth bit stays as it was, .9", *latched(3, 0.9)),
    Fault("the two lowest lines shorted", *by_rule(lambda x: np.where(x & 3 == 3, x, x & ~3)), True),
    Fault("saturated within the rails", *by_rule(lambda x: np.clip(x, 40, 215), SIGMA * 4)),
    Fault("hysteresis of 4 codes", *hysteresis(4)),
    Fault("every eighth code missing", *by_rule(lambda x: np.where(x & 7 == 7, x - 1, x))),
    Fault("one sample in eight twice", *repeating(1 / 8)),
    Fault("dither over 48 codes alone", *uniform(48)),
    Fault("one of two interleaved at half the gain", *interleaved(0.5), True),
    Fault("hum takes half of the power", *hum(50.3), True),
]


def methods(run_length: int) -> list[Method]:
    """RCT and APT with half of the false alarms each; histograms and converter test with all; what `Gate` runs."""
    share = -run_length - 1
    setting = Setting.of(8, 1, CLAIM, run_length_log2=run_length)
    return [
        Method(
            "RCT+APT",
            lambda samples: first_of(
                [
                    RepetitionCountTest(Setting.of(8, 1, CLAIM, share)),
                    AdaptiveProportionTest(Setting.of(8, 1, CLAIM, share + 9)),
                ],
                samples,
            ),
        ),
        Method("histogram", lambda samples: first_of([HistogramTest(setting)], samples)),
        Method("converter", lambda samples: first_of([ConverterTest(setting)], samples)),
        Method("all", everything(run_length, 8, CLAIM)),
    ]
