"""`qrng capture`: record raw samples of a source in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import click

import qrng
from qrng import terminal
from qrng.container import ContainerWriter
from qrng.errors import EntropyError, ParameterError, SourceExhausted
from qrng.faults import inject, parse
from qrng.files import atomic_write
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources import open_source

_CHUNK = 1 << 20


@click.command("capture")
@click.argument("spec")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="File to write, mode 0600.")
@click.option("--submit", is_flag=True, help="Only send the job (ibm:); `qrng jobs collect` brings its bits later.")
@click.option("--samples", type=click.IntRange(min=1), help="Symbols to record; a finite source is read to its end.")
@click.option(
    "--fault", "faults", multiple=True, metavar="FAULT", help="Fault to inject, as stuck_lane:lane=3,start=9."
)
@click.option(
    "--layout",
    type=click.Choice(["qrng", "packed-msb"]),
    default="qrng",
    show_default=True,
    help="packed-msb: bits only.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(
    spec: str,
    output: str | None,
    submit: bool,
    samples: int | None,
    faults: tuple[str, ...],
    layout: str,
    as_json: bool,
) -> None:
    """Record raw samples of the source SPEC.

    \b
    qrng capture sim:?qubits=32 --samples 320000 -o raw.qrng
    qrng capture file:shots.json -o raw.qrng
    qrng capture ibm:ibm_fez --submit
    """
    if submit:
        _submit(spec, output or samples or faults)
        return
    if output is None:
        raise click.UsageError("Missing option '-o' / '--output'.")
    injected = [parse(text) for text in faults]
    with closing(open_source(spec)) as opened:
        source = inject(opened, *injected) if injected else opened
        if samples is None and not source.finite:
            raise ParameterError(f"{source.spec} has no end: say how many symbols to record, with --samples")
        if source.simulated:
            click.echo("qrng: the source is simulated; the capture says so", err=True)
        chunks = _chunks(source, samples)
        first = next(chunks)  # a device knows more of itself once it has run
        facts = _facts(source)
        with atomic_write(output) as stream:
            count = _record(source, chain([first], chunks), samples, layout, stream, facts)
    sha256 = _sha256(output)
    if as_json:
        result = {"output": output, "layout": layout, "samples": count, "sha256": sha256, "provenance": facts}
        terminal.print_json({"schema": "qrng.capture/1", **result})
        return
    lanes = f" in {source.lanes} lanes" if source.lanes > 1 else ""
    width = "1 bit" if source.bits_per_symbol == 1 else f"{source.bits_per_symbol} bits"
    digest = f", sha256 {sha256}" if sha256 else ""
    click.echo(f"{output}: {count} symbols of {width}{lanes}, {layout}{digest}", err=True)


def _submit(spec: str, other: object) -> None:
    if other:
        raise ParameterError("--submit sends the job that SPEC describes, and takes no other option")
    with closing(open_source(spec)) as source:
        send = getattr(source, "submit", None)
        if send is None:
            raise ParameterError(f"{source.spec} takes no jobs: --submit is for ibm:")
        entries = send()
    for entry in entries:
        click.echo(f"{entry.job}: sent to {entry.backend}; later: qrng jobs collect {entry.job} -o raw.qrng")


def _facts(source: Source) -> dict[str, Any]:
    """What the container remembers of the source."""
    try:
        claim = source.claim()
    except EntropyError:
        claim = None
    return {
        **source.provenance(),
        "bits_per_symbol": source.bits_per_symbol,
        "lanes": source.lanes,
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "recorded_by": f"qrng {qrng.__version__}",
        "claim": claim.as_dict() if claim else None,
    }


def _record(
    source: Source,
    chunks: Iterable[Samples],
    samples: int | None,
    layout: str,
    stream: BinaryIO,
    facts: dict[str, Any],
) -> int:
    """Write the samples; the number of them."""
    count = 0
    writer = ContainerWriter(stream, source.bits_per_symbol, source.lanes, facts) if layout == "qrng" else None
    with terminal.progress("Recording", samples, "symbols") as advance:
        for chunk in chunks:
            if writer is not None:
                writer.write(chunk)
            else:
                stream.write(chunk.packed.data)
            count += chunk.count
            advance(chunk.count)
    if writer is not None:
        for name, array in source.side_data.items() if samples is None else ():
            writer.write_side_data(name, array)
        writer.finish()
    return count


def _chunks(source: Source, samples: int | None) -> Iterator[Samples]:
    """Chunks of _CHUNK symbols, so that all but the last end with a byte."""
    left, given = samples, False
    while left is None or left:
        try:
            chunk = source.read(_CHUNK if left is None else min(left, _CHUNK))
        except SourceExhausted:
            if left is None and given:
                return
            if left is None:
                raise
            raise SourceExhausted(
                f"{source.spec}: ended {left} symbols before the {samples} that were asked for"
            ) from None
        yield chunk
        given = True
        if left is not None:
            left -= chunk.count


def _sha256(path: str) -> str | None:
    """Hash of what was written; None of a pipe or device, which can't be read again."""
    if not Path(path).is_file():
        return None
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
