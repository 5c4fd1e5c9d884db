"""A capture's blocks through an extractor: read from the beginning, in use lanes only, alone or by other workers."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import Any, BinaryIO

from qrng import bits
from qrng._native import wipe
from qrng.extractors.batches import Batches
from qrng.formats import Capture, open_capture
from qrng.health.lanes import Lanes
from qrng.parallel import ordered
from qrng.samples import Samples

__all__ = ["Input", "Progress", "extracted"]

Progress = Callable[[str, int], None]
"""progress(name of the pass, raw bits done since the last call)"""


class Input:
    """A capture that can be read from the beginning more than once; standard input is kept in an unlinked file."""

    def __init__(self, path: str, layout: str | None, bits_per_symbol: int | None, lanes: int | None) -> None:
        self.path = path
        self.name = "stdin" if path == "-" else path
        self.without: tuple[int, ...] = ()  # lanes that `chunks` leaves out
        self.sha256: str | None = None  # of the file's bytes, as the last whole extraction read them
        self._spool: BinaryIO | None = None
        self._how: dict[str, Any] = {"layout": layout, "bits_per_symbol": bits_per_symbol, "lanes": lanes}
        if path == "-":
            import shutil
            import sys

            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            try:
                shutil.copyfileobj(sys.stdin.buffer, self._spool)
            except OSError as error:
                where = f"a copy of standard input in {tempfile.gettempdir()}"
                raise type(error)(error.errno, error.strerror, where) from None
        with self.open() as first:
            # The second pass reads what the first one found, it does not guess again.
            self._how = {"layout": first.layout, "bits_per_symbol": first.bits_per_symbol, "lanes": first.lanes}
            self.description, self.layout = first.describe(), first.layout
            self.bits_per_symbol, self.lanes = first.bits_per_symbol, first.lanes
            self.provenance, self.count = first.provenance, first.count

    def open(self) -> Capture:
        """The capture from its beginning."""
        if self._spool is None:
            return open_capture(self.path, **self._how)
        self._spool.seek(0)
        return open_capture(self._spool, **self._how)

    def chunks(self, capture: Capture) -> Iterator[Samples]:
        """Samples of `capture`, opened here, in the lanes that are in use."""
        lanes = Lanes(self.lanes, self.without)
        for chunk in capture.chunks():
            yield lanes.select(chunk)

    def close(self) -> None:
        """Give the spooled input back."""
        if self._spool is not None:
            self._spool.close()


def extracted(
    source: Input,
    chosen: Any,
    seed: Any,
    blocks: int,
    progress: Progress,
    threads: int = 1,
    executor: Executor | None = None,
    ahead: int = 4,
) -> Iterator[bytearray]:
    """The output of `blocks` blocks, piece by piece, each wiped once the next is asked for."""
    if executor is not None:
        yield from _extracted_by(executor, ahead, source, chosen, seed, blocks, progress, threads)
        return
    left = blocks
    with source.open() as capture, chosen.prepare(seed) as prepared:
        for batch, held in Batches(_pieces(source, capture), chosen.n, 8 // math.gcd(8, chosen.m)):
            count = min(left, held)
            part = bytearray(bits.bytes_for(count * chosen.m))
            chosen.extract_blocks(
                batch[: bits.bytes_for(count * chosen.n)], prepared, part, blocks=count, threads=threads
            )
            yield part
            wipe(part)
            left -= count
            progress("extraction", count * chosen.n)
        source.sha256 = capture.sha256


def _extracted_by(
    executor: Executor,
    ahead: int,
    source: Input,
    chosen: Any,
    seed: Any,
    blocks: int,
    progress: Progress,
    threads: int,
) -> Iterator[bytearray]:
    """The same by others: each gets the seed and some whole blocks, and the pieces come back in order."""
    parameters = {} if chosen.planned is None else dict(chosen.planned.as_dict().get("parameters", {}))
    work = partial(_extract_piece, type(chosen), chosen.n, chosen.m, parameters, threads, bytes(seed))
    with source.open() as capture:

        def batches() -> Iterator[tuple[bytes, int]]:
            left = blocks
            for batch, held in Batches(_pieces(source, capture), chosen.n, 8 // math.gcd(8, chosen.m)):
                if count := min(left, held):
                    yield bytes(batch[: bits.bytes_for(count * chosen.n)]), count
                    left -= count

        for part, count in ordered(work, batches(), executor, ahead):
            yield part
            wipe(part)
            progress("extraction", count * chosen.n)
        source.sha256 = capture.sha256


def _extract_piece(
    kind: Any, n: int, m: int, parameters: dict[str, Any], threads: int, seed: bytes, piece: tuple[bytes, int]
) -> tuple[bytearray, int]:
    """One piece of whole blocks by the bare map: the plan's budget was spent where the work was given out."""
    raw, count = piece
    return kind(n, m, **parameters).extract_blocks(raw, seed, blocks=count, threads=threads), count


def _pieces(source: Input, capture: Capture) -> Iterator[tuple[Any, int]]:
    for chunk in source.chunks(capture):
        yield chunk.packed, chunk.bit_length
        chunk.wipe()
