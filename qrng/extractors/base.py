"""What the seeded extractors share: the plan, the error budget, and linear maps over streams of blocks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from qrng import bits
from qrng._native import check, ffi, lib, readable, wipe, writable
from qrng.errors import BudgetError, ParameterError
from qrng.extractors.seeds import PreparedSeed, readable_bytes, seed_bytes, writable_bytes

__all__ = ["LinearExtractor", "Plan", "check_bits"]

_GROUP = 64
"""Blocks that the fastest kernel takes at once; a multiple of 8, so a group's output is whole bytes."""


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

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; numbers that are not whole become floats."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name, value in data.items():
            if isinstance(value, Fraction):
                data[name] = int(value) if value.denominator == 1 else float(value)
        data["assumptions"] = list(self.assumptions)
        data["parameters"] = dict(self.parameters)
        return data


def check_bits(value: Any, name: str, most: int) -> int:
    """A length in bits from 1 to `most`, or ParameterError."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ParameterError(f"{name} must be a whole number of bits, not {value!r}")
    number: int = value.__index__()
    if not 1 <= number <= most:
        raise ParameterError(f"{name} = {number} bits is outside 1 to {most}")
    return number


class LinearExtractor:
    """A seeded hash that is linear over GF(2), from n raw bits to m: the bare map, or a planned extractor.

    Made by its constructor it is a map and claims nothing. Made by `plan` it carries the plan and counts blocks:
    past `plan.blocks` it refuses with BudgetError, because each block spends a part of the error. Thread-safe.

    Attributes:
        name: as in the registry.
        n, m: bits of a raw block and of its output.
        seed_bits, seed_bytes: length of the seed, and of its packed form.
    """

    name: ClassVar[str]
    _kind: ClassVar[int]

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

    def _prepare(self, seed: memoryview) -> Any:
        size = lib.qrng_linear_state_bytes(self._kind, self.n, self.m, self.seed_bits)
        state = ffi.new("uint8_t[]", size)
        status = lib.qrng_linear_prepare(state, size, self._kind, self.n, self.m, readable(seed), self.seed_bits)
        check(status, "the kernel was changed while a seed was being prepared: prepare it again")
        return state

    def _scratch_bytes(self, state: Any) -> int:
        """Working space of `_run`."""
        return int(lib.qrng_linear_scratch_bytes(state))

    def _run(self, state: Any, raw: Any, out: Any, first: int, blocks: int, scratch: Any) -> None:
        """Hash `blocks` contiguous blocks from block `first` on."""
        lib.qrng_linear_extract(state, raw, first * self.n, out, first * self.m, blocks, scratch)

    def prepare(self, seed: Any) -> PreparedSeed:
        """Compute the seed's transform once, for many blocks.

        Args:
            seed: `seed_bytes` packed bytes, or a callable that returns them when asked for that number.

        Raises:
            ParameterError: the seed is longer or shorter.
        """
        return PreparedSeed(self._key, self._prepare(seed_bytes(seed, self.seed_bits)))

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
        """Hash many blocks with one seed, as one contiguous bit stream in and one out.

        Block b is the n bits from bit b * n of `raw` on; its output is the m bits from bit b * m on.

        Args:
            raw: packed bytes of whole blocks; up to 7 bits that pad the last byte are ignored.
            seed: packed bytes, a callable, or what `prepare` returned.
            out: writable buffer of ceil(blocks * m / 8) bytes, not overlapping `raw`; a new bytearray if None.
            blocks: number of blocks; by default as many as `raw` holds.
            threads: how many threads share the work: blocks, or, where these are few and long (from about 300,000
                bits), each block's pieces. The output does not depend on it; each thread takes working space.

        Returns:
            `out`; bits that pad its last byte are zero.

        Raises:
            ParameterError: a length is wrong, `out` is read-only or overlaps `raw`, or the seed was prepared for
                another map.
            BudgetError: the plan has fewer blocks left; nothing was extracted.
        """
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise ParameterError(f"threads must be an int of at least 1, not {threads!r}")
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
        x, y = readable(source), writable(target)
        first, second = int(ffi.cast("uintptr_t", x)), int(ffi.cast("uintptr_t", y))
        if first < second + size and second < first + len(source):
            raise ParameterError("raw and out overlap: give out memory of its own")
        if isinstance(seed, PreparedSeed):
            if seed.owner != self._key:
                raise ParameterError(f"{seed!r} does not fit {self!r}: prepare the seed with this extractor")
            state = seed.state
            self._spend(count)
            self._multiply(state, x, y, count, threads)
        else:
            with self.prepare(seed) as prepared:
                self._spend(count)
                self._multiply(prepared.state, x, y, count, threads)
        return result

    def _multiply(self, state: Any, x: Any, y: Any, count: int, threads: int) -> None:
        if count * self.m % 8:
            y[len(y) - 1] = 0

        def work(first: int, blocks: int) -> None:
            scratch = np.empty(self._scratch_bytes(state), np.uint8)
            try:
                self._run(state, x, y, first, blocks, writable(scratch))
            finally:
                wipe(scratch)

        # Shares are whole groups, so that kernels are full and no two threads write to one byte.
        groups = -(-count // _GROUP)
        if groups < threads and (most := self._most_parts(state)) > 1:
            self._multiply_in_parts(state, x, y, count, min(threads, most))
            return
        threads = min(threads, groups)
        borders = [min(count, groups * i // threads * _GROUP) for i in range(threads + 1)]
        if threads == 1:
            work(0, count)
            return
        with ThreadPoolExecutor(threads) as pool:
            shares = [pool.submit(work, a, b - a) for a, b in pairwise(borders)]
        for share in shares:
            share.result()

    def _most_parts(self, state: Any) -> int:
        """How many threads one block keeps busy; 1 for a map that is not one of the C core's linear ones."""
        return int(lib.qrng_linear_most_parts(state)) if hasattr(self, "_kind") else 1

    def _multiply_in_parts(self, state: Any, x: Any, y: Any, count: int, parts: int) -> None:
        """Few long blocks: one after the other, each by all threads."""
        memory = np.empty(lib.qrng_linear_parts_bytes(state, parts), np.uint8)
        scratch = writable(memory)
        try:
            with ThreadPoolExecutor(parts - 1) as pool:
                for block in range(count):
                    at = block * self.n
                    for phase in range(2):
                        work = partial(lib.qrng_linear_part, state, x, at, phase)
                        others = [pool.submit(work, part, parts, scratch) for part in range(1, parts)]
                        work(0, parts, scratch)
                        for other in others:
                            other.result()
                    lib.qrng_linear_finish(state, x, at, y, block * self.m, parts, scratch)
        finally:
            wipe(memory)

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
