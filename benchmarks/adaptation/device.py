"""A model of a drifting pair of qubits under a Bell test with spot checks, and what a block of it certifies.

A model, not a device. The share ω of trials won wanders (an Ornstein-Uhlenbeck process in device time) around a mean
that the calibration may have wrong; the four settings win differently. A block has n trials, of which a share γ are
tests with random settings, m shots a setting; the rest measure one fixed setting. It takes n shots of 262 µs
(rep_delay 250 µs, readout and gates 12 µs), 2 ms for each circuit, 3 s for the job: assumed round figures. It brings,
if the share won in its tests passes a threshold that was fixed before, the smooth min-entropy by entropy accumulation
(Arnon-Friedman et al. 2018, with γ: slope g'/γ) at 2⁻³², less the random bits that chose tests and settings; else it
costs those bits. Shots that share their settings count as independent trials.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np

from qrng.entropy.physical.entropy_accumulation import entropy_of_win
from qrng.entropy.physical.limits import binary_entropy

SHOT, CIRCUIT, JOB = 262e-6, 2e-3, 3.0  # seconds
LOG2_ERROR = -32.0
GRID = 0.0005  # thresholds are multiples of this
BEST = 0.5 + math.sqrt(2) / 4
SETTINGS = np.array([0.006, -0.006, 0.003, -0.003])  # by how much the four settings win more or less often
MARGIN = 2.0  # standard deviations that a threshold lies below what is expected


@dataclass(frozen=True)
class Arm:
    """A way to run a block: share of test rounds, shots a setting, trials, slack of the threshold."""

    share: float
    group: int
    trials: int
    slack: float

    @property
    def tests(self) -> int:
        return max(4, round(self.share * self.trials / self.group)) * self.group

    def seconds(self, overhead: float = 1.0) -> float:
        """Time of a block, if circuits and jobs take `overhead` times what is assumed."""
        circuits = self.tests // self.group + (self.share < 1)
        return self.trials * SHOT + overhead * (circuits * CIRCUIT + JOB)

    @property
    def seed_bits(self) -> float:
        groups = self.trials / self.group
        return 2 * self.tests / self.group + groups * binary_entropy(self.share)

    @property
    def spread(self) -> float:
        """Standard deviation of the share won in the tests: of the trials, and of how often each setting came up."""
        return math.sqrt(0.15 / self.tests + float(SETTINGS.var()) * self.group / self.tests)


ARMS = tuple(
    Arm(*values)
    for values in itertools.product(
        (0.05, 0.25, 1.0), (1, 16, 256), (200_000, 1_000_000, 5_000_000), (0.0, 0.005, 0.015)
    )
)


def floor(win: float) -> float:
    """The threshold at or below a share won."""
    return round(GRID * math.floor(win / GRID + 1e-9), 4)


@functools.cache
def certified(arm: Arm, threshold: float) -> float:
    """Bits of a block whose tests pass the threshold, at the best tangent of a grid; 0 where there are none."""
    win = min(threshold, BEST)
    if win <= 0.75:
        return 0.0
    spread = 2 * math.sqrt(arm.trials * (1 - 4 * LOG2_ERROR))
    best = 0.0
    for tangent in np.linspace(0.7505, win, 60):
        low = float(tangent)
        slope = (entropy_of_win(low + 1e-7) - entropy_of_win(low - 1e-7)) / 2e-7 if low < BEST - 1e-6 else 0.0
        bits = arm.trials * (entropy_of_win(low) + slope * (win - low)) - spread * (math.log2(13) + slope / arm.share)
        best = max(best, bits)
    return best


def threshold_for(arm: Arm, win: float) -> float:
    """The threshold of an arm where a share won is expected."""
    return floor(win - MARGIN * arm.spread - arm.slack)


def predicted(arm: Arm, win: float, doubt: float, overhead: float = 1.0) -> float:
    """Net bits a second of an arm, the share won being expected at `win` with the standard deviation `doubt`."""
    threshold = threshold_for(arm, win)
    passing = 0.5 * math.erfc((threshold - win) / math.hypot(arm.spread, doubt) / math.sqrt(2))
    return (certified(dataclasses.replace(arm, slack=0.0), threshold) * passing - arm.seed_bits) / arm.seconds(overhead)


class Device:
    """A pair of qubits that drifts.

    Args:
        stale: standard deviation of the calibration's error in ω.
        drift: standard deviation of ω around its mean.
        overhead: how many times longer circuits and jobs take than is assumed.
        seed: of everything.
    """

    def __init__(self, stale: float, drift: float, overhead: float, seed: int) -> None:
        self.overhead = overhead
        self._rng = np.random.default_rng(seed)
        self._mean = float(np.clip(self._rng.normal(0.815, 0.01), 0.79, 0.84))
        self._drift, self._off = drift, float(self._rng.normal(0, drift))
        self.calibrated = float(np.clip(self.win + self._rng.normal(0, stale), 0.76, 0.845))

    @property
    def win(self) -> float:
        """The true share won now."""
        return float(np.clip(self._mean + self._off, 0.75, 0.85))

    def run(self, arm: Arm, threshold: float) -> tuple[float, float]:
        """One block: net bits, and the share won in its tests."""
        groups = arm.tests // arm.group
        counts = self._rng.multinomial(groups, [0.25] * 4) * arm.group
        won = int(self._rng.binomial(counts, np.clip(self.win + SETTINGS, 0, 1)).sum())
        share = won / arm.tests
        pull = math.exp(-arm.seconds(self.overhead) / 3600)  # an hour's memory
        self._off = self._off * pull + float(self._rng.normal(0, self._drift * math.sqrt(1 - pull**2)))
        bits = certified(dataclasses.replace(arm, slack=0.0), threshold)
        return (bits if share >= threshold else 0.0) - arm.seed_bits, share
