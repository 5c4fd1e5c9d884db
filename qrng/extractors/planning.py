"""Plans of the linear extractors: one output length for all of them, by the leftover hash lemma.

For a family whose differences collide with total excess A = sum over D of max(0, P_s[f_s(D) = 0] - 2^-m), a seed of
min-entropy k2 of L bits and raw bits of min-entropy k, quantum side information included, the trace distance is at most
(1/2) sqrt(A 2^(m - k + L - k2)); so m = floor(k + 2 + 2 log2(error) - log2 A - (L - k2)). A <= 1 for two-universal
families: the quantum leftover hash lemma (Tomamichel, Schaffner, Smith, Renner, IEEE Trans. Inf. Theory 57, 2011).
The weak seed, in the Markov model (raw data and seed independent given the side information), is derived: by E_S d <=
sqrt(2^(L-k2) E_U d^2), and because the side information about S can be made from S.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import Plan
from qrng.extractors.params import Number, error_left, exact, log2_bounds, min_entropy_of

__all__ = ["MARKOV", "Budget", "attach_plan", "budget", "check_output", "seed_entropy"]

LEFTOVER = "quantum leftover hash lemma: m = floor(k + 2 - 2 log2(1/e)), Tomamichel et al. 2011"
WEAK_SEED = (
    "quantum leftover hash lemma, derived for a seed of min-entropy k2 of L bits: "
    "m = floor(k + 2 - 2 log2(1/e) - (L - k2))"
)
INDEPENDENT = (
    "each block has min-entropy k given the blocks before it and the adversary's side information",
    "the seed is independent of all blocks and of the side information, and is not known to the device",
)
UNIFORM = "the seed is uniform"
MARKOV = "given the side information, raw data and seed are independent (Markov model)"


@dataclass(frozen=True)
class Budget:
    """What a plan was asked for, checked, in exact numbers.

    Attributes:
        n: bits of a raw block.
        k: its min-entropy.
        log2_error: log2 of the total error.
        per_block: log2 of what each block may spend, the claim's own error paid.
        blocks: number of blocks.
        seed: bits of min-entropy of the seed, None for a uniform one.
    """

    n: int
    k: Fraction
    log2_error: Fraction
    per_block: Fraction
    blocks: int
    seed: Fraction | None

    def output_bits(self, seed_bits: int, log2_excess: Fraction = Fraction(0)) -> int:
        """floor(k + 2 + 2 log2(error) - log2 A - (L - k2)), at most floor(k), for a seed of L = seed_bits."""
        deficit = Fraction(0) if self.seed is None else seed_bits - seed_entropy(self.seed, seed_bits)
        return min(math.floor(self.k), math.floor(self.k + 2 + 2 * self.per_block - log2_excess - deficit))


def seed_entropy(value: Fraction, seed_bits: int) -> Fraction:
    """The seed's min-entropy, if a seed of this length can have it; ParameterError otherwise."""
    if not 0 <= value <= seed_bits:
        raise ParameterError(f"seed_min_entropy = {float(value):g} is outside 0 to {seed_bits}, the seed's bits")
    return value


def budget(
    n: int, min_entropy: Number | EntropyClaim, log2_error: Number, blocks: int, seed_min_entropy: Number | None
) -> Budget:
    """Check what a plan is asked for."""
    k, claim_error = min_entropy_of(n, min_entropy)
    per_block = error_left(log2_error, claim_error, blocks)
    seed = None if seed_min_entropy is None else exact(seed_min_entropy, "seed_min_entropy")
    return Budget(n, k, exact(log2_error, "log2_error"), per_block, blocks, seed)


def check_output(b: Budget, m: int) -> None:
    """Refuse a plan without output, or without compression, and say what would work."""
    if m >= b.n:
        raise ParameterError(
            f"{b.n} bits of min-entropy {float(b.k):g} would give {m} bits at this error, and m must be below n: ask "
            "for a smaller log2_error, such as -32"
        )
    if m >= 1:
        return
    if b.seed is not None:
        raise ParameterError(
            f"a seed of min-entropy {float(b.seed):g} is too weak: {b.n} raw bits of min-entropy {float(b.k):g} give "
            "no output with it at this error; use a uniform seed, or an extractor whose seed is shorter "
            "(modified-toeplitz)"
        )
    need = math.ceil(-1 - 2 * b.per_block)  # k at which m = 1
    most = math.floor((-1 - b.k) / 2 + log2_bounds(b.blocks)[0]) + 1  # log2_error at which m = 1, rounded up
    ways = []
    if need <= b.n:
        ways.append(f"min_entropy of at least {need}")
    if most <= 0:
        ways.append(f"log2_error of at least {most}")
    ways.append("a longer block (larger n) of the same entropy rate")
    raise ParameterError(
        f"{b.n} raw bits of min-entropy {float(b.k):g} give no output at this error over {b.blocks} block(s): what "
        f"would work is {', or '.join(ways)}"
    )


def attach_plan(extractor: Any, b: Budget, theorem: str | None = None, assumptions: tuple[str, ...] = ()) -> Any:
    """Give a map its plan; returns the extractor."""
    weak = b.seed is not None
    seed = Fraction(extractor.seed_bits) if b.seed is None else seed_entropy(b.seed, extractor.seed_bits)
    extractor._plan = Plan(
        extractor.name,
        extractor.n,
        extractor.m,
        extractor.seed_bits,
        b.k,
        seed,
        b.log2_error,
        b.blocks,
        theorem or (WEAK_SEED if weak else LEFTOVER),
        (*INDEPENDENT, MARKOV if weak else UNIFORM, *assumptions),
    )
    return extractor
