"""CHSH: min-entropy from a Bell violation, and the counts that all Bell bounds start from.

Pironio et al., Nature 464, 1021 (2010); conditioned form of Pironio and Massar, Phys. Rev. A 87, 012336 (2013).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import check_error, share
from qrng.errors import EntropyError, ParameterError

__all__ = ["NO_LOOPHOLE_CLOSED", "BellCounts", "chsh", "min_entropy_of_s", "pironio_bits", "z_score"]

TSIRELSON = 2 * math.sqrt(2)
NO_LOOPHOLE_CLOSED = "Bell-witnessed on one chip, no crosstalk assumed: no locality loophole is closed"

_GRID = 0.01  # thresholds for S are fixed beforehand as the multiples of this above 2
_THRESHOLDS = math.ceil((TSIRELSON - 2) / _GRID)


@dataclass(frozen=True)
class BellCounts:
    """Counts of a two-party, two-setting, two-outcome experiment.

    Attributes:
        counts: array [x, y, a, b] of trials; the game is won where a XOR b = x AND y.
    """

    counts: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check shape and range."""
        if self.counts.shape != (2, 2, 2, 2) or (self.counts < 0).any():
            raise ParameterError("Bell counts are a 2 × 2 × 2 × 2 array [x, y, a, b] of numbers that are not negative")
        if (self.counts.sum(axis=(2, 3)) == 0).any():
            raise ParameterError("Bell counts need trials in each of the four pairs of settings")

    @classmethod
    def from_settings(cls, table: Mapping[str, Sequence[int]]) -> BellCounts:
        """From {"a0b0": [n00, n01, n10, n11], …}, outcomes in the order a b."""
        try:
            rows = [[table[f"a{x}b{y}"] for y in (0, 1)] for x in (0, 1)]
            return cls(np.array(rows, np.int64).reshape(2, 2, 2, 2))
        except (KeyError, ValueError, TypeError):
            raise ParameterError("expected four counts under each of a0b0, a0b1, a1b0, a1b1") from None

    @property
    def trials(self) -> int:
        """Number of trials."""
        return int(self.counts.sum())

    @property
    def win(self) -> float:
        """Share of trials won, each trial with the weight that random settings give it."""
        return float((self.counts * _WINS).sum()) / self.trials

    @property
    def s(self) -> float:
        """Estimate of S for settings chosen with probability 1/4: 8 win − 4."""
        return 8 * self.win - 4

    def signalling(self) -> dict[str, float]:
        """z-scores of the four no-signalling equalities: a marginal must not depend on the other side's setting.

        Keys "a0", "a1": P(a=1 | x) for y=0 against y=1; "b0", "b1" likewise.
        """
        found = {}
        for setting in (0, 1):
            a, b = self.counts[setting], self.counts[:, setting]
            found[f"a{setting}"] = z_score(a[:, 1, :].sum(axis=1), a.sum(axis=(1, 2)))
            found[f"b{setting}"] = z_score(b[:, :, 1].sum(axis=1), b.sum(axis=(1, 2)))
        return found

    def worst_signalling(self) -> float:
        """Largest absolute z-score."""
        return max(abs(z) for z in self.signalling().values())

    def refuse_impossible(self, limit: float | None) -> None:
        """Raise EntropyError if signalling, or S above 2√2, exceeds `limit` standard deviations (None: no limit)."""
        if limit is None:
            return
        worst = self.worst_signalling()
        if worst > limit:
            raise EntropyError(
                f"the marginals signal: z = {worst:.1f}, more than {limit:g}. Crosstalk or drift breaks what a Bell "
                "bound stands on; a higher limit is your decision"
            )
        best = 0.5 + TSIRELSON / 8
        if self.win - best > limit * math.sqrt(best * (1 - best) / self.trials):
            raise EntropyError(f"S = {self.s:.4f} exceeds 2√2: no quantum device does this, the counts are wrong")


_WINS = np.array([[[[int((a ^ b) == (x & y)) for b in (0, 1)] for a in (0, 1)] for y in (0, 1)] for x in (0, 1)])


def z_score(ones: npt.NDArray[np.int64], total: npt.NDArray[np.int64]) -> float:
    """z-score of the difference of two proportions."""
    pooled = ones.sum() / total.sum()
    spread = math.sqrt(pooled * (1 - pooled) * (1 / total[0] + 1 / total[1]))
    return float((ones[0] / total[0] - ones[1] / total[1]) / spread) if spread else 0.0


def min_entropy_of_s(s: float) -> float:
    """f(S) = 1 − log2(1 + √(2 − S²/4)): bits a trial, 0 up to S = 2 (Pironio et al., eq. 3).

    Raises:
        ParameterError: S above 2√2, which no quantum device reaches.
    """
    if s <= 2:
        return 0.0
    if s > TSIRELSON * (1 + 1e-12):
        raise ParameterError(f"S = {s} exceeds 2√2: no quantum device does this")
    return 1 - math.log2(1 + math.sqrt(max(0.0, 2 - s * s / 4)))


def pironio_bits(trials: int, s: float, log2_error: float, least_setting: float = 0.25) -> float:
    """n f(S − ε), ε = (1/q + 2√2) √(2 ln(1/δ) / n): bits of min-entropy of all trials (Pironio et al., eq. 2).

    Args:
        s: observed S (or the threshold that it passed).
        log2_error: log2 δ.
        least_setting: q, the smallest probability of a pair of settings.
    """
    epsilon = (1 / least_setting + TSIRELSON) * math.sqrt(-2 * log2_error * math.log(2) / trials)
    return trials * min_entropy_of_s(min(s, TSIRELSON) - epsilon)


def chsh(
    counts: BellCounts, log2_error: float = -64.0, limit: float | None = 5.0, threshold: float | None = None
) -> EntropyClaim:
    """Min-entropy of a pair of outcomes, by Pironio et al., for adversaries with classical side information.

    Half of the error is δ; the other half is the probability of passing the threshold, whose log2 the bound loses.

    Args:
        limit: standard deviations by which counts may break the assumptions (see `BellCounts.refuse_impossible`).
        threshold: value of S that was fixed before the data were taken. None: the largest multiple of 0.01 that was
            reached, that half of the error being shared by all those.

    Raises:
        EntropyError: no min-entropy, the threshold was not reached, or counts that break the assumptions.
    """
    counts.refuse_impossible(limit)
    half, s = share(check_error(log2_error), 2), threshold
    passing = half
    if s is None:
        passing, s = share(half, _THRESHOLDS), 2 + _GRID * math.floor((counts.s - 2) / _GRID)
    elif counts.s < s:
        raise EntropyError(f"CHSH: S = {counts.s:.4f} does not reach {s:.4f}")
    bits = pironio_bits(counts.trials, s, half) + passing
    if bits <= 0:
        raise EntropyError(f"CHSH: S = {counts.s:.4f} in {counts.trials} trials leaves no min-entropy at this error")
    return EntropyClaim(
        min(2.0, bits / counts.trials),
        log2_error,
        (
            NO_LOOPHOLE_CLOSED,
            f"worst no-signalling z-score {counts.worst_signalling():.1f}",
            "settings were chosen at random, each pair with probability 1/4, unknown to the device",
            "side information is classical; the device may have memory",
            "counted over all trials together",
        ),
        "Pironio et al., Nature 464, 1021 (2010); Pironio, Massar, Phys. Rev. A 87, 012336 (2013)",
        2,
        symbols=counts.trials,
    )
