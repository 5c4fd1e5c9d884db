"""What every plan has in common: the error budget, and a refusal that says what would work.

The total error pays for all blocks, for the seed and for the entropy claim:

    2^log2_error >= blocks (e + 2 e_s) + e_seed + e_claim,

e the extractor's own on a block, e_s that of smooth min-entropy. It counts twice on a block, because the ideal state
keeps the adversary's true side information. The seed's distance from uniform and independent bits counts once however
often a strong extractor uses it, and so does the probability that the claim does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NoReturn, TypedDict

from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import Plan
from qrng.extractors.params import Number, error_left, exact, min_entropy_of

__all__ = ["MARKOV", "PRODUCT", "UNIFORM", "Budget", "Costs", "attach_plan", "budget", "output_bits", "seed_entropy"]

BLOCKS = "each block has min-entropy k given the blocks before it and the adversary's side information"
DIVIDED = "the string of all blocks has min-entropy k + (blocks - 1) n given the adversary's side information"
DEVICE = "the device does not know the seed while it makes the blocks"
UNIFORM = "the seed is uniform and independent of all blocks and of the side information"
MARKOV = "given the side information, raw data and seed are independent (Markov model)"
PRODUCT = "the seed is independent of raw data and side information together (product sources)"
ESTIMATE = "the entropy claim is an estimate without error and without adversary, and so is this plan"


class Costs(TypedDict, total=False):
    """What else a plan pays for; all are optional.

    Attributes:
        log2_smoothing: log2 of e_s, where `min_entropy` is smooth min-entropy: 2 e_s is paid for each block.
        log2_seed_error: log2 of the seed's distance from uniform and independent bits, such as the error of the plan
            that made it: paid once.
        log2_pass_error: log2 of e_EA, where the certificate reads "either the test passes with probability at most
            e_EA, or the min-entropy holds given that it passed": the total error can't be below that.
        log2_event: log2 of the probability p of the event on which the min-entropy is conditioned, where its theorem
            leaves that out: log2(1/p) bits are paid.
        leaked_bits: bits disclosed about what `min_entropy` speaks of, as in reconciliation: taken from it.
        whole: `min_entropy` is that of the string of all blocks. Then a block has what is left of it when all other
            blocks are known, k - (blocks - 1) n.
    """

    log2_smoothing: Number
    log2_seed_error: Number
    log2_pass_error: Number
    log2_event: Number
    leaked_bits: Number
    whole: bool


@dataclass(frozen=True)
class Budget:
    """What a plan was asked for, checked, in exact numbers.

    Attributes:
        n: bits of a raw block.
        k: its min-entropy, less what `Costs` take from it.
        taken: what they took.
        log2_error: log2 of the total error.
        per_block: log2 of what the extractor may spend on each block, all else paid.
        blocks: number of blocks.
        seed: bits of min-entropy of the seed, None for a uniform one.
        errors: log2 of the claim's error, the seed's, and the smoothing; None where there is none.
        costs: the arguments named by `Costs`.
        estimate: whether the claim states no error.
    """

    n: int
    k: Fraction
    taken: Fraction
    log2_error: Fraction
    per_block: Fraction
    blocks: int
    seed: Fraction | None
    errors: tuple[Fraction | None, Fraction | None, Fraction | None]
    costs: Mapping[str, Any] = field(default_factory=dict)
    estimate: bool = False

    def deficit(self, seed_bits: int) -> Fraction:
        """Bits of min-entropy that the seed lacks of its length."""
        return Fraction(0) if self.seed is None else seed_bits - seed_entropy(self.seed, seed_bits)

    def with_error(self, log2_error: int) -> Budget:
        """The same with another total error."""
        claim, seed, smoothing = self.errors
        left = error_left(log2_error, claim, self.blocks, seed_error=seed, smoothing=smoothing)
        return replace(self, log2_error=Fraction(log2_error), per_block=left)


def seed_entropy(value: Fraction, seed_bits: int) -> Fraction:
    """The seed's min-entropy, if a seed of this length can have it; ParameterError otherwise."""
    if not 0 <= value <= seed_bits:
        raise ParameterError(f"seed_min_entropy = {float(value):g} is outside 0 to {seed_bits}, the seed's bits")
    return value


def _log2(costs: Costs, name: str) -> Fraction | None:
    """The log2 of a probability or a distance, or None."""
    value = costs.get(name)
    if value is None:
        return None
    power = exact(value, name)
    if power > 0:
        raise ParameterError(f"{name} is the log2 of a probability or a distance, at most 0: not {float(power):g}")
    return power


def _taken(n: int, blocks: int, costs: Costs) -> Fraction:
    """Bits of min-entropy that are gone before extraction."""
    leaked = exact(costs.get("leaked_bits", 0), "leaked_bits")
    if leaked < 0:
        raise ParameterError(f"leaked_bits is a number of bits, at least 0: not {float(leaked):g}")
    return leaked - (_log2(costs, "log2_event") or Fraction(0)) + (n * (blocks - 1) if costs.get("whole") else 0)


