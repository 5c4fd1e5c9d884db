"""Extractors whose seed is made ready once and then serves many blocks: the C core's linear hashes, and Trevisan's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from qrng._native import check, ffi, lib, readable, wipe, writable
from qrng.extractors.base import SeededExtractor
from qrng.extractors.seeds import PreparedSeed, seed_bytes

__all__ = ["LinearExtractor"]

_GROUP = 64
"""Blocks that the fastest kernel takes at once; a multiple of 8, so a group's output is whole bytes."""


class LinearExtractor(SeededExtractor):
    """A seeded hash that is linear over GF(2), from n raw bits to m."""

    _kind: ClassVar[int]

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

    def _extract(self, source: memoryview, target: memoryview, seed: Any, blocks: int, threads: int) -> None:
        x, y = readable(source), writable(target)
        if isinstance(seed, PreparedSeed):
            self._check_owner(seed)
            state = seed.state
            self._spend(blocks)
            self._multiply(state, x, y, blocks, threads)
        else:
            with self.prepare(seed) as prepared:
                self._spend(blocks)
                self._multiply(prepared.state, x, y, blocks, threads)

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
