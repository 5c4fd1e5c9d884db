"""Trevisan's extractor with the polynomial one-bit extractor (RSH) and a block weak design.

Trevisan, J. ACM 48 (2001) 860; Raz, Reingold, Vadhan, J. Comput. Syst. Sci. 65 (2002) 97 (weak designs); De, Portmann,
Vidick, Renner, SIAM J. Comput. 41 (2012) 915 (quantum-proof); Ma, Zhang, Tan, arXiv:1109.6147 (block design). The
conventions are those of cryptomite's `Trevisan`.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any, ClassVar, Self

from qrng._native import check, ffi, lib
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import LinearExtractor, Plan, check_bits
from qrng.extractors.params import Number, log2_bounds
from qrng.extractors.planning import MARKOV, UNIFORM, budget, check_output, seed_entropy
from qrng.extractors.toeplitz import check_lengths

__all__ = ["Trevisan", "block_sizes", "design_degree", "irreducible"]

_LEAST_DEGREE, _MOST_DEGREE = 17, 384  # of the field of the one-bit extractor, by the C core
_LEAST_PLACES_LOG, _MOST_PLACES_LOG = 6, 16


def _remainder(value: int, polynomial: int) -> int:
    degree = polynomial.bit_length() - 1
    while (excess := value.bit_length() - 1 - degree) >= 0:
        value ^= polynomial << excess
    return value


def _square(value: int, polynomial: int) -> int:
    return _remainder(int(format(value, "b"), 4), polynomial)  # base 4 puts a 0 between the bits


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, _remainder(a, b)
    return a


def _is_irreducible(polynomial: int) -> bool:
    """Rabin's test: z^(2^l) = z, and z^(2^(l/p)) - z has no factor in common for any prime p of l."""
    degree = polynomial.bit_length() - 1
    primes = {p for p in range(2, degree + 1) if degree % p == 0 and all(p % q for q in range(2, p))}
    power = 2  # z
    for i in range(1, degree + 1):
        power = _square(power, polynomial)
        if i < degree and degree % i == 0 and degree // i in primes and _gcd(polynomial, power ^ 2) != 1:
            return False
    return power == 2


