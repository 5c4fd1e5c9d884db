"""Toeplitz hashing: y_i = XOR over j of s[(i-j) mod L] x_j with a seed s of L = n + m - 1 bits.

Two-universal (Mansour, Nisan, Tiwari, STOC 1990; Krawczyk, CRYPTO 1994), hence a strong extractor against quantum side
information by the leftover hash lemma (Tomamichel, Schaffner, Smith, Renner 2011). The index convention is that of
cryptomite's `Toeplitz` and of randextract's default.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, ClassVar, Self

from qrng._native import check, ffi, lib, readable
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import LinearExtractor, Plan, check_bits
from qrng.extractors.params import Number, error_left, exact, log2_bounds, min_entropy_of, universal_output_bits

__all__ = ["Toeplitz"]

_THEOREM = "quantum leftover hash lemma: m = floor(k + 2 - 2 log2(1/e)), Tomamichel et al. 2011"
_WEAK_SEED = (
    "quantum leftover hash lemma with a seed of min-entropy k2 of L bits, derived by "
    "E_S d <= sqrt(2^(L-k2) E_U d^2): m = floor(k + 2 - 2 log2(1/e) - (L - k2))"
)
_ASSUMPTIONS = (
    "each block has min-entropy k given the blocks before it and the adversary's side information",
    "the seed is independent of all blocks and of the side information",
)


class Toeplitz(LinearExtractor):
    """The Toeplitz hash from n to m < n bits; `Toeplitz.plan` gives it an error and a budget.

    Args:
        n: bits of a raw block, 2 to 2**30.
        m: bits of its output, 1 to n - 1.

    Raises:
        ParameterError: a length is out of range, or m >= n.
    """

    name: ClassVar[str] = "toeplitz"

    def __init__(self, n: int, m: int) -> None:
        n = check_bits(n, "n", lib.QRNG_TOEPLITZ_MAX_BITS)
        m = check_bits(m, "m", lib.QRNG_TOEPLITZ_MAX_BITS)
        if m >= n:
            raise ParameterError(f"m = {m} must be below n = {n}: a map that shortens nothing extracts nothing")
        super().__init__(n, m, n + m - 1)

    @classmethod
    def plan(
        cls,
        n: int,
        min_entropy: Number | EntropyClaim,
        log2_error: Number,
        blocks: int = 1,
        seed_min_entropy: Number | None = None,
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

        Raises:
            ParameterError: no output is possible; the message says what would work.
        """
        n = check_bits(n, "n", lib.QRNG_TOEPLITZ_MAX_BITS)
        k, claim_error = min_entropy_of(n, min_entropy)
        per_block = error_left(log2_error, claim_error, blocks)
        m = universal_output_bits(k, per_block)
        theorem, assumptions = _THEOREM, (*_ASSUMPTIONS, "the seed is uniform")
        weak = None if seed_min_entropy is None else exact(seed_min_entropy, "seed_min_entropy")
        if weak is not None:
            # m <= k + 2 + 2e - (n + m - 1 - k2), solved for m; a deficit below 0 is none.
            m = min(m, math.floor((k + 2 + 2 * per_block - (n - 1) + weak) / 2))
            theorem = _WEAK_SEED
            assumptions = (*_ASSUMPTIONS, "given the side information, raw data and seed are independent (Markov)")
        if m < 1:
            raise ParameterError(_no_output(n, k, per_block, blocks, weak))
        if m >= n:
            raise ParameterError(
                f"{n} bits of min-entropy {float(k):g} would give {m} bits at this error, and m must be below n: ask "
                "for a smaller log2_error, such as -32"
            )
        extractor = cls(n, m)
        seed_bits = extractor.seed_bits
        if weak is not None and not 0 <= weak <= seed_bits:
            raise ParameterError(f"seed_min_entropy = {float(weak):g} is outside 0 to {seed_bits}, the seed's bits")
        extractor._plan = Plan(
            cls.name,
            n,
            m,
            seed_bits,
            k,
            Fraction(seed_bits) if weak is None else weak,
            exact(log2_error, "log2_error"),
            blocks,
            theorem,
            assumptions,
        )
        return extractor

    def _prepare(self, seed: memoryview) -> Any:
        size = lib.qrng_toeplitz_state_bytes(self.n, self.m)
        state = ffi.new("uint8_t[]", size)
        status = lib.qrng_toeplitz_prepare(state, size, self.n, self.m, readable(seed))
        check(status, "the kernel was changed while a seed was being prepared: prepare it again")
        return state

    def _scratch_bytes(self, state: Any) -> int:
        return int(lib.qrng_toeplitz_scratch_bytes(state))

    def _run(self, state: Any, raw: Any, out: Any, first: int, blocks: int, scratch: Any) -> None:
        lib.qrng_toeplitz_extract(state, raw, first * self.n, out, first * self.m, blocks, scratch)


def _no_output(n: int, k: Fraction, per_block: Fraction, blocks: int, weak: Fraction | None) -> str:
    """The refusal of a plan without output, with the parameters that would give one bit."""
    if weak is not None:
        return (
            f"a seed of min-entropy {float(weak):g} is too weak: {n} raw bits of min-entropy {float(k):g} give no "
            "output with it; use a uniform seed, or ModifiedToeplitz, whose seed is shorter"
        )
    need = math.ceil(-1 - 2 * per_block)
    most = (1 - k - 2) / 2 + log2_bounds(blocks)[1]  # log2_error at which m = 1
    text = f"{n} raw bits of min-entropy {float(k):g} give no output at this error over {blocks} block(s)"
    ways = []
    if need <= n:
        ways.append(f"min_entropy of at least {need}")
    if most <= 0:
        ways.append(f"log2_error of at least {math.ceil(most)}")
    ways.append("a longer block (larger n) of the same entropy rate")
    return f"{text}: what would work is {', or '.join(ways)}"
