"""Toeplitz hashing: y_i = XOR over j of s[(i-j) mod L] x_j with a seed s of L = n + m - 1 bits; and its modified form
y = T x' + x'', x = x' ‖ x'' with x'' of m bits, whose seed has n - 1 bits (Hayashi, Tsurumaru, IEEE Trans. Inf. Theory
62 (2016) 2213).

Both are two-universal (Mansour, Nisan, Tiwari, STOC 1990; Krawczyk, CRYPTO 1994), hence strong extractors against
quantum side information by the leftover hash lemma. The index convention is that of cryptomite's `Toeplitz` and of
randextract's default.
"""

from __future__ import annotations

import math
from typing import ClassVar, Self, Unpack

from qrng._native import lib
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import check_bits
from qrng.extractors.leftover import leftover_bits, theorem_of
from qrng.extractors.linear import LinearExtractor
from qrng.extractors.params import Number
from qrng.extractors.planning import Budget, Costs, attach_plan, budget, output_bits

__all__ = ["ModifiedToeplitz", "Toeplitz"]


def check_lengths(n: int, m: int) -> tuple[int, int]:
    """n and m as ints, with 1 <= m < n; ParameterError otherwise."""
    n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
    m = check_bits(m, "m", lib.QRNG_LINEAR_MAX_BITS)
    if m >= n:
        raise ParameterError(f"m = {m} must be below n = {n}: a map that shortens nothing extracts nothing")
    return n, m


class Toeplitz(LinearExtractor):
    """The Toeplitz hash from n to m < n bits; `Toeplitz.plan` gives it an error and a budget.

    Args:
        n: bits of a raw block, 2 to 2**30.
        m: bits of its output, 1 to n - 1.

    Raises:
        ParameterError: a length is out of range, or m >= n.
    """

    name: ClassVar[str] = "toeplitz"
    _kind = lib.QRNG_LINEAR_TOEPLITZ

    def __init__(self, n: int, m: int) -> None:
        n, m = check_lengths(n, m)
        super().__init__(n, m, n + m - 1)

    @classmethod
    def plan(
        cls,
        n: int,
        min_entropy: Number | EntropyClaim,
        log2_error: Number,
        blocks: int = 1,
        seed_min_entropy: Number | None = None,
        *,
        quantum_proof: bool = True,
        **costs: Unpack[Costs],
    ) -> Self:
        """The Toeplitz hash with the longest output that the leftover hash lemma allows.

        m = floor(k + 2 + 2 (log2_error - log2 blocks)); with n = 1000, k = 800, log2_error = -64 it is 674.

        Args:
            n: bits of a raw block.
            min_entropy: bits of (smooth) min-entropy k in a whole block, 0 < k <= n, or an EntropyClaim, which is
                multiplied out; a finite error of the claim is paid once from `log2_error`.
            log2_error: log2 of the total trace distance from uniform, seed included, over all blocks; at most 0.
            blocks: how many blocks will be hashed with seeds that this error covers.
            seed_min_entropy: bits of min-entropy k2 of the n + m - 1 bits of seed; None for a uniform seed. Then
                m = floor((k + 2 + 2 (log2_error - log2 blocks) - (n - 1) + k2) / 2) where that is shorter.
            quantum_proof: makes no difference here: the bound holds against quantum side information.
            **costs: what else the plan pays for, see `qrng.extractors.planning.Costs`.

        Raises:
            ParameterError: no output is possible; the message says what would work.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy, costs)

        def length(b: Budget) -> int:
            m = min(math.floor(b.k), math.floor(b.k + 2 + 2 * b.per_block))
            if b.seed is not None:
                # m <= k + 2 + 2 e - (n + m - 1 - k2), solved for m.
                m = min(m, math.floor((b.k + 2 + 2 * b.per_block - (n - 1) + b.seed) / 2))
            return m

        planned: Self = attach_plan(cls(n, output_bits(asked, length)), asked, theorem_of(asked))
        return planned


class ModifiedToeplitz(LinearExtractor):
    """The hash [T | I]: Toeplitz on the first n - m bits, plus the last m. Its seed is the shortest, n - 1 bits.

    Args:
        n: bits of a raw block, 2 to 2**30.
        m: bits of its output, 1 to n - 1.

    Raises:
        ParameterError: a length is out of range, or m >= n.
    """

    name: ClassVar[str] = "modified-toeplitz"
    _kind = lib.QRNG_LINEAR_MODIFIED_TOEPLITZ

    def __init__(self, n: int, m: int) -> None:
        n, m = check_lengths(n, m)
        super().__init__(n, m, n - 1)

    @classmethod
    def plan(
        cls,
        n: int,
        min_entropy: Number | EntropyClaim,
        log2_error: Number,
        blocks: int = 1,
        seed_min_entropy: Number | None = None,
        *,
        quantum_proof: bool = True,
        **costs: Unpack[Costs],
    ) -> Self:
        """The modified Toeplitz hash with the longest output that the leftover hash lemma allows.

        m = floor(k + 2 + 2 (log2_error - log2 blocks) - (n - 1 - k2)), k2 the min-entropy of the n - 1 bits of seed.
        Arguments and errors are those of `Toeplitz.plan`.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy, costs)
        m = output_bits(asked, lambda b: leftover_bits(b, n - 1))
        planned: Self = attach_plan(cls(n, m), asked, theorem_of(asked))
        return planned
