"""Circulant hashing and the two-source extractor of Dodis et al.: y_i = XOR over j of s[(i+j) mod N] x_j.

The rows are the first m of a circulant matrix of prime size N. Both need that 2 is a primitive root mod N: only then is
(z^N - 1)/(z - 1) irreducible over GF(2). A mere prime is not enough: for N = 127, m = 124, a seed that a factor of
degree 7 divides gives a matrix of rank 119. `log2_excess` says what such a prime costs. Dodis, Elbaz, Oliveira, Raz,
RANDOM 2004. The index convention is that of cryptomite's `Circulant` and `Dodis`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar, Self, Unpack

from qrng._native import lib
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import check_bits
from qrng.extractors.leftover import leftover_bits, theorem_of
from qrng.extractors.linear import LinearExtractor
from qrng.extractors.params import Number, log2_bounds
from qrng.extractors.planning import MARKOV, Budget, Costs, attach_plan, budget, output_bits
from qrng.extractors.primes import has_primitive_root_2, is_prime, next_length, order_of_2
from qrng.extractors.toeplitz import check_lengths

__all__ = ["Circulant", "Dodis", "log2_excess"]


def _check_size(size: int, any_prime: bool) -> None:
    if not is_prime(size):
        raise ParameterError(f"{size} is not prime; the next length that works is {next_length(size)}")
    if not any_prime and not has_primitive_root_2(size):
        raise ParameterError(
            f"{size} is prime, but 2 is no primitive root of it, so the hash is not universal; the next length that "
            f"works is {next_length(size)}"
        )


def log2_excess(size: int, m: int) -> Fraction:
    """log2 of a bound D on the collision excess A of the circulant hash of prime size N to m bits, rounded up.

    The matrix of a difference whose polynomial has the greatest common divisor g with z^N - 1 has rank min(m, d),
    d = N - deg g, and for each divisor (z^N - 1)/g there are at most 2^d such differences: so A is at most the number
    of divisors of degree below m, less 1, for z - 1, which the padding excludes. With o the order of 2 mod N, z^N - 1
    is z - 1 times t = (N - 1) / o factors of degree o, and D = sum of C(t, j) over j = 0..t, b = 0, 1 with
    j o + b < m, less 1. For m <= o that is 1: the family is two-universal.
    """
    order = order_of_2(size)
    if m <= order:
        return Fraction(0)
    t = (size - 1) // order
    total, choices = -1, 1
    for j in range(t + 1):
        if j * order >= m:
            break
        total += choices * (2 if j * order + 1 < m else 1)
        choices = choices * (t - j) // (j + 1)
    return log2_bounds(total)[1]


class Circulant(LinearExtractor):
    """The circulant hash from n to m < n bits, with N = `size` bits of seed; the raw block is padded with zeros to N.

    Args:
        n: bits of a raw block, 2 to 2**30.
        m: bits of its output, 1 to n - 1.
        size: N, a prime above n of which 2 is a primitive root; the least such if None.
        any_prime: take any prime N above n, for comparison with other libraries: such a hash need not be universal.
            `plan` makes one only of a `size` that is asked for, and pays for it.

    Raises:
        ParameterError: a length is out of range, m >= n, or N does not fit; the message names a length that does.
    """

    name: ClassVar[str] = "circulant"
    _kind = lib.QRNG_LINEAR_CIRCULANT

    def __init__(self, n: int, m: int, size: int | None = None, *, any_prime: bool = False) -> None:
        n, m = check_lengths(n, m)
        if size is None:
            size = next_length(n + 1)
        elif size <= n:
            raise ParameterError(f"the size {size} must be above n = {n}: the raw block is padded with at least one 0")
        _check_size(size, any_prime)
        super().__init__(n, m, size)

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
        size: int | None = None,
        **costs: Unpack[Costs],
    ) -> Self:
        """The circulant hash of the least size that fits, with the longest output by the leftover hash lemma.

        m = floor(k + 2 + 2 (log2_error - log2 blocks) - (N - k2)), k2 the min-entropy of the N bits of seed. Arguments
        and errors are those of `Toeplitz.plan`.

        Args:
            size: N, any prime above n. Where 2 is no primitive root of it, `log2_excess(N, m)` bits are subtracted.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy, costs)
        chosen = next_length(n + 1) if size is None else _any_size(size, n)
        if chosen == size and not has_primitive_root_2(chosen):
            m = output_bits(asked, lambda b: _with_excess(b, chosen))
            said = f"{theorem_of(asked)}, less log2 D of the prime {chosen}, derived"
            excess: Self = attach_plan(
                cls(n, m, chosen, any_prime=True), asked, said, parameters={"size": chosen, "any_prime": True}
            )
            return excess
        m = output_bits(asked, lambda b: leftover_bits(b, chosen))
        planned: Self = attach_plan(
            cls(n, m, chosen), asked, theorem_of(asked), (), {} if size is None else {"size": chosen}
        )
        return planned


