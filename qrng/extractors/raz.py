"""Raz's extractor for two weak sources: the first m bits of x2 (1 + d + ... + d^(2^L - 1)), d = x1 y, in GF(2^r).

Raz, STOC 2005, 11; with the generator of small bias as in Foreman, Wooltorton, Milner, Curchod, arXiv:2506.15547.
Unlike the other extractors it needs little of the second source (some multiple of log n bits of min-entropy), and more
than half of the first. As built here it is not strong: it consumes both sources, so that y may not be published, used
for another block or appended to the output. The conventions are those of cryptomite's `Raz`.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar, Self, Unpack

from qrng._native import check, ffi, lib, readable, wipe, writable
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError
from qrng.extractors.base import SeededExtractor, check_bits
from qrng.extractors.gf2 import is_irreducible
from qrng.extractors.params import Number
from qrng.extractors.planning import MARKOV, Budget, Costs, attach_plan, budget, output_bits
from qrng.extractors.raz_bounds import TRINOMIALS, longest, rounds_of
from qrng.extractors.seeds import PreparedSeed, seed_bytes
from qrng.extractors.toeplitz import check_lengths

__all__ = ["Raz"]

_CHECKED = 5000  # degree up to which a trinomial that is not in the table is tested: a second


@functools.cache
def _irreducible_trinomial(r: int, s: int) -> bool:
    return TRINOMIALS.get(r) == s or (r <= _CHECKED and is_irreducible(1 << r | 1 << s | 1))


def _field(n: int, trinomial: tuple[int, int] | None) -> tuple[int, int]:
    """(r, s) of the least field of the table with n <= 2r, or the one that is asked for."""
    if trinomial is None:
        for r, s in TRINOMIALS.items():
            if n <= 2 * r:
                return r, s
        raise ParameterError(f"n = {n} is longer than the largest known field takes, {2 * max(TRINOMIALS)} bits")
    try:
        r, s = (check_bits(value, "trinomial", lib.QRNG_LINEAR_MAX_BITS // 2) for value in trinomial)
    except (TypeError, ValueError):
        raise ParameterError(f"trinomial is a pair (r, s) for z^r + z^s + 1, not {trinomial!r}") from None
    if not r < n <= 2 * r:
        raise ParameterError(f"a field of degree {r} is for {r + 1} to {2 * r} raw bits, not {n}")
    if 2 * s > r + 1 or not _irreducible_trinomial(r, s):
        raise ParameterError(
            f"z^{r} + z^{s} + 1 is not known to be irreducible with 2 s <= r + 1: fields up to degree {_CHECKED} are "
            "tested, those beyond must be in qrng.extractors.raz_bounds.TRINOMIALS"
        )
    return r, s


class Raz(SeededExtractor):
    """Raz's extractor from n bits of a first source and `second_bits` of a second to m: the bare map, or a plan's.

    Args:
        n: bits of a block of the first source, x = x1 ‖ x2, padded with zeros to 2r; 9 to 2**27.
        m: bits of the output, 1 to r.
        second_bits: bits of the second source y, at most r, padded with zeros; r if None.
        rounds: L, 1 to 64; that of cryptomite, the bit length of r plus 1, if None.
        trinomial: (r, s) of the field GF(2)[z]/(z^r + z^s + 1), r < n <= 2r; if None the least r of the table that
            fits.

    Attributes:
        n, m, seed_bits, seed_bytes: lengths in bits, and of the packed second source.
        field: (r, s).
        rounds: L.

    Raises:
        ParameterError: a length is out of range, or the trinomial does not fit or is not irreducible.
    """

    name: ClassVar[str] = "raz"
    strong: ClassVar[bool] = False

    def __init__(
        self,
        n: int,
        m: int,
        second_bits: int | None = None,
        rounds: int | None = None,
        trinomial: tuple[int, int] | None = None,
    ) -> None:
        n, m = check_lengths(n, m)
        self.field = _field(n, trinomial)
        r = self.field[0]
        if n <= r:
            raise ParameterError(
                f"n = {n}: a field of degree r takes r + 1 to 2 r bits, and the next one known has r = {r}: give n of "
                f"{r + 1} or more"
            )
        if m > r:
            raise ParameterError(f"m = {m} is above {r}, the degree of the field for n = {n}")
        self.rounds = rounds_of(r) if rounds is None else check_bits(rounds, "rounds", 64)
        super().__init__(n, m, r if second_bits is None else check_bits(second_bits, "second_bits", r))

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
        theorem: str = "published",
        second_bits: int | None = None,
        trinomial: tuple[int, int] | None = None,
        **costs: Unpack[Costs],
    ) -> Self:
        """The longest output that a theorem allows, for the L of this map.

        With e the error for one block, over all even p:
        "published": the largest m with m/2 + 1 + (2r - k)/p + max((L - r + 1)/p, log2 p - k2/2) <= log2 e, p m <= 2^L;
        "derived": m/2 - 1 + (2r - k)/p + log2(2^((L - r)/p) + ((p - 1)!!)^(1/p) 2^(-k2/2)) <= log2 e, p <= 2^L.
        Both are for classical side information; with `quantum_proof` the generic theorem for the Markov model (Arnon-
        Friedman, Portmann, Scholz, TQC 2016) is put on top: about a tenth of the output is left.

        Args:
            n, min_entropy, log2_error: as in `Toeplitz.plan`, of the first source.
            blocks: how many blocks; each needs a second source of its own.
            seed_min_entropy: bits of min-entropy k2 of the second source; None for a uniform one.
            quantum_proof: whether the side information may be quantum.
            theorem: "published" or "derived".
            second_bits, trinomial: as in the constructor.
            **costs: as in `Toeplitz.plan`.

        Raises:
            ParameterError: no output is possible, or no such theorem; the message says what would work.
        """
        n = check_bits(n, "n", lib.QRNG_LINEAR_MAX_BITS)
        if theorem not in ("published", "derived"):
            raise ParameterError(f"no theorem named {theorem!r} for this extractor: published or derived")
        asked = budget(n, min_entropy, log2_error, blocks, seed_min_entropy, costs)
        shape = cls(n, 1, second_bits, None, trinomial)
        r = shape.field[0]

        def length(b: Budget) -> int:
            second = shape.seed_bits - b.deficit(shape.seed_bits)
            return longest(theorem, quantum_proof, 2 * r, b.k, second, shape.rounds, b.per_block)

        m = output_bits(asked, length)
        said = {
            "published": "Raz 2005, with cryptomite's form of the error: log2 e = m/2 + 1 + (2r - k)/p + "
            "max((L - r + 1)/p, log2 p - k2/2)",
            "derived": "Raz's argument, derived: log2 e = m/2 - 1 + (2r - k)/p + log2(2^((L - r)/p) + "
            "((p - 1)!!)^(1/p) 2^(-k2/2))",
        }[theorem]
        if quantum_proof:
            said = f"Arnon-Friedman, Portmann, Scholz 2016 on: {said}"
        else:
            said = f"{said}; classical side information"
        made = cls(n, m, second_bits, None, trinomial)
        planned: Self = attach_plan(made, asked, said, (MARKOV, _CONSUMED), {"second_bits": made.seed_bits})
        return planned

    def prepare(self, seed: Any) -> PreparedSeed:
        """Keep a second source for one block: the first extraction with it wipes it."""
        return PreparedSeed(self._key, ffi.new("uint8_t[]", bytes(seed_bytes(seed, self.seed_bits))))

    def _extract(self, source: memoryview, target: memoryview, seed: Any, blocks: int, threads: int) -> None:
        """One block a second source: `seed` holds them all, as one contiguous bit stream."""
        if isinstance(seed, PreparedSeed):
            self._check_owner(seed)
            if blocks > 1:
                raise ParameterError("this extractor consumes its second source: a prepared one is for one block")
            state = seed.state
            self._spend(blocks)
            try:
                self._run_all(source, target, state, blocks)
            finally:
                seed.close()
            return
        given = seed_bytes(seed, self.seed_bits * blocks)
        self._spend(blocks)
        self._run_all(source, target, readable(given), blocks)

    def _run_all(self, source: memoryview, target: memoryview, second: Any, blocks: int) -> None:
        raw, out, (r, s) = readable(source), writable(target), self.field
        scratch = ffi.new("uint8_t[]", lib.qrng_raz_scratch_bytes(r))
        try:
            for i in range(blocks):
                status = lib.qrng_raz_extract(
                    out, i * self.m, raw, i * self.n, self.n, second, i * self.seed_bits, self.seed_bits, r, s,
                    self.rounds, self.m, scratch,
                )  # fmt: skip
                check(status, "a length is outside what the C core takes")
        finally:
            wipe(ffi.buffer(scratch))

    @property
    def _key(self) -> tuple[str, int, int, int]:
        return f"{self.name} over GF(2^{self.field[0]})", self.n, self.m, self.seed_bits


_CONSUMED = "both sources are consumed: the second is not published, not used again, and each block has its own"
