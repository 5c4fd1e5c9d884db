"""From a capture file to a file of extracted bits: health over the whole file first, then the extractor.

Two passes, because a finite capture can be tested whole before the first bit is used; the second pass must find
the bytes that the first one tested. Output appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from qrng._native import wipe
from qrng.admission import Admission, claim_of_whole, refuse_unless_ok
from qrng.blocks import Input, Progress, extracted
from qrng.claim import EntropyClaim
from qrng.errors import ParameterError, QrngError
from qrng.extractors import extractor_class
from qrng.extractors.planning import Costs
from qrng.files import atomic_write
from qrng.health.allowance import Allowance, less
from qrng.health.base import Alarm
from qrng.health.beside import Beside
from qrng.health.lanes import Lanes
from qrng.health.scan import HealthReport, scan_dropping
from qrng.samples import Samples
from qrng.versions import versions

__all__ = ["extract_file"]

_ONE_BLOCK = 1 << 24
"""Raw bits up to which a whole file is one block by default: a claim on the whole string says nothing of its parts."""

_CHANGED = "the file changed between the health tests and the extraction; no output"


def _no_progress(what: str, n: int) -> None:
    pass


@dataclass(frozen=True)
class _Measured:
    """What the first pass found."""

    bits: int  # in the lanes in use
    sha256: str | None
    dropped: list[Alarm]  # the alarm of each lane that is left out


def extract_file(
    raw: str,
    out: str | os.PathLike[str],
    *,
    extractor: str = "toeplitz",
    input_bits: int | None = None,
    output_bits: int | None = None,
    min_entropy: float | EntropyClaim | Admission | Literal["auto"] = "auto",
    physical: str | None = None,
    keep: str = "low",
    log2_error: float = -64.0,
    seed_file: str | os.PathLike[str] | None = None,
    layout: str | None = None,
    bits_per_symbol: int | None = None,
    lanes: int | None = None,
    drop_tail: bool = False,
    allowance: bool | None = None,
    drop_lanes: int = 0,
    models: Iterable[str | os.PathLike[str]] = (),
    side_data: Iterable[str] = (),
    every_bit: bool = False,
    costs: Costs | None = None,
    threads: int = 1,
    executor: Executor | None = None,
    ahead: int = 4,
    progress: Progress = _no_progress,
) -> dict[str, Any]:
    """Extract a capture file; returns the JSON-ready record of what was done (schema "qrng.extraction/1").

    A seedless extractor (von Neumann, Elias, Peres) takes the whole capture in memory and gives what it gives: then
    the claim serves the health tests alone, and no distance from uniform is stated.

    Args:
        raw: path of the capture, or "-" for standard input.
        out: path of the output: one contiguous bit stream, padded with zeros to a whole byte, mode 0600.
        extractor: name of an extractor.
        input_bits: raw bits a block; default the whole capture as one block, to 2**24 bits.
        output_bits: bits a block of output for the bare map: no error is claimed. Excludes `min_entropy`.
        min_entropy: bits of min-entropy a raw bit that you vouch for; a claim; what this capture was found to be worth
            (`qrng.admission.claim_of_whole`); or "auto": what the assessment supports.
        physical: a bound by physics (`qrng.accounting.account`); with "auto", the smaller of it and the assessment.
            Unless it states an error it may fail with half of `log2_error`.
        keep: with "auto", which 8 bits of symbols wider than 8 are assessed, "high" or "low".
        log2_error: log2 of the total trace distance, seed included, over all blocks.
        seed_file: file with the seed. Without one a seed is drawn from the operating system and kept as OUT.seed.
        layout, bits_per_symbol, lanes: how to read the capture; sniffed where None.
        drop_tail: ignore a last partial block, which is otherwise an error.
        allowance: whether what a weak bias may hide from the health tests in a block (`qrng.health.allowance`) is taken
            off its claimed min-entropy; None: for blocks of 2**16 bits and more. Without it a bias that no test found
            goes at the cost of the stated distance from uniform.
        drop_lanes: how many lanes may be left out, from the first symbol on, because their own tests alarm. What is
            claimed of the rest counts each at its full width.
        models: files of `qrng health train`, to be run beside the health tests; not together with `drop_lanes`.
        side_data: names of what the capture, a container, holds beside one-bit symbols, to be tested with them; the
            capture is then held in memory while it is tested.
        every_bit: let the mixing of contexts and the coupling of lanes watch every bit; for one-bit symbols.
        costs: what else the plan pays for, such as disclosed bits; not for the bare map or a seedless extractor.
        threads: share the work on each piece of the file, be it blocks or the parts of a long one; output is the same.
        executor: any `concurrent.futures.Executor` that extracts pieces of the file; raw bits, seed and output travel
            to its workers and back. The health tests read the file in order, in this process.
        ahead: pieces in work at a time: what memory must hold.
        progress: called with the name of the pass and raw bits done.

    Raises:
        HealthAlarm, HealthFailure: a health test failed on the capture, or a model is missing, altered or for another
            one; nothing is written.
        EntropyError: the assessment supports no claim.
        ParameterError: sizes that don't fit, or side data that the capture doesn't hold; says what would.
        FormatError: the capture does not parse.
        OSError: reading or writing failed; no partial output remains.
    """
    kind = extractor_class(extractor)
    if costs and (output_bits is not None or not hasattr(kind, "plan")):
        raise ParameterError(
            f"{', '.join(costs)}: only a plan with an error pays for that, not the map that was asked for"
        )
    beside = Beside.of(models, side_data, every_bit, drop_lanes)
    source = Input(os.fspath(raw), layout, bits_per_symbol, lanes)
    try:
        name = source.name
        admission: Admission | None = None
        claim: EntropyClaim | None = None
        if physical is not None and (output_bits is not None or min_entropy != "auto"):
            raise ParameterError("a bound by physics computes the claim: leave out the min-entropy and the output bits")
        if output_bits is not None and min_entropy != "auto":
            raise ParameterError("the bare map claims nothing: leave out the min-entropy or the output bits")
        if source.count is not None and not drop_lanes:  # before the work
            _blocks(source.count * source.bits_per_symbol, input_bits, drop_tail, name)
        if isinstance(min_entropy, Admission):
            admission = min_entropy
            claim = admission.claim
        elif output_bits is None and min_entropy == "auto":
            admission = _admission(source, physical, log2_error - 1, keep)
            claim = admission.claim
        elif output_bits is None:
            claim = _given(min_entropy, source.bits_per_symbol)
        report, measured = _first_pass(source, claim, output_bits, input_bits, drop_lanes, beside, progress)
        if admission is not None and admission.assessment.sha256 != measured.sha256:
            raise QrngError(f"{name}: what was assessed is not what the health tests read: the file changed; no output")
        refuse_unless_ok(report, name)
        source.without = report.dropped
        claim = claim and Lanes(source.lanes, source.without).claim(claim)

        n, blocks = _blocks(measured.bits, input_bits, drop_tail, name)
        if not hasattr(kind, "plan"):
            done = _seedless(source, kind(), n, output_bits, measured, Path(out))
            return _record(source, measured, n, claim, admission, report, done)
        if output_bits is not None:
            chosen = kind(n, output_bits)
            record = {"extractor": chosen.name, "n": n, "m": output_bits, "seed_bits": chosen.seed_bits}
            hidden = None
        else:
            assert claim is not None
            hidden = Allowance.for_block(
                n,
                claim_bits=report.claim,
                bits_per_symbol=source.bits_per_symbol,
                lanes=source.lanes - len(source.without),
                taken_off=allowance,
                **beside.options,
            )
            chosen = kind.plan(
                n, min_entropy=less(claim, n, hidden), log2_error=log2_error, blocks=blocks, **(costs or {})
            )
            record = chosen.planned.as_dict()
        if blocks > 1 and not getattr(chosen, "strong", True):
            raise ParameterError(
                f"{chosen.name} consumes its second source, so that each block needs one of its own: this is for one "
                f"block, and {name} holds {blocks} of {n} bits"
            )
        seed, seed_source = _seed(chosen.seed_bytes, seed_file, out)
        try:
            digest = _second_pass(source, chosen, seed, blocks, measured, Path(out), progress, threads, executor, ahead)
        except BaseException:
            if seed_file is None:
                Path(seed_source["file"]).unlink()  # a seed without its output is of no use
            raise
        finally:
            wipe(seed)
        done = {
            "allowance": None if hidden is None else hidden.as_dict(),
            "extractor": record,
            "blocks": blocks,
            "seed": seed_source,
            "output": {"file": str(out), "bits": blocks * chosen.m, "sha256": digest},
        }
        return _record(source, measured, blocks * n, claim, admission, report, done)
    finally:
        source.close()


def _record(
    source: Input,
    measured: _Measured,
    used: int,
    claim: EntropyClaim | None,
    admission: Admission | None,
    report: HealthReport,
    done: dict[str, Any],
) -> dict[str, Any]:
    return {
        "schema": "qrng.extraction/1",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "provenance": source.provenance,
        "input": {
            "file": source.name,
            "read_as": source.description,
            "layout": source.layout,
            "sha256": measured.sha256,
            "raw_bits": measured.bits,
            "used_bits": used,
            "bits_per_symbol": source.bits_per_symbol,
            "lanes": source.lanes,
            "dropped_lanes": [alarm.as_dict() for alarm in measured.dropped],
        },
        "claim": None if claim is None else claim.as_dict(),
        "claim_from_same_data": admission is not None,
        "claim_made_from": None if admission is None else admission.as_json(),
        "health": report.as_dict(),
        **done,
    }


def _seedless(
    source: Input, chosen: Any, n: int, output_bits: int | None, measured: _Measured, out: Path
) -> dict[str, Any]:
    """The first n raw bits through an extractor without seed: output of variable length, no error claimed."""
    with source.open() as capture:
        whole = Samples.join(source.chunks(capture))
    try:
        if output_bits is None:
            data, count = chosen.extract(whole.packed, n)
        else:
            data, count = chosen.extract_exactly(output_bits, whole.packed, n), output_bits
    finally:
        whole.wipe()
    if capture.sha256 != measured.sha256:
        raise QrngError(f"{source.name}: {_CHANGED}")
    digest = hashlib.sha256(data).hexdigest()
    with atomic_write(out) as target:
        target.write(data)
    wipe(data)
    return {
        "allowance": None,
        "extractor": {"extractor": chosen.name, "n": n, "m": count, "seed_bits": 0},
        "blocks": 1,
        "seed": None,
        "output": {"file": str(out), "bits": count, "sha256": digest},
    }


def _admission(source: Input, physical: str | None, log2_error: float, keep: str) -> Admission:
    with source.open() as capture:
        samples = capture.read_all()
    try:
        found = claim_of_whole(samples, source.name, physical, log2_error, keep)
    finally:
        samples.wipe()
    return replace(found, assessment=replace(found.assessment, sha256=capture.sha256, layout=source.description))


def _given(min_entropy: float | EntropyClaim | str, width: int) -> EntropyClaim:
    if isinstance(min_entropy, EntropyClaim):
        return min_entropy
    return EntropyClaim(
        float(min_entropy) * width,
        None,
        ("the caller vouches for this min-entropy of the raw bits, given everything before them",),
        "given by the caller",
        width,
    )


def _first_pass(
    source: Input,
    claim: EntropyClaim | None,
    output_bits: int | None,
    input_bits: int | None,
    drop_lanes: int,
    beside: Beside,
    progress: Progress,
) -> tuple[HealthReport, _Measured]:
    """Health tests over the whole capture. The bare map claims nothing, yet its output can't be good unless each
    raw bit carries at least output/input bits of entropy: that is what it is tested for."""
    width = source.bits_per_symbol
    sha256 = None

    def whole() -> Iterator[Samples]:
        nonlocal sha256
        with source.open() as capture:
            for chunk in [capture.read_all()] if beside.side_data else capture.chunks():
                yield chunk
                progress("health tests", chunk.bit_length)
                chunk.wipe()
            sha256 = capture.sha256

    if claim is not None:
        h = claim.every_symbol
    else:
        assert output_bits is not None
        with source.open() as capture:
            of = input_bits if input_bits is not None else capture.count and capture.count * width
        if not of:
            raise ParameterError("give --input-bits with --output-bits: the size of this input is not known")
        h = min(1.0, max(output_bits, 1) / of) * width
    report, dropped = scan_dropping(
        whole, drop_lanes, claim=h, bits_per_symbol=width, lanes=source.lanes, **beside.options
    )
    return report, _Measured(report.samples * width, sha256, dropped)


def _blocks(total: int, input_bits: int | None, drop_tail: bool, name: str) -> tuple[int, int]:
    """Length and number of the blocks, or ParameterError where the raw bits don't come out even."""
    if input_bits is None and total > _ONE_BLOCK:
        raise ParameterError(
            f"{name} holds {total} raw bits, too many for one block by default: choose --input-bits. A claim on the "
            "whole says nothing of its blocks unless the source's bits are independent"
        )
    n = total if input_bits is None else input_bits
    blocks, tail = divmod(total, n) if n > 0 else (0, 0)
    if blocks == 0:
        raise ParameterError(f"{name} holds {total} raw bits, not one block of {n}")
    if tail and not drop_tail:
        raise ParameterError(
            f"{name} holds {blocks} blocks of {n} bits and {tail} bits more: choose a size that divides "
            f"{total}, or give --drop-tail to leave them out"
        )
    return n, blocks