def budget(
    n: int,
    min_entropy: Number | EntropyClaim,
    log2_error: Number,
    blocks: int,
    seed_min_entropy: Number | None,
    costs: Costs,
) -> Budget:
    """Check what a plan is asked for, and pay its costs.

    Raises:
        ParameterError: a number is out of range, or nothing is left of the error or of the min-entropy.
    """
    if unknown := set(costs) - set(Costs.__annotations__):
        raise TypeError(
            f"a plan has no argument {sorted(unknown)[0]!r}; its costs are {', '.join(Costs.__annotations__)}"
        )
    whole = costs.get("whole", False)
    if not isinstance(whole, bool) or (whole and isinstance(min_entropy, EntropyClaim)):
        raise ParameterError("whole is True for a number that speaks of all blocks together; a claim is of each sample")
    seed_error, smoothing = _log2(costs, "log2_seed_error"), _log2(costs, "log2_smoothing")
    error_left(log2_error, None, blocks)
    given, claim_error = min_entropy_of(n * blocks if whole else n, min_entropy)
    per_block = error_left(log2_error, claim_error, blocks, seed_error=seed_error, smoothing=smoothing)
    total = exact(log2_error, "log2_error")
    passed = _log2(costs, "log2_pass_error")
    if passed is not None and total < passed:
        raise ParameterError(
            f"this certificate may pass by chance with probability 2^{float(passed):g}, and the total error is no "
            f"less: ask for log2_error of at least {math.ceil(passed)}"
        )
    taken = _taken(n, blocks, costs)
    if given <= taken:
        raise ParameterError(
            f"of min_entropy = {float(given):g} nothing is left: {float(taken):g} bits are disclosed, conditioned away "
            "or in other blocks"
        )
    return Budget(
        n,
        given - taken,
        taken,
        total,
        per_block,
        blocks,
        None if seed_min_entropy is None else exact(seed_min_entropy, "seed_min_entropy"),
        (claim_error, seed_error, smoothing),
        dict(costs),
        isinstance(min_entropy, EntropyClaim) and min_entropy.log2_error is None,
    )


def output_bits(b: Budget, length: Callable[[Budget], int]) -> int:
    """length(b), a number of bits from 1 to n - 1.

    Args:
        b: what was asked for.
        length: the most bits that the theorem allows; below 1 for none. It rises with k and with the error.

    Raises:
        ParameterError: there is no such output; the message says what would work.
    """
    m = length(b)
    if m >= b.n:
        raise ParameterError(
            f"{b.n} bits of min-entropy {float(b.k):g} would give {m} bits at this error, and m must be below n: ask "
            "for a smaller log2_error, such as -32"
        )
    return m if m >= 1 else _refuse(b, length)


def _works(length: Callable[[Budget], int], b: Callable[[], Budget]) -> bool:
    """Whether such a plan would have output."""
    try:
        return length(b()) >= 1
    except ParameterError:
        return False


def _first(low: int, high: int, works: Callable[[int], bool]) -> int | None:
    """The least number above low, up to high, that works; None if none does. What is above one that works works."""
    if high <= low or not works(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def _refuse(b: Budget, length: Callable[[Budget], int]) -> NoReturn:
    ways = []
    k = _first(math.floor(b.k), b.n, lambda k: _works(length, lambda: replace(b, k=Fraction(k))))
    if k is not None:
        ways.append(f"min_entropy of at least {math.ceil(k + b.taken)}")
    error = _first(math.floor(b.log2_error), 0, lambda e: _works(length, lambda: b.with_error(e)))
    if error is not None:
        ways.append(f"log2_error of at least {error}")
    weak = ""
    if b.seed is not None:
        weak = f" with a seed of min-entropy {float(b.seed):g}, which is too weak,"
        if _works(length, lambda: replace(b, seed=None)):
            ways.append("a uniform seed")
        ways.append("an extractor whose seed is shorter, such as modified-toeplitz")
    ways.append("a longer block (larger n) of the same entropy rate")
    raise ParameterError(
        f"{b.n} raw bits of min-entropy {float(b.k):g}{weak} give no output at this error over {b.blocks} block(s): "
        f"what would work is {', or '.join(ways)}"
    )


def attach_plan(
    extractor: Any,
    b: Budget,
    theorem: str,
    assumptions: tuple[str, ...] = (),
    parameters: Mapping[str, int] | None = None,
) -> Any:
    """Give a map its plan; returns the extractor.

    Without assumptions of its own a plan has those of the seed: uniform, or the Markov model.
    """
    seed = Fraction(extractor.seed_bits) if b.seed is None else seed_entropy(b.seed, extractor.seed_bits)
    own = assumptions or (UNIFORM if b.seed is None else MARKOV,)
    extractor._plan = Plan(
        extractor.name,
        extractor.n,
        extractor.m,
        extractor.seed_bits,
        b.k,
        seed,
        b.log2_error,
        b.blocks,
        theorem,
        (DIVIDED if b.costs.get("whole") else BLOCKS, *own, DEVICE, *((ESTIMATE,) if b.estimate else ())),
        dict(parameters or {}),
        b.costs,
        extractor.strong,
    )
    return extractor