def _any_size(size: int, n: int) -> int:
    """A prime above n."""
    size = check_bits(size, "size", lib.QRNG_LINEAR_MAX_BITS * 2)
    if size <= n:
        raise ParameterError(f"the size {size} must be above n = {n}: the raw block is padded with at least one 0")
    _check_size(size, any_prime=True)
    return size


def _with_excess(b: Budget, size: int) -> int:
    """The largest m with m <= leftover_bits(b) less log2_excess(size, m)."""
    low, high = 0, leftover_bits(b, size)
    while low < high:  # log2_excess rises with m
        m = (low + high + 1) // 2
        if m <= leftover_bits(b, size, log2_excess(size, m)):
            low = m
        else:
            high = m - 1
    return low


class Dodis(LinearExtractor):
    """The extractor of Dodis et al. for two weak sources: n raw bits of one, N = `size` of the other, m < n out.

    The second source takes the seed's place. Strong in it.

    Args:
        n: bits of a raw block of the first source, 2 to 2**30; it is padded with zeros to N.
        m: bits of its output, 1 to n - 1.
        size: N, a prime of at least n of which 2 is a primitive root; the least such if None.
        any_prime: take any prime N, for comparison with other libraries only.

    Raises:
        ParameterError: a length is out of range, m >= n, or N does not fit; the message names a length that does.
    """

    name: ClassVar[str] = "dodis"
    _kind = lib.QRNG_LINEAR_CIRCULANT

    def __init__(self, n: int, m: int, size: int | None = None, *, any_prime: bool = False) -> None:
        n, m = check_lengths(n, m)
        if size is None:
            size = next_length(n)
        elif size < n:
            raise ParameterError(f"the size {size} must be at least n = {n}")
        _check_size(size, any_prime)
        super().__init__(n, m, size)

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
        theorem: str = "derived",
        **costs: Unpack[Costs],
    ) -> Self:
        """The extractor of Dodis et al. of the least size N that fits, k2 bits of min-entropy in the second source.

        With e = log2_error - log2 blocks:
        "derived": m = floor(k + 2 - log2 1.5 + 2 e - (N - k2)), quantum-proof in the Markov model and strong; derived
        from the collision excess A = 1.5 of this family.
        "published": the paper's floor(k + k2 - N + 1 + 2 e) against classical side information; with quantum_proof, the
        generic theorem of Arnon-Friedman, Portmann, Scholz (TQC 2016) applied to it,
        floor((k + k2 - N + 8 e + 9 - 4 log2 3) / 5).

        Args:
            n, min_entropy, log2_error, blocks: as in `Toeplitz.plan`.
            seed_min_entropy: k2; None for a uniform second source.
            quantum_proof: whether the side information may be quantum.
            theorem: "derived" or "published".
            **costs: as in `Toeplitz.plan`.

        Raises:
            ParameterError: no output is possible, or no such theorem.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy, costs)
        if theorem not in ("derived", "published"):
            raise ParameterError(f"no theorem named {theorem!r} for this extractor: derived or published")
        size = next_length(n)
        length, said = _dodis_bound(theorem, quantum_proof, size)
        # Two-source theorems speak of the Markov model; a uniform second source is one of k2 = N.
        planned: Self = attach_plan(cls(n, output_bits(asked, length), size), asked, said, (MARKOV,))
        return planned


def _dodis_bound(theorem: str, quantum_proof: bool, size: int) -> tuple[Callable[[Budget], int], str]:
    """The output length by a theorem, and its name."""
    if theorem == "derived":
        return (
            lambda b: leftover_bits(b, size, log2_bounds(Fraction(3, 2))[1]),
            "leftover hash lemma with A = 1.5, derived: m = floor(k + 2 - log2 1.5 - 2 log2(1/e) - (N - k2))",
        )
    if quantum_proof:
        return (
            lambda b: math.floor((b.k - b.deficit(size) + 8 * b.per_block + 9 - 4 * log2_bounds(3)[1]) / 5),
            "Arnon-Friedman, Portmann, Scholz 2016 on Dodis et al. 2004: "
            "m = floor((k + k2 - N - 8 log2(1/e) + 9 - 4 log2 3) / 5)",
        )
    return (
        lambda b: min(math.floor(b.k), math.floor(b.k - b.deficit(size) + 1 + 2 * b.per_block)),
        "Dodis et al. 2004, classical side information: m = floor(k + k2 - N + 1 - 2 log2(1/e))",
    )
