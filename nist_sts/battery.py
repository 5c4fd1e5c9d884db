"""The battery: many sequences through many tests, then one verdict."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from nist_sts import summary
from nist_sts.base import MODES, Mode, NotApplicable, StatisticalTest
from nist_sts.registry import TESTS, select
from nist_sts.report import Report, Row, TestReport
from nist_sts.sequence import MAX_LENGTH, Sequence
from nist_sts.stream import BitStream
from qrng.errors import FormatError, ParameterError
from qrng.parallel import ordered

__all__ = ["DEFAULT_LENGTH", "WHOLE_UP_TO", "run"]

DEFAULT_LENGTH = 1_000_000
"""Bits a sequence where neither length nor sequences are given and the input is long."""
WHOLE_UP_TO = 10_000_000
"""Longest input, in bits, that is one sequence where neither length nor sequences are given."""

GATHERED = MAX_LENGTH
"""Most bits, 512 MB, of an input of unknown size that are kept to divide it into a given number of sequences."""

Plan = tuple[tuple[str, Mapping[str, Any]], ...]
"""Names of tests and their parameters: small, and fit to be sent to another process."""
Found = list[tuple[tuple[float | None, ...], str | None]]
"""For each test its p-values and, where it does not apply, the reason."""


def run(
    data: Any,
    *,
    length: int | None = None,
    sequences: int | None = None,
    mode: Mode = "corrected",
    tests: list[str] | tuple[str, ...] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Run SP 800-22 tests over one or many sequences of bits.

    Args:
        data: packed bytes (most significant bit first), a bool array, Samples, a capture, a source, or an
            iterable of Samples; symbols of any width are taken as their bits, highest first.
        length: bits a sequence, to 2**32. Default: with `sequences`, as many as the input allows; else all of
            the input up to 10**7 bits, and 10**6 beyond. Of a live source 10**6.
        sequences: how many; default as many as the input has.
        mode: "nist" for the p-values of NIST STS 2.1.2, "corrected" for those with its known defects mended.
        tests: names; default all.
        parameters: test name to values that differ from the defaults.
        workers: sequences judged at a time, by threads; the kernels run outside the interpreter's lock.
        executor: any executor to judge sequences on instead, of threads, processes or machines.
        progress: called with the number of sequences done since the last call.

    Returns:
        Report: p-values, proportions, uniformity, NIST's verdicts and the family verdict.

    Raises:
        FormatError: the input is empty.
        ParameterError: an unknown name, a parameter out of range, or more bits asked than the input has.
    """
    if mode not in MODES:
        raise ParameterError(f"mode {mode!r} is none of {', '.join(MODES)}")
    chosen = select(tests)
    given = dict(parameters or {})
    for name in given:
        if name not in {test.name for test in chosen}:
            raise ParameterError(f"parameters for {name!r}, which is not among the tests to run")
    if workers < 1:
        raise ParameterError(f"workers must be at least 1, not {workers}")
    plan: Plan = tuple((test.name, test.with_defaults(given.get(test.name, {}))) for test in chosen)
    stream = BitStream(data)
    length, sequences = _layout(stream, length, sequences)
    found: list[Found] = []
    for one in _evaluated(stream.sequences(length, sequences), mode, plan, workers, executor):
        found.append(one)
        if progress is not None:
            progress(1)
    if not found or (sequences is not None and len(found) < sequences):
        raise ParameterError(
            f"the input ends inside sequence {len(found) + 1} of {sequences or 1}: {length:,} bits each were asked"
        )
    unused = None if stream.total is None else stream.total - len(found) * length
    return Report(
        mode=mode,
        length=length,
        sequences=len(found),
        parameters=dict(plan),
        tests=tuple(_judge(mode, plan, found, length)),
        unused_bits=unused,
    )


def _evaluated(
    sequences: Iterator[Sequence], mode: Mode, plan: Plan, workers: int, executor: Executor | None
) -> Iterator[Found]:
    """What each sequence gives, in order; never more sequences in memory than can be at work and two in waiting."""
    with contextlib.ExitStack() as stack:
        if executor is None and workers > 1:
            executor = stack.enter_context(ThreadPoolExecutor(workers))
        room = max(workers, getattr(executor, "_max_workers", workers)) + 2
        yield from ordered(functools.partial(evaluate, mode=mode, plan=plan), sequences, executor, room)


