"""What the seeded extractors share: the plan, the error budget, and blocks in buffers or streams."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

from qrng import bits
from qrng._native import ffi, readable, writable
from qrng.errors import BudgetError, ParameterError
from qrng.extractors.batches import Batches
from qrng.extractors.seeds import PreparedSeed, readable_bytes, writable_bytes

__all__ = ["Plan", "SeededExtractor", "check_bits"]


@dataclass(frozen=True)
class Plan:
    """Why an extractor's output is as long as it is.

    Attributes:
        extractor: name of the map.
        n, m, seed_bits: lengths of the raw block, its output and the seed, in bits.
        min_entropy: bits of (smooth) min-entropy in a block, given the adversary's side information.
        seed_min_entropy: bits of min-entropy of the seed; `seed_bits` for a uniform one.
        log2_error: log2 of the total trace distance from uniform, seed included, over all `blocks`, the entropy
            claim's own error included.
        blocks: number of blocks that the error pays for.
        theorem: the statement that gives m.
        assumptions: what must hold for it.
        parameters: further arguments of the constructor that make this map.
        costs: what else was paid, by the arguments of `planning.Costs`.
        strong: whether the seed may be published afterwards, used for all the blocks, and appended to the output.
    """

    extractor: str
    n: int
    m: int
    seed_bits: int
    min_entropy: Fraction
    seed_min_entropy: Fraction
    log2_error: Fraction
    blocks: int
    theorem: str
    assumptions: tuple[str, ...]
    parameters: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, Any] = field(default_factory=dict)
    strong: bool = True

    @property
    def net_bits(self) -> int:
        """Bits of output of all blocks, less the bits of seed that were drawn for them; below 0 for a loss.

        One seed serves all blocks of a strong extractor; else each block has its own.
        """
        return self.blocks * self.m - self.seed_bits * (1 if self.strong else self.blocks)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; numbers that are not whole become floats."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name, value in data.items():
            if isinstance(value, Fraction):
                data[name] = int(value) if value.denominator == 1 else float(value)
        data["assumptions"] = list(self.assumptions)
        data["parameters"] = dict(self.parameters)
        data["costs"] = {name: float(v) if isinstance(v, Fraction) else v for name, v in self.costs.items()}
        return data


def check_bits(value: Any, name: str, most: int) -> int:
    """A length in bits from 1 to `most`, or ParameterError."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ParameterError(f"{name} must be a whole number of bits, not {value!r}")
    number: int = value.__index__()
    if not 1 <= number <= most:
        raise ParameterError(f"{name} = {number} bits is outside 1 to {most}")
    return number


