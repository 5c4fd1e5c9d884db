"""Output lengths of the linear extractors: one leftover hash lemma for all of them.

For a family whose differences collide with total excess A = sum over D of max(0, P_s[f_s(D) = 0] - 2^-m), a seed of
min-entropy k2 of L bits and raw bits of min-entropy k, quantum side information included, the trace distance is at most
(1/2) sqrt(A 2^(m - k + L - k2)); so m = floor(k + 2 + 2 log2(error) - log2 A - (L - k2)). A <= 1 for two-universal
families: the quantum leftover hash lemma (Tomamichel, Schaffner, Smith, Renner, IEEE Trans. Inf. Theory 57, 2011).
The weak seed, in the Markov model (raw data and seed independent given the side information), is derived: by E_S d <=
sqrt(2^(L-k2) E_U d^2), and because the side information about S can be made from S.
"""

from __future__ import annotations

import math
from fractions import Fraction

from qrng.extractors.planning import Budget

__all__ = ["leftover_bits", "theorem_of"]

_LEFTOVER = "quantum leftover hash lemma: m = floor(k + 2 - 2 log2(1/e)), Tomamichel et al. 2011"
_WEAK_SEED = (
    "quantum leftover hash lemma, derived for a seed of min-entropy k2 of L bits: "
    "m = floor(k + 2 - 2 log2(1/e) - (L - k2))"
)


def leftover_bits(b: Budget, seed_bits: int, log2_excess: Fraction = Fraction(0)) -> int:
    """floor(k + 2 + 2 log2(error) - log2 A - (L - k2)), at most floor(k), for a seed of L = seed_bits."""
    return min(math.floor(b.k), math.floor(b.k + 2 + 2 * b.per_block - log2_excess - b.deficit(seed_bits)))


def theorem_of(b: Budget) -> str:
    """The statement that a plan of a two-universal family names."""
    return _LEFTOVER if b.seed is None else _WEAK_SEED
