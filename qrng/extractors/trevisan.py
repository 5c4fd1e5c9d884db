"""Trevisan's extractor with the polynomial one-bit extractor (RSH) and a block weak design.

Trevisan, J. ACM 48 (2001) 860; Raz, Reingold, Vadhan, J. Comput. Syst. Sci. 65 (2002) 97 (weak designs); De, Portmann,
Vidick, Renner, SIAM J. Comput. 41 (2012) 915 (quantum-proof); Ma, Zhang, Tan, arXiv:1109.6147 (block design). The
conventions are those of cryptomite's `Trevisan`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, Unpack

from qrng._native import check, ffi, lib
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import check_bits
from qrng.extractors.gf2 import irreducible, is_irreducible
from qrng.extractors.linear import LinearExtractor
from qrng.extractors.params import Number
from qrng.extractors.planning import MARKOV, PRODUCT, Costs, attach_plan, budget, output_bits
from qrng.extractors.toeplitz import check_lengths
from qrng.extractors.trevisan_bounds import (
    DESIGN_FIELD,
    LEAST_DEGREE,
    MOST_DEGREE,
    block_sizes,
    choose,
    design_degree,
    longest,
)

__all__ = ["Trevisan"]


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
        self.l = check_bits(l, "l", MOST_DEGREE)
        if self.l < LEAST_DEGREE:
            raise ParameterError(f"l = {l} is outside {LEAST_DEGREE} to {MOST_DEGREE}")
        self._polynomial = irreducible(l) if polynomial is None else polynomial
        tail = self._polynomial ^ 1 << l
        if tail.bit_length() - 1 > min(l // 2, 63) or not is_irreducible(self._polynomial):
            raise ParameterError(f"the polynomial must be irreducible, z^{l} + terms up to z^{min(l // 2, 63)}")
        self._log_t = design_degree(l)
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
        sources: str = "markov",
        **costs: Unpack[Costs],
    ) -> Self:
        """The longest output that the theorem allows.

        With e the error for one block and g the bits that the seed lacks, the largest m with

        - quantum: m + 4 log2 m + 4 log2(1/e) + 6 <= k;
        - classical: m + 2 log2 m + 2 log2(1/e) - 1 + d <= k, d < 2^-5 what the finite field costs;
        - weak seed, product sources: e 2^-g in place of e in either;
        - weak seed, Markov model: 10 m + 4 log2 m + 18 log2(1/e) + 4 g + 6 - 9 log2(4/3) <= k, quantum.

        One-bit error e1 = 2^((m - k + 6) / 4) where quantum, e / m where classical; l = ceil(log2 n + 2 log2(2/e1)).

        Args:
            n, min_entropy, log2_error, blocks: as in `Toeplitz.plan`.
            seed_min_entropy: bits of min-entropy of the seed; None for a uniform one.
            quantum_proof: whether the side information may be quantum.
            sources: for a weak seed, "markov": it and the raw data are independent given the side information (by the
                generic theorem of Arnon-Friedman, Portmann, Scholz, TQC 2016); or "product": it is independent of raw
                data and side information together.
            **costs: as in `Toeplitz.plan`.

        Raises:
            ParameterError: no output is possible; the message says what would work.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        if sources not in ("markov", "product"):
            raise ParameterError(f"sources are markov or product, not {sources!r}")
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy, costs)
        theorem = choose(quantum_proof, None if asked.seed is None else sources)
        m = output_bits(asked, lambda b: longest(b, theorem)[0])
        degree = longest(asked, theorem)[1]
        if degree > MOST_DEGREE:
            raise ParameterError(
                f"this error needs a field of degree {degree}, above {MOST_DEGREE}: ask for a larger log2_error, or "
                "use toeplitz"
            )
        assumptions = () if asked.seed is None else (PRODUCT if sources == "product" else MARKOV,)
        planned: Self = attach_plan(cls(n, m, degree), asked, theorem.statement, assumptions, {"l": degree})
        return planned

    def _prepare(self, seed: memoryview) -> Any:
        return ffi.new("uint8_t[]", bytes(seed))

    def _scratch_bytes(self, state: Any) -> int:
        return int(lib.qrng_trevisan_scratch_bytes(self.n, self.l)) + 8

    def _run(self, state: Any, raw: Any, out: Any, first: int, blocks: int, scratch: Any) -> None:
        sizes = ffi.new("uint64_t[]", self.sizes)
        tail, design = self._polynomial ^ 1 << self.l, DESIGN_FIELD[self._log_t]
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
