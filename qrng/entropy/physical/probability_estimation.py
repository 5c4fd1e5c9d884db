"""CHSH by probability estimation factors: most bits from few trials, classical side information.

Zhang, Knill and Bierhorst, Phys. Rev. A 98, 040304 (2018); Knill, Zhang and Bierhorst, Phys. Rev. Research 2, 033465
(2020). A factor F(a,b,x,y) > 0 with power β is valid if Σ σ(abxy) F(abxy) σ(ab|xy)^β ≤ 1 for every behaviour σ of a set
that contains all quantum ones. Then, except with probability ε, −log2 P(outcomes | settings, E) is at least

    (Σ log2 F − log2(1/ε)) / β.

The set here: no-signalling behaviours that obey Tsirelson's bound for all eight CHSH expressions. The condition is
convex in σ, so its 80 extreme points suffice: 16 deterministic ones, and 8 × 8 between a PR box and a neighbour.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.entropy.physical.chsh import NO_LOOPHOLE_CLOSED, BellCounts
from qrng.entropy.physical.limits import check_error, share
from qrng.errors import EntropyError, ParameterError

__all__ = ["EstimationFactors", "behaviours", "isotropic", "probability_estimation"]

Array = npt.NDArray[np.float64]

_SETTING = 0.25  # probability of each pair of settings
_POWERS = tuple(0.0005 * 2 ** (step / 2) for step in range(20))  # β tried: 0.0005 to 0.36
_GRID = 0.005  # thresholds, in bits a trial, are fixed beforehand as multiples of this up to 2
_THRESHOLDS = math.ceil(2 / _GRID)


def behaviours() -> Array:
    """The 80 extreme points, array [point, x, y, a, b] of P(ab | xy)."""
    x, y, a, b = np.indices((2, 2, 2, 2))
    local = [
        ((a == np.where(x, f1, f0)) & (b == np.where(y, g1, g0))).astype(float)
        for f0, f1, g0, g1 in itertools.product((0, 1), repeat=4)
    ]
    points = list(local)
    for r, s, t in itertools.product((0, 1), repeat=3):
        agree = (a ^ b) == ((x & y) ^ (r & x) ^ (s & y) ^ t)
        box = agree / 2
        # CHSH of this box is 4, of a neighbour 2: the mixture that reaches 2√2
        points += [(math.sqrt(2) - 1) * box + (2 - math.sqrt(2)) * p for p in local if (p * agree).sum() == 3]
    return np.array(points)


def isotropic(s: float) -> Array:
    """P(abxy) of an isotropic device with CHSH value S and random settings, array [x, y, a, b]."""
    x, y, a, b = np.indices((2, 2, 2, 2))
    return np.asarray(_SETTING * (1 + np.where((a ^ b) == (x & y), 1, -1) * s / 4) / 4)


@dataclass(frozen=True)
class EstimationFactors:
    """Factors and their power; chosen from past data or a model, before the data that they certify.

    Attributes:
        factors: array [x, y, a, b], positive.
        power: β.
    """

    factors: Array
    power: float

    @classmethod
    def train(cls, expected: Array, power: float) -> EstimationFactors:
        """The factors that maximise the expected Σ log F for P(abxy) = `expected`, valid whatever that is.

        Args:
            expected: array [x, y, a, b]; every entry should be positive.
            power: β > 0.
        """
        from scipy.optimize import minimize

        nu = np.maximum(np.asarray(expected, float).reshape(16), 1e-12)
        if not power > 0 or not np.isfinite(nu).all():
            raise ParameterError("estimation factors need a positive power and a finite distribution")
        nu /= nu.sum()
        points = behaviours().reshape(-1, 16)
        rows = _SETTING * points ** (1 + power)
        weights = np.full(len(rows), 1 / len(rows))
        for _ in range(500):  # expectation maximisation of the dual: close, from any start
            weights *= rows @ (nu / (weights @ rows))
        start = nu / (weights @ rows)
        found = minimize(
            lambda f: -float(nu @ np.log(f)),
            start,
            jac=lambda f: -nu / f,
            bounds=[(1e-9, None)] * 16,
            constraints={"type": "ineq", "fun": lambda f: 1 - rows @ f, "jac": lambda _: -rows},
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 300},
        )
        # whatever the optimiser did, dividing by the largest sum makes the factors valid
        best = max((f / (rows @ f).max() for f in (start, found.x) if (f > 0).all()), key=lambda f: nu @ np.log(f))
        return cls(np.asarray(best).reshape(2, 2, 2, 2), power)

    @classmethod
    def plan(cls, expected: Array, trials: int, log2_error: float = -64.0) -> EstimationFactors:
        """The factors, and among 20 powers the one, that promise most bits for `trials` trials at this error."""
        check_error(log2_error)
        trained = [cls.train(expected, power) for power in _POWERS]
        nu = np.asarray(expected, float)
        return max(trained, key=lambda f: (trials * float((nu * np.log2(f.factors)).sum()) + log2_error) / f.power)

    def bits(self, counts: BellCounts, log2_error: float) -> float:
        """(Σ log2 F − log2(1/ε)) / β of these counts; may be negative."""
        return (float((counts.counts * np.log2(self.factors)).sum()) + check_error(log2_error)) / self.power


def probability_estimation(
    counts: BellCounts,
    factors: EstimationFactors,
    log2_error: float = -64.0,
    limit: float | None = 5.0,
) -> EntropyClaim:
    """Min-entropy of a pair of outcomes by probability estimation.

    The bits a trial count as the largest multiple of 0.005 that they reach, and the error is shared by those
    thresholds.

    Args:
        counts: trials taken after `factors` were chosen.

    Raises:
        EntropyError: no min-entropy, or counts that break the assumptions by more than `limit` standard deviations.
    """
    counts.refuse_impossible(limit)
    bits = factors.bits(counts, share(log2_error, _THRESHOLDS))
    each = _GRID * math.floor(bits / counts.trials / _GRID)
    if each <= 0:
        raise EntropyError(
            f"probability estimation: S = {counts.s:.4f} in {counts.trials} trials leaves no min-entropy at this error"
        )
    return EntropyClaim(
        min(2.0, each),
        log2_error,
        (
            NO_LOOPHOLE_CLOSED,
            f"worst no-signalling z-score {counts.worst_signalling():.1f}",
            "settings were chosen at random, each pair with probability 1/4, unknown to the device",
            "the factors were chosen before these data were taken",
            "side information is classical; the device may have memory",
            "counted over all trials together",
        ),
        "Zhang, Knill, Bierhorst, Phys. Rev. A 98, 040304 (2018)",
        2,
        symbols=counts.trials,
    )
