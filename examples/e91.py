"""E91 with one simulated source of entangled pairs: the same pairs give the key and the CHSH test that guards it.

Ekert, Phys. Rev. Lett. 67, 661 (1991). Polarisers at 0° and 45° (Alice), 22.5°, −22.5° and 0° (Bob); where both
stand at 0° the outcomes make the key, Bob's other two make the test.

    python examples/e91.py
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

import qrng
from qrng.entropy.physical import BellCounts

PAIRS = 300_000
VISIBILITY = 0.97
ALICE = np.array([0.0, math.pi / 4])
BOB = np.array([math.pi / 8, -math.pi / 8, 0.0])
KEY = 2  # Bob's setting that makes the key, with Alice's setting 0
SIGMAS = 5  # S must exceed 2 by so many standard deviations


@dataclass
class Result:
    """What the two ends know in the end."""

    alice: np.ndarray
    bob: np.ndarray
    bell: BellCounts

    @property
    def error_rate(self) -> float:
        """Share of key bits that differ."""
        return float((self.alice != self.bob).mean())

    @property
    def spread(self) -> float:
        """Standard deviation of S, which is 8 times a share of trials won."""
        return 8 * math.sqrt(self.bell.win * (1 - self.bell.win) / self.bell.trials)

    @property
    def entangled(self) -> bool:
        """Whether S proves that the pairs were entangled when they arrived."""
        return self.bell.s - SIGMAS * self.spread > 2


def outcomes(nature: np.random.Generator, a: np.ndarray, b: np.ndarray, eavesdropper: bool) -> tuple[np.ndarray, ...]:
    """Bits behind polarisers at angles a and b: equal with probability (1 + V cos 2(a − b)) / 2."""
    if not eavesdropper:
        alice = nature.random(a.size) < 0.5
        return alice, alice ^ (nature.random(a.size) >= (1 + VISIBILITY * np.cos(2 * (a - b))) / 2)
    # Eve measures Bob's photon at 0° or 45° and sends on what she saw; that leaves Alice's in the same polarisation.
    angle = nature.choice(ALICE, a.size)
    seen = nature.random(a.size) < 0.5
    flips = [nature.random(a.size) >= (1 + VISIBILITY * np.cos(2 * (end - angle))) / 2 for end in (a, b)]
    return seen ^ flips[0], seen ^ flips[1]


def run(eavesdropper: bool) -> Result:
    """Measure PAIRS pairs; the generator chooses every setting."""
    choices, nature = qrng.Generator(), np.random.default_rng()
    x, y = (choices.integers(len(angles), size=PAIRS, dtype=np.uint8) for angles in (ALICE, BOB))
    a, b = outcomes(nature, ALICE[x], BOB[y], eavesdropper)
    key, test = (x == 0) & (y == KEY), y != KEY
    counts = np.zeros((2, 2, 2, 2), np.int64)
    np.add.at(counts, (x[test], y[test], a[test].astype(np.uint8), b[test].astype(np.uint8)), 1)
    return Result(a[key], b[key], BellCounts(counts))


def tell(result: Result) -> None:
    """The result in words."""
    print(f"  CHSH test           S = {result.bell.s:.2f}, from {result.bell.trials} pairs")
    print(f"  key                 {result.alice.size} bits from its other pairs, {result.error_rate:.0%} differ")
    if result.entangled:
        print("  S exceeds 2: the pairs arrived entangled, so no one holds a copy of every outcome.")
        print("  The key may be reconciled and shortened, as in bb84.py.")
    else:
        print("  S does not exceed 2: outcomes that were fixed on the way explain all this. No key.")


if __name__ == "__main__":
    print("SIMULATED: pairs and eavesdropper are computed. Only the choices of setting come from the generator.")
    print("Nobody listens:")
    tell(run(eavesdropper=False))
    print("Eve measures every photon on its way to Bob and sends on what she saw:")
    tell(run(eavesdropper=True))