def evaluate(sequence: Sequence, mode: Mode, plan: Plan) -> Found:
    """All tests of a plan on one sequence."""
    tests = [(TESTS[name], values) for name, values in plan]
    found: Found = []
    applicable = ((test, values) for test, values in tests if sequence.n >= test.minimum(mode, values))
    sequence.measure(tuple(r for test, values in applicable for r in test.requests(sequence.n, mode, values)))
    for test, values in tests:
        least = test.minimum(mode, values)
        nothing = (None,) * len(test.labels(values))
        if sequence.n < least:
            found.append((nothing, f"needs n ≥ {least:,}"))
            continue
        try:
            found.append((test.evaluate(sequence, mode, values).p_values, None))
        except NotApplicable as reason:
            found.append((nothing, str(reason)))
    return found


def _layout(stream: BitStream, length: int | None, sequences: int | None) -> tuple[int, int | None]:
    """Bits a sequence and number of sequences, from what was asked and what the input has."""
    for name, value in (("length", length), ("sequences", sequences)):
        if value is not None and value < 1:
            raise ParameterError(f"{name} must be at least 1, not {value}")
    if stream.endless and sequences is None:
        raise ParameterError("a live source never ends: say how many sequences to judge")
    if stream.endless and length is None:
        length = DEFAULT_LENGTH
    if length is None and sequences is None and (stream.total is None or stream.total <= WHOLE_UP_TO):
        held = stream.gather(WHOLE_UP_TO + 1)
        length, sequences = (held, 1) if held <= WHOLE_UP_TO else (DEFAULT_LENGTH, None)
    elif length is None and sequences is None:
        length = DEFAULT_LENGTH
    elif length is None and sequences is not None:
        held = stream.gather(GATHERED + 1) if stream.total is None else stream.total
        if stream.total is None and held > GATHERED:
            raise ParameterError(
                f"{GATHERED:,} bits came and no end is in sight, so {sequences:,} equal sequences can't be cut: "
                "give their length"
            )
        length = held // sequences
        if held and not length:
            raise ParameterError(f"{sequences:,} sequences asked of an input of {held:,} bits")
    assert length is not None
    if stream.total == 0 or length == 0:
        raise FormatError("the input is empty: there is nothing to test")
    if length > MAX_LENGTH:
        raise ParameterError(f"a sequence has at most 2^32 bits, not {length:,}")
    if stream.total is not None and stream.total < length * (sequences or 1):
        raise ParameterError(
            f"{sequences or 1:,} × {length:,} bits asked of an input of {stream.total:,} bits: "
            "give fewer or shorter ones"
        )
    return length, sequences


def _judge(mode: Mode, plan: Plan, found: list[Found], n: int) -> Iterator[TestReport]:
    tables = [np.array([one[k][0] for one in found], dtype=np.float64) for k in range(len(plan))]  # NaN for None
    limit = summary.holm(np.concatenate([table[~np.isnan(table)] for table in tables]))
    family_rows = sum(len(found[0][k][0]) for k in range(len(plan)))
    for index, (name, values) in enumerate(plan):
        test = TESTS[name]
        p_values = tuple(one[index][0] for one in found)
        reasons = list(dict.fromkeys(reason for one in found if (reason := one[index][1]) is not None))
        yield TestReport(
            name=test.name,
            section=test.section,
            p_values=p_values,
            reason="; ".join(reasons) if reasons else None,
            rows=tuple(_rows(test, values, tables[index], mode, n, family_rows)),
            rejected=int(np.count_nonzero(tables[index] <= limit)),
            correction=test.correction if mode == "corrected" else "",
        )


def _swapped(attained: Callable[[float, int], float], n: int, x: float) -> float:
    return attained(x, n)


def _rows(
    test: StatisticalTest,
    values: Mapping[str, Any],
    table: npt.NDArray[np.float64],
    mode: Mode,
    n: int,
    family_rows: int,
) -> Iterator[Row]:
    attained = None if test.attained is None else functools.partial(_swapped, test.attained, n)
    for k, label in enumerate(test.labels(values)):
        column = table[:, k][~np.isnan(table[:, k])]
        counts, passed = summary.bins(column), summary.passing(column)
        flat = summary.uniformity(counts, mode, attained)
        yield Row(
            label=label,
            applicable=column.size,
            proportion=passed / column.size if column.size else None,
            band=summary.proportion_band(column.size, mode) if column.size else None,
            exact_least=summary.exact_band(column.size, family_rows) if column.size else None,
            uniformity=flat,
            nist_passed=summary.nist_verdict(column.size, passed, flat, mode) if column.size else None,
            histogram=counts,
        )
