"""Circulant hashing and the two-source extractor of Dodis et al.: y_i = XOR over j of s[(i+j) mod N] x_j.

The rows are the first m of a circulant matrix of prime size N. Both need that 2 is a primitive root mod N: only then is
(z^N - 1)/(z - 1) irreducible over GF(2). A mere prime is not enough: for N = 127, m = 124, a seed that a factor of
degree 7 divides gives a matrix of rank 119. Dodis, Elbaz, Oliveira, Raz, RANDOM 2004. The index convention is that of
cryptomite's `Circulant` and `Dodis`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import ClassVar, Self

from qrng._native import lib
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import LinearExtractor, check_bits
from qrng.extractors.params import Number, log2_bounds
from qrng.extractors.planning import MARKOV, attach_plan, budget, check_output
from qrng.extractors.primes import has_primitive_root_2, is_prime, next_length
from qrng.extractors.toeplitz import check_lengths

__all__ = ["Circulant", "Dodis"]


def _check_size(size: int, any_prime: bool) -> None:
    if not is_prime(size):
        raise ParameterError(f"{size} is not prime; the next length that works is {next_length(size)}")
    if not any_prime and not has_primitive_root_2(size):
        raise ParameterError(
            f"{size} is prime, but 2 is no primitive root of it, so the hash is not universal; the next length that "
            f"works is {next_length(size)}"
        )


class Circulant(LinearExtractor):
    """The circulant hash from n to m < n bits, with N = `size` bits of seed; the raw block is padded with zeros to N.

    Args:
        n: bits of a raw block, 2 to 2**30.
        m: bits of its output, 1 to n - 1.
        size: N, a prime above n of which 2 is a primitive root; the least such if None.
        any_prime: take any prime N above n, for comparison with other libraries only: such a hash need not be
            universal, and `plan` never makes one.

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
    ) -> Self:
        """The circulant hash of the least size that fits, with the longest output by the leftover hash lemma.

        m = floor(k + 2 + 2 (log2_error - log2 blocks) - (N - k2)), k2 the min-entropy of the N bits of seed. Arguments
        and errors are those of `Toeplitz.plan`.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy)
        size = next_length(n + 1)
        m = asked.output_bits(size)
        check_output(asked, m)
        planned: Self = attach_plan(cls(n, m, size), asked)
        return planned


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

        Raises:
            ParameterError: no output is possible, or no such theorem.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy)
        size = next_length(n)
        both = asked.k - (0 if asked.seed is None else size - asked.seed)
        if theorem == "derived":
            m = asked.output_bits(size, log2_bounds(Fraction(3, 2))[1])
            said = "leftover hash lemma with A = 1.5, derived: m = floor(k + 2 - log2 1.5 - 2 log2(1/e) - (N - k2))"
        elif theorem != "published":
            raise ParameterError(f"no theorem named {theorem!r} for this extractor: derived or published")
        elif quantum_proof:
            m = math.floor((both + 8 * asked.per_block + 9 - 4 * log2_bounds(3)[1]) / 5)
            said = (
                "Arnon-Friedman, Portmann, Scholz 2016 on Dodis et al. 2004: "
                "m = floor((k + k2 - N - 8 log2(1/e) + 9 - 4 log2 3) / 5)"
            )
        else:
            m = min(math.floor(asked.k), math.floor(both + 1 + 2 * asked.per_block))
            said = "Dodis et al. 2004, classical side information: m = floor(k + k2 - N + 1 - 2 log2(1/e))"
        check_output(asked, m)
        planned: Self = attach_plan(cls(n, m, size), asked, said, () if asked.seed is not None else (MARKOV,))
        return planned
