"""Faults of an analogue-to-digital converter that samples Gaussian noise: eight-bit symbols under a claim."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, log2, sqrt

import numpy as np
import numpy.typing as npt

from benchmarks.health.methods import Method, everything, first_of
from qrng.health import Setting
from qrng.health.apt import AdaptiveProportionTest
from qrng.health.histogram import HistogramTest
from qrng.health.rct import RepetitionCountTest

SIGMA = 30.0
CLAIM = round(-log2(erf(0.5 / (SIGMA * sqrt(2)))), 3)
"""Min-entropy of a healthy symbol: that of its likeliest value."""

Symbols = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def digitise(values: Floats) -> Symbols:
    return np.clip(np.rint(127.5 + values), 0, 255).astype(np.uint8)


def healthy(n: int, rng: np.random.Generator) -> Symbols:
    return digitise(rng.normal(0, SIGMA, n))


def ringing(n: int, rng: np.random.Generator) -> Symbols:
    """An AR(2) process of the healthy spread."""
    from scipy.signal import lfilter

    values = lfilter([1.0], [1.0, -0.8, 0.6], rng.normal(0, 1, n + 1000))[1000:]
    return digitise(SIGMA * values / values.std())


def band_limited(n: int, rng: np.random.Generator) -> Symbols:
    """An AR(1) process of the healthy spread, 0.6 from sample to sample."""
    from scipy.signal import lfilter

    values = lfilter([sqrt(1 - 0.36)], [1.0, -0.6], rng.normal(0, 1, n + 1000))[1000:]
    return digitise(SIGMA * values)


FAULTS: dict[str, Callable[[int, np.random.Generator], Symbols]] = {
    "lowest bit stuck": lambda n, rng: healthy(n, rng) & np.uint8(0xFE),
    "third bit stuck": lambda n, rng: healthy(n, rng) & np.uint8(0xFB),
    "half the spread": lambda n, rng: digitise(rng.normal(0, SIGMA / 2, n)),
    "four fifths of the spread": lambda n, rng: digitise(rng.normal(0, SIGMA * 0.8, n)),
    "amplifier saturated": lambda n, rng: digitise(rng.normal(0, SIGMA * 4, n)),
    "every code a multiple of 3": lambda n, rng: healthy(n, rng) // np.uint8(3) * np.uint8(3),
    "bandwidth lost, .6 between samples": band_limited,
    "ringing": ringing,
}


def methods(run_length: int) -> list[Method]:
    """RCT and APT with half of the false alarms each; the histograms with all; what `Gate` runs."""
    share = -run_length - 1
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
        Method(
            "histogram",
            lambda samples: first_of([HistogramTest(Setting.of(8, 1, CLAIM, run_length_log2=run_length))], samples),
        ),
        Method("all", everything(run_length, 8, CLAIM)),
    ]