class SeededExtractor(ABC):
    """A map from n raw bits and a seed to m bits: bare, or a planned extractor.

    Made by its constructor it is a map and claims nothing. Made by `plan` it carries the plan and counts blocks:
    past `plan.blocks` it refuses with BudgetError, because each block spends a part of the error. Thread-safe.

    Attributes:
        name: as in the registry.
        strong: whether the output stays good beside the seed, so that one seed serves many blocks.
        n, m: bits of a raw block and of its output.
        seed_bits, seed_bytes: length of the seed, and of its packed form.
    """

    name: ClassVar[str]
    strong: ClassVar[bool] = True

    def __init__(self, n: int, m: int, seed_bits: int) -> None:
        self.n, self.m, self.seed_bits = n, m, seed_bits
        self.seed_bytes = bits.bytes_for(seed_bits)
        self._plan: Plan | None = None
        self._used = 0
        self._lock = threading.Lock()

    @property
    def planned(self) -> Plan | None:
        """The plan, or None for a bare map."""
        return self._plan

    @property
    def blocks_left(self) -> int | None:
        """Blocks that the error budget still pays for; None for a bare map, which has none."""
        return None if self._plan is None else self._plan.blocks - self._used

    @abstractmethod
    def prepare(self, seed: Any) -> PreparedSeed:
        """Make a seed ready for use."""

    @abstractmethod
    def _extract(self, source: memoryview, target: memoryview, seed: Any, blocks: int, threads: int) -> None:
        """Write the outputs of `blocks` blocks; the lengths are checked, the blocks are not paid for yet."""

    def extract(self, raw: Any, seed: Any, *, threads: int = 1) -> bytearray:
        """Hash one block.

        Args:
            raw: ceil(n / 8) packed bytes; bits that pad the last byte are ignored.
            seed: packed bytes, a callable, or what `prepare` returned.
            threads: as in `extract_blocks`.

        Returns:
            ceil(m / 8) bytes; bits that pad the last byte are zero.

        Raises:
            ParameterError: a length is wrong, or the seed was prepared for another map.
            BudgetError: the plan's blocks are used up.
        """
        if len(readable_bytes(raw, "raw")) != bits.bytes_for(self.n):
            raise ParameterError(f"one block of {self.n} bits takes {bits.bytes_for(self.n)} bytes of raw input")
        out: bytearray = self.extract_blocks(raw, seed, blocks=1, threads=threads)
        return out

    def extract_blocks(
        self, raw: Any, seed: Any, out: Any = None, *, blocks: int | None = None, threads: int = 1
    ) -> Any:
        """Hash many blocks, as one contiguous bit stream in and one out.

        Block b is the n bits from bit b * n of `raw` on; its output is the m bits from bit b * m on.

        Args:
            raw: packed bytes of whole blocks; up to 7 bits that pad the last byte are ignored. Or an iterable of packed
                buffers that are such a stream together, cut at any byte.
            seed: packed bytes, a callable, or what `prepare` returned: one seed for all blocks. For an extractor that
                is not strong, the seeds of all blocks as one contiguous bit stream.
            out: writable buffer of ceil(blocks * m / 8) bytes, not overlapping `raw`; a new bytearray if None. None
                for an iterable.
            blocks: number of blocks; by default as many as `raw` holds.
            threads: how many threads share the work: blocks, or, where these are few and long (from about 300,000
                bits), each block's pieces. The output does not depend on it; each thread takes working space.

        Returns:
            `out`; bits that pad its last byte are zero. For an iterable, an iterator of bytearrays, which joined are
            what the joined buffers give. Each piece is paid for when it is made; what was gathered of the raw bits is
            wiped when the iterator ends, raises or is closed; the buffers and pieces are the caller's. Wrong lengths
            show when the iterable ends, after the pieces before.

        Raises:
            ParameterError: a length is wrong, `out` is read-only or overlaps `raw`, or the seed was prepared for
                another map.
            BudgetError: the plan has fewer blocks left; nothing was extracted, of an iterable nothing more.
        """
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise ParameterError(f"threads must be an int of at least 1, not {threads!r}")
        if blocks is not None and (isinstance(blocks, bool) or not isinstance(blocks, int) or blocks < 1):
            raise ParameterError(f"blocks must be an int of at least 1, not {blocks!r}")
        if _is_stream(raw):
            return self._stream(raw, seed, out, blocks, threads)
        source = readable_bytes(raw, "raw")
        count = 8 * len(source) // self.n if blocks is None else blocks
        if count < 1 or bits.bytes_for(count * self.n) != len(source):
            wanted = "whole blocks" if blocks is None else f"{count} blocks"
            raise ParameterError(f"raw holds {len(source)} bytes: not {wanted} of {self.n} bits")
        size = bits.bytes_for(count * self.m)
        result = bytearray(size) if out is None else out
        target = writable_bytes(result, "out")
        if len(target) != size:
            raise ParameterError(f"{count} blocks of {self.m} bits take {size} bytes: out holds {len(target)}")
        first, second = (int(ffi.cast("uintptr_t", p)) for p in (readable(source), writable(target)))
        if first < second + size and second < first + len(source):
            raise ParameterError("raw and out overlap: give out memory of its own")
        self._extract(source, target, seed, count, threads)
        return result

    def _stream(self, raw: Iterable[Any], seed: Any, out: Any, blocks: int | None, threads: int) -> Iterator[bytearray]:
        if out is not None:
            raise ParameterError("out is for one buffer: of an iterable the pieces are returned one by one")
        if not self.strong:
            raise ParameterError(f"{self!r} takes a seed for each block: give raw as one buffer, and so the seeds")
        pieces = ((view, 8 * len(view)) for view in (readable_bytes(part, "each piece of raw") for part in raw))
        batches = Batches(pieces, self.n, 8 // math.gcd(8, self.m))
        if isinstance(seed, PreparedSeed):
            self._check_owner(seed)
            return self._pieces(batches, seed, blocks, threads, mine=False)
        return self._pieces(batches, self.prepare(seed), blocks, threads, mine=True)

    def _pieces(
        self, batches: Batches, seed: PreparedSeed, blocks: int | None, threads: int, mine: bool
    ) -> Iterator[bytearray]:
        done = 0
        walk = iter(batches)
        try:
            for batch, held in walk:
                count = held if blocks is None else min(held, blocks - done)
                if count < 1 or (blocks is not None and batches.taken >= blocks * self.n + 8):
                    break
                yield self.extract_blocks(batch[: bits.bytes_for(count * self.n)], seed, blocks=count, threads=threads)
                done += count
            if done and done == (blocks or done) and bits.bytes_for(done * self.n) == bits.bytes_for(batches.taken):
                return
            wanted = "whole blocks" if blocks is None else f"{blocks} blocks"
            raise ParameterError(f"the pieces of raw are not {wanted} of {self.n} bits together")
        finally:
            walk.close()
            if mine:
                seed.close()

    def _check_owner(self, seed: PreparedSeed) -> None:
        if seed.owner != self._key:
            raise ParameterError(f"{seed!r} does not fit {self!r}: prepare the seed with this extractor")

    def _spend(self, count: int) -> None:
        if self._plan is None:
            return
        with self._lock:
            left = self._plan.blocks - self._used
            if count > left:
                raise BudgetError(
                    f"this plan's error pays for {self._plan.blocks} blocks, {left} are left and {count} were asked "
                    "for: make a new plan with more blocks, and a fresh seed"
                )
            self._used += count

    @property
    def _key(self) -> tuple[str, int, int, int]:
        return self.name, self.n, self.m, self.seed_bits

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n}, {self.m})"


def _is_stream(raw: Any) -> bool:
    """Whether raw is an iterable of buffers: no buffer itself, and no text."""
    try:
        memoryview(raw)
    except TypeError:
        return isinstance(raw, Iterable) and not isinstance(raw, str | Mapping)
    return False