def _seed(n: int, path: str | os.PathLike[str] | None, out: str | os.PathLike[str]) -> tuple[bytearray, dict[str, Any]]:
    """The seed's bytes, and where they came from."""
    if path is not None:
        held = bytearray(n)
        with Path(path).open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size != n or file.readinto(held) != n:
                raise ParameterError(f"{path}: this extractor takes a seed of {n} bytes, the file holds {size}")
        return held, {"source": "file", "file": str(path), "sha256": hashlib.sha256(held).hexdigest()}
    held = bytearray(os.urandom(n))
    kept = Path(f"{os.fspath(out)}.seed")
    with atomic_write(kept) as file:
        file.write(held)
    return held, {"source": "operating system", "file": str(kept), "sha256": hashlib.sha256(held).hexdigest()}


def _second_pass(
    source: Input,
    chosen: Any,
    seed: bytearray,
    blocks: int,
    measured: _Measured,
    out: Path,
    progress: Progress,
    threads: int,
    executor: Executor | None,
    ahead: int,
) -> str:
    """Extract block by block into `out`; returns the SHA-256 of the output."""
    digest = hashlib.sha256()
    with atomic_write(out) as target:
        for part in extracted(source, chosen, seed, blocks, progress, threads, executor, ahead):
            digest.update(part)
            target.write(part)
        if source.sha256 != measured.sha256:
            raise QrngError(f"{source.name}: {_CHANGED}")
    return digest.hexdigest()
