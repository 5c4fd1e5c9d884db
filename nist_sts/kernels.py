"""Calls of the C kernels with arrays that the caller sees: counts out, scratch allocated here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qrng._native import check, ffi, lib, writable

__all__ = [
    "Counts",
    "block_patterns",
    "complexities",
    "gaps",
    "longest_runs",
    "ranks",
    "ring_patterns",
    "run_counts",
]

Counts = npt.NDArray[np.uint64]


def _pointer(counts: Counts) -> Any:
    return ffi.from_buffer("uint64_t[]", counts, require_writable=True)


def longest_runs(words: Any, blocks: int, length: int, top: int) -> Counts:
    """How many blocks have a longest run of 0, 1, ... ones; `top` and more together in the last entry."""
    counts = np.zeros(top + 1, np.uint64)
    lib.qrng_sts_longest_runs(words, blocks, length, _pointer(counts), top)
    return counts


def run_counts(words: Any, blocks: int, length: int, run: int, top: int) -> Counts:
    """How many blocks hold 0, 1, ... places where `run` ones in a row start; `top` and more together."""
    counts = np.zeros(top + 1, np.uint64)
    status = lib.qrng_sts_run_counts(words, blocks, length, run, _pointer(counts), top)
    check(status, f"a run of {run} ones must have 1 to 64 bits and fit into a block of {length}")
    return counts


def ring_patterns(words: Any, n: int, m: int) -> Counts:
    """How often each pattern of m bits occurs in the sequence closed to a ring."""
    counts = np.zeros(2**m, np.uint64)
    check(lib.qrng_sts_patterns(words, n, m, _pointer(counts)), f"patterns of {m} bits in a sequence of {n}")
    return counts


def block_patterns(words: Any, blocks: int, length: int, m: int) -> Counts:
    """How often each pattern of m bits occurs inside each block: an array of blocks x 2^m."""
    counts = np.zeros((blocks, 2**m), np.uint64)
    status = lib.qrng_sts_block_patterns(words, blocks, length, m, _pointer(counts))
    check(status, f"patterns of {m} bits in blocks of {length}")
    return counts


def gaps(words: Any, width: int, first: int, tested: int, limit: int) -> tuple[Counts, float]:
    """How often each distance below `limit` to the last equal block occurs, and the sum of log2 of longer ones."""
    last, counts = np.zeros(2**width, np.uint64), np.zeros(limit, np.uint64)
    far = lib.qrng_sts_gaps(words, width, first, tested, _pointer(last), _pointer(counts), limit)
    return counts, float(far)


def ranks(words: Any, matrices: int, rows: int, columns: int) -> Counts:
    """How many matrices have rank 0, 1, ..."""
    counts = np.zeros(columns + 1, np.uint64)
    scratch = np.empty(int(lib.qrng_sts_rank_scratch_bytes(rows, columns)), np.uint8)
    pointer = _pointer(counts)
    status = lib.qrng_sts_ranks(words, matrices, rows, columns, pointer, writable(scratch), scratch.size)
    check(status, f"matrices of {rows} × {columns} bits")
    return counts[: min(rows, columns) + 1]


def complexities(words: Any, blocks: int, length: int) -> Counts:
    """How many blocks have linear complexity 0, 1, ..."""
    counts = np.zeros(length + 1, np.uint64)
    scratch = np.empty(int(lib.qrng_sts_complexity_scratch_bytes(length)), np.uint8)
    status = lib.qrng_sts_complexities(words, blocks, length, _pointer(counts), writable(scratch), scratch.size)
    check(status, f"linear complexity of blocks of {length} bits")
    return counts
