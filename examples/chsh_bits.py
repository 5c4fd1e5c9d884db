"""Bits that a Bell test certifies, on a simulated device: S sizes the extractor, and a cheating device gives nothing.

python examples/chsh_bits.py
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import qrng
from qrng import bits
from qrng.entropy.physical import BellCounts, entropy_accumulation
from qrng.errors import EntropyError
from qrng.extractors import Toeplitz

TRIALS = 1_000_000
VISIBILITY = 0.98
LOG2_ERROR = -64


def entangled(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two entangled qubits at the best angles: the game is won with probability 1/2 + V √2/4."""
    nature = np.random.default_rng()
    a = nature.integers(2, size=x.size, dtype=np.uint8)
    lost = nature.random(x.size) >= 0.5 + VISIBILITY * math.sqrt(2) / 4
    return a, a ^ (x & y) ^ lost


def cheating(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Plays a list that its maker keeps: both sides answer alike whatever is asked, the best that a list can do."""
    a = np.random.default_rng(1234).integers(2, size=x.size, dtype=np.uint8)
    return a, a.copy()


def certify(device: Callable[..., tuple[np.ndarray, np.ndarray]]) -> bytearray | None:
    """Play TRIALS games with questions from the generator; the certified bits, or None."""
    x, y = qrng.Generator().integers(2, size=(2, TRIALS), dtype=np.uint8)
    a, b = device(x, y)
    counts = np.zeros((2, 2, 2, 2), np.int64)
    np.add.at(counts, (x, y, a, b), 1)
    bell = BellCounts(counts)
    print(f"  S = {bell.s:.2f}")
    try:
        claim = entropy_accumulation(bell, log2_error=LOG2_ERROR - 1)
    except EntropyError as error:
        print(f"  no bit: {error}")
        return None
    raw = bits.pack(np.stack([a, b], axis=1).ravel(), 1)
    plan = Toeplitz.plan(2 * TRIALS, claim, log2_error=LOG2_ERROR)
    out = plan.extract(raw, qrng.random_bytes(plan.seed_bytes))
    print(f"  min-entropy         {claim.bits_per_sample:.1f} bits a trial at least, by entropy accumulation, if")
    for assumption in claim.assumptions:
        print(f"                      - {assumption}")
    print(f"  extracted           about {plan.m // 1000} thousand bits, at most 2^{LOG2_ERROR} from uniform")
    return out


if __name__ == "__main__":
    print("SIMULATED: both devices are computed. Only their questions come from the generator.")
    print("Entangled qubits:")
    certify(entangled)
    print("A device that plays a list that its maker keeps:")
    certify(cheating)
