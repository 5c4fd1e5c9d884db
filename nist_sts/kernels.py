"""Requests to the C kernels, and the one call that answers many of them, outside the interpreter's lock."""

from __future__ import annotations

import functools
import threading
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng._native import check, ffi, lib, readable, writable
from qrng.errors import ParameterError

__all__ = [
    "CYCLES",
    "ONES",
    "TRANSITIONS",
    "WALK",
    "Counts",
    "Measured",
    "Request",
    "block_patterns",
    "block_squares",
    "complexities",
    "gaps",
    "longest_runs",
    "measure",
    "patterns",
    "peaks_below",
    "ranks",
    "run_counts",
    "spectrum_plan",
]

Counts = npt.NDArray[np.uint64]

_HELD = 1 << 30
"""Bytes of half-made transform in memory: beyond, at 2^28 bits, it is made in parts."""
_KEPT = 1 << 24
"""Bytes of working memory that a thread keeps from one call to the next: fresh pages cost a tenth of the work."""


class Request(NamedTuple):
    """A statistic of a sequence, as `qrng_sts_job` of the C core has it.

    Attributes:
        kernel: one of its numbers.
        numbers: up to three, what the kernel is told.
        entries: counts that it writes.
        threshold: of powers, for the spectrum alone.
    """

    kernel: int
    numbers: tuple[int, ...] = ()
    entries: int = 0
    threshold: float = 0.0


class Measured(NamedTuple):
    """What a kernel found: the number and the sum that it returns, 0 if it returns none, and its counts."""

    value: int
    sum: float
    counts: Counts


ONES = Request(lib.QRNG_STS_ONES)
"""value: number of ones."""
TRANSITIONS = Request(lib.QRNG_STS_TRANSITIONS)
"""value: places where a bit differs from the next one."""
WALK = Request(lib.QRNG_STS_WALK, entries=3)
"""counts, to be read as int64: highest, lowest and last place of the walk of +-1."""
CYCLES = Request(lib.QRNG_STS_CYCLES, entries=19 + 54)
"""value: cycles of the walk; counts: 19 of visits, 9 x 6 of classes."""


def block_squares(blocks: int, length: int) -> Request:
    """value: the sum of (2 ones - length)^2 over the blocks."""
    return Request(lib.QRNG_STS_BLOCK_SQUARES, (blocks, length))


def longest_runs(blocks: int, length: int, top: int) -> Request:
    """counts: blocks with a longest run of 0, 1, ... ones; `top` and more together in the last entry."""
    return Request(lib.QRNG_STS_LONGEST_RUNS, (blocks, length), top + 1)


def run_counts(blocks: int, length: int, run: int, top: int) -> Request:
    """counts: blocks that hold 0, 1, ... places where `run` (1 to 64) ones in a row start; `top` and more together."""
    return Request(lib.QRNG_STS_RUN_COUNTS, (blocks, length, run), top + 1)


def patterns(m: int, kept: int) -> Request:
    """How often patterns of bits occur in the sequence closed to a ring.

    counts: for k = 0 to m the sum of the squared counts of all patterns of k bits, modulo 2^64; behind these m + 1, at
    2^k + v, the count of pattern v of k bits, k = 0 to `kept`.
    """
    return Request(lib.QRNG_STS_PATTERNS, (m, kept), m + 1 + (2 << kept))


def block_patterns(blocks: int, length: int, m: int) -> Request:
    """counts[2^m b + v]: how often pattern v of m bits occurs inside block b."""
    return Request(lib.QRNG_STS_BLOCK_PATTERNS, (blocks, length, m), blocks << m)


def gaps(width: int, first: int, tested: int, limit: int) -> Request:
    """counts behind the first 2^width: distances below `limit` to the last equal block; sum: log2 of longer ones."""
    return Request(lib.QRNG_STS_GAPS, (width, first, tested), (1 << width) + limit)


def ranks(matrices: int, rows: int, columns: int) -> Request:
    """counts: matrices of rank 0, 1, ..., columns."""
    return Request(lib.QRNG_STS_RANKS, (matrices, rows, columns), columns + 1)


def complexities(blocks: int, length: int) -> Request:
    """counts: blocks of linear complexity 0, 1, ..., length."""
    return Request(lib.QRNG_STS_COMPLEXITIES, (blocks, length), length + 1)


def peaks_below(n: int, threshold: float) -> Request:
    """value: bins 0 .. n // 2 - 1 with |F|^2 < threshold, 2^64 - 1 where single precision can't tell; needs a plan."""
    return Request(lib.QRNG_STS_PEAKS_BELOW, (n,), threshold=threshold)


@functools.lru_cache(maxsize=4)
def spectrum_plan(n: int) -> bits.Bytes | None:
    """Tables of the transform of n bits, None if this length has none."""
    size = int(lib.qrng_sts_spectrum_plan_bytes(n))
    if size == 0:
        return None
    plan = np.empty(size, np.uint8)
    check(lib.qrng_sts_spectrum_plan(writable(plan), size, n, _HELD), f"no spectrum of {n} bits")
    return plan


def measure(words: npt.NDArray[np.uint64], n: int, requests: tuple[Request, ...]) -> list[Measured]:
    """Answer all requests for a loaded sequence of n bits in one call of the C core.

    Raises:
        ParameterError: the numbers of a request are out of range.
    """
    template = _jobs(requests)
    jobs = ffi.new("qrng_sts_job[]", len(requests))
    ffi.memmove(jobs, template, ffi.sizeof(template))
    held = []
    for job, request in zip(jobs, requests, strict=True):
        if request.kernel == lib.QRNG_STS_PEAKS_BELOW:
            plan = spectrum_plan(n)
            if plan is None:
                raise ParameterError(f"a sequence of {n} bits has no spectrum in single precision")
            held.append(readable(plan))
            job.plan = held[-1]
    counts = np.empty(sum(request.entries for request in requests), np.uint64)
    scratch = _scratch(int(lib.qrng_sts_measure_scratch_bytes(jobs, len(requests))))
    pointers = ffi.from_buffer("uint64_t[]", words), ffi.from_buffer("uint64_t[]", counts, require_writable=True)
    done = int(lib.qrng_sts_measure(pointers[0], n, jobs, len(requests), pointers[1], writable(scratch), scratch.size))
    if done < len(requests):
        raise ParameterError(f"a sequence of {n} bits can't be measured so: {requests[done]}")
    found, at = [], 0
    for job, request in zip(jobs, requests, strict=True):
        found.append(Measured(job.value, job.sum, counts[at : at + request.entries]))
        at += request.entries
    return found


@functools.lru_cache(maxsize=64)
def _jobs(requests: tuple[Request, ...]) -> Any:
    """The jobs of these requests, without plans."""
    jobs = ffi.new("qrng_sts_job[]", len(requests))
    for job, request in zip(jobs, requests, strict=True):
        job.kernel, job.entries, job.threshold = request.kernel, request.entries, request.threshold
        for k, number in enumerate(request.numbers):
            job.numbers[k] = number
    return jobs


class _Thread(threading.local):
    scratch = np.empty(0, np.uint8)


_thread = _Thread()


def _scratch(size: int) -> bits.Bytes:
    """Working memory of at least `size` bytes, used by nobody else until this thread asks again."""
    if size > _KEPT:
        return np.empty(size, np.uint8)
    if _thread.scratch.size < size:
        _thread.scratch = np.empty(size, np.uint8)
    return _thread.scratch
