"""Health tests over many captures, a capture a piece of work for any executor."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from fractions import Fraction
from functools import partial
from typing import Any

from qrng.formats import open_capture
from qrng.health.scan import HealthReport, scan
from qrng.parallel import ordered

__all__ = ["scan_file", "scan_files"]

Path_ = str | os.PathLike[str]


def scan_file(
    path: Path_,
    *,
    claim: float | Fraction,
    layout: str | None = None,
    bits_per_symbol: int | None = None,
    lanes: int | None = None,
    **options: Any,
) -> HealthReport:
    """Run every health test over a capture file.

    Args:
        path: the file.
        claim: claimed min-entropy of a symbol, in bits.
        layout, bits_per_symbol, lanes: how to read it; sniffed where None.
        options: alpha_log2, run_length_log2, restarts, as for `qrng.health.scan`.

    Raises:
        FormatError, OSError: the file can't be read. Else as `qrng.health.scan`.
    """
    with open_capture(os.fspath(path), layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes) as capture:
        return scan(
            capture.chunks(), claim=claim, bits_per_symbol=capture.bits_per_symbol, lanes=capture.lanes, **options
        )


def scan_files(
    paths: Iterable[Path_], *, executor: Executor | None = None, ahead: int = 4, **options: Any
) -> Iterator[tuple[Path_, HealthReport]]:
    """(path, report) of each capture, in order. The tests go through a capture in order: a file is a piece of work.

    Each capture is judged by itself: that healthy ones raise no alarm has a probability of at least 1 minus the sum
    of their false-alarm bounds.

    Args:
        paths: captures; workers on other machines must see them under the same names.
        executor: any `concurrent.futures.Executor`; None works in this thread.
        ahead: captures in work at a time.
        options: as for `scan_file`.

    Raises:
        As `scan_file`, for the first capture that can't be judged.
    """
    names: list[Path_] = []

    def noted() -> Iterator[Path_]:
        for path in paths:
            names.append(path)
            yield path

    reports = ordered(partial(scan_file, **options), noted(), executor, ahead)
    for index, report in enumerate(reports):
        yield names[index], report