@functools.cache
def irreducible(degree: int) -> int:
    """The irreducible polynomial z^degree + tail with the fewest terms, then the least tail; as bits, z^0 lowest.

    The tail's degree is at most degree / 2 and below 64, as the C core asks.
    """
    most = min(degree // 2, 63)
    for a in range(1, most + 1):
        candidate = 1 << degree | 1 << a | 1
        if _is_irreducible(candidate):
            return candidate
    for a in range(3, most + 1):
        for b in range(2, a):
            for c in range(1, b):
                candidate = 1 << degree | 1 << a | 1 << b | 1 << c | 1
                if _is_irreducible(candidate):
                    return candidate
    raise ParameterError(f"no polynomial of degree {degree} found")


def design_degree(l: int) -> int:  # noqa: E741 - the name that the papers give it
    """log2 of the number of places t of the design: the least power of two of at least 2 l, and of 64."""
    return max(_LEAST_PLACES_LOG, (2 * l - 1).bit_length())


def block_sizes(m: int, t: int) -> list[int]:
    """Sizes of the blocks of a weak design of overlap 1 for m outputs over GF(t): Ma, Zhang, Tan, section III.

    Some may be 0. The overlap of the whole is checked in the tests by going through all pairs of sets.
    """
    e2 = 2 * math.e
    count = 1
    if m > e2 and t > e2:
        count = max(1, math.ceil((math.log2(m - e2) - math.log2(t - e2)) / (math.log2(e2) - math.log2(e2 - 1))))
    sizes: list[int] = []
    total = 0.0
    for i in range(count):
        total += (1 - 1 / e2) ** i * (m / e2 - 1)
        sizes.append(min(m, max(0, math.ceil(total))) - sum(sizes))
    return [*sizes, m - sum(sizes)]


class Trevisan(LinearExtractor):
    """Trevisan's extractor from n to m < n bits: the bare map, or, made by `plan`, with an error and a budget.

    Args:
        n: bits of a raw block, 2 to 2**30.
        m: bits of its output, 1 to n - 1.
        l: degree of the field of the one-bit extractor, 17 to 384.
        polynomial: irreducible, of degree l; by default the one of `irreducible`. cryptomite takes primitive ones,
            which differ for some l.

    Attributes:
        n, m, l, seed_bits, seed_bytes: lengths in bits, and of the packed seed.
        sizes: blocks of the weak design.

    Raises:
        ParameterError: a length is out of range, or the polynomial does not fit.
    """

    name: ClassVar[str] = "trevisan"

    def __init__(self, n: int, m: int, l: int | None = None, polynomial: int | None = None) -> None:  # noqa: E741
        n, m = check_lengths(n, m)
        if l is None:
            raise ParameterError(
                "a bare map of Trevisan's needs l, the degree of its field; `plan` computes it from the error"
            )
        self.l = check_bits(l, "l", _MOST_DEGREE)
        if self.l < _LEAST_DEGREE:
            raise ParameterError(f"l = {l} is outside {_LEAST_DEGREE} to {_MOST_DEGREE}")
        self._polynomial = irreducible(l) if polynomial is None else polynomial
        tail = self._polynomial ^ 1 << l
        if tail.bit_length() - 1 > min(l // 2, 63) or not _is_irreducible(self._polynomial):
            raise ParameterError(f"the polynomial must be irreducible, z^{l} + terms up to z^{min(l // 2, 63)}")
        self._log_t = design_degree(l)
        if self._log_t > _MOST_PLACES_LOG:
            raise ParameterError(f"l = {l} needs a design of more than 2^{_MOST_PLACES_LOG} places")
        self.sizes = block_sizes(m, 1 << self._log_t)
        super().__init__(n, m, len(self.sizes) << (2 * self._log_t))

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
        """The longest output that the theorem allows.

        With e the error for one block and g the bits that the seed lacks: the largest m with
        m + 4 log2 m + 4 log2(1/e) + 4 g + 6 <= k, one-bit error e1 = 2^((m - k + 6 + 4 g) / 4), and
        l = ceil(log2 n + 2 log2(2/e1)).

        Args:
            n, min_entropy, log2_error, blocks: as in `Toeplitz.plan`.
            seed_min_entropy: bits of min-entropy of the seed, for product sources; None for a uniform one.
            quantum_proof: makes no difference here: the bound holds against quantum side information.

        Raises:
            ParameterError: no output is possible; the message says what would work.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        asked = budget(n, min_entropy, log2_error, blocks, None)
        extractor = cls._largest(n, asked.k, asked.per_block, Fraction(0))
        weak = None if seed_min_entropy is None else Fraction(seed_min_entropy)
        if extractor is not None and weak is not None:
            # The deficit depends on the seed's length, which depends on m: it grows with the blocks of the design.
            for _ in range(64):
                deficit = extractor.seed_bits - seed_entropy(weak, extractor.seed_bits)
                shorter = cls._largest(n, asked.k, asked.per_block, deficit)
                if shorter is None or shorter.seed_bits == extractor.seed_bits:
                    extractor = shorter
                    break
                extractor = shorter
            else:
                raise ParameterError(
                    "no output length fits this seed: give its min-entropy for a uniform plan's length"
                )
        if extractor is None:
            check_output(asked, 0)
            raise ParameterError(
                f"{n} raw bits of min-entropy {float(asked.k):g} give no output at this error: a longer block, more "
                "min-entropy or a larger log2_error would"
            )
        check_output(asked, extractor.m)
        extractor._plan = Plan(
            cls.name,
            n,
            extractor.m,
            extractor.seed_bits,
            asked.k,
            Fraction(extractor.seed_bits) if weak is None else weak,
            asked.log2_error,
            blocks,
            "De, Portmann, Vidick, Renner 2012, with RSH: m + 4 log2 m + 4 log2(1/e) + 4 (L - k2) + 6 <= k",
            (
                "each block has min-entropy k given the blocks before it and the adversary's side information",
                "the seed is independent of all blocks and of the side information, and is not known to the device",
                UNIFORM if weak is None else MARKOV,
            ),
            {"l": extractor.l},
        )
        return extractor

    @classmethod
    def _largest(cls, n: int, k: Fraction, error: Fraction, deficit: Fraction) -> Self | None:
        """The map with the most output, or None."""
        low, high = 0, min(math.floor(k), n - 1)
        while low < high:
            m = (low + high + 1) // 2
            if m + 4 * log2_bounds(m)[1] - 4 * error + 4 * deficit + 6 <= k:
                low = m
            else:
                high = m - 1
        if low == 0:
            return None
        one_bit = (low - k + 6 + 4 * deficit) / 4
        degree = math.ceil(log2_bounds(n)[1] + 2 * (1 - one_bit))
        if degree > _MOST_DEGREE:
            raise ParameterError(
                f"this error needs a field of degree {degree}, above {_MOST_DEGREE}: ask for a larger log2_error, or "
                "use toeplitz"
            )
        return cls(n, low, max(degree, _LEAST_DEGREE))

    def _prepare(self, seed: memoryview) -> Any:
        return ffi.new("uint8_t[]", bytes(seed))

    def _scratch_bytes(self, state: Any) -> int:
        return int(lib.qrng_trevisan_scratch_bytes(self.n, self.l)) + 8

    def _run(self, state: Any, raw: Any, out: Any, first: int, blocks: int, scratch: Any) -> None:
        sizes = ffi.new("uint64_t[]", self.sizes)
        tail, design = self._polynomial ^ 1 << self.l, irreducible(self._log_t)
        for block in range(first, first + blocks):
            status = lib.qrng_trevisan_extract(
                out,
                block * self.m,
                raw,
                block * self.n,
                self.n,
                self.m,
                self.l,
                tail,
                self._log_t,
                design,
                sizes,
                len(self.sizes),
                state,
                scratch,
            )
            check(status, "a length is outside what the C core takes")

    @property
    def _key(self) -> tuple[str, int, int, int]:
        return f"{self.name} over GF(2^{self.l})", self.n, self.m, self._polynomial

    def __repr__(self) -> str:
        return f"Trevisan({self.n}, {self.m}, {self.l})"
