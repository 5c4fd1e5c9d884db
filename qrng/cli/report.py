"""`qrng report`: one page about a capture, from raw bits to output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qrng import terminal
from qrng.assessed_data import KEEP
from qrng.cli.options import beside_options
from qrng.errors import ParameterError
from qrng.formats import LAYOUTS


@click.command("report")
@click.argument("raw", metavar="RAW")
@click.argument("page", metavar="[OUT]", required=False, type=click.Path(dir_okay=False))
@click.option("--physical", metavar="BOUND", help="Bound by physics beside the statistics: trusted-qubit, homodyne, …")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How to read RAW (default: look and say).")
@click.option("--bits-per-symbol", type=click.IntRange(1, 32), metavar="N", help="Width of a symbol in bits.")
@click.option("--lanes", type=click.IntRange(min=1), metavar="N", help="Interleaved streams (qubits, detectors).")
@click.option("--keep", type=click.Choice(KEEP), help="Which 8 bits of symbols wider than 8 to assess.")
@click.option("--extractor", default="Toeplitz", show_default=True, metavar="NAME", help="Which extractor.")
@click.option("--input-bits", type=click.IntRange(min=1), metavar="N", help="Raw bits a block (default: all as one).")
@click.option("--log2-error", type=float, metavar="E", help="Total distance from uniform, as log2  [default: -64]")
@click.option("--drop-tail", is_flag=True, help="Leave out a last partial block.")
@beside_options
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="FILE", help="Keep the extracted bits here.")
@click.option("--certificate", type=click.Path(dir_okay=False), metavar="FILE", help="Write the extraction's record.")
@click.option("--sign", "key", type=click.Path(), metavar="PEM", help="Sign that record with this Ed25519 key.")
@click.option("--esv", type=click.Path(file_okay=False), metavar="DIR", help="Also write what a validation asks for.")
@click.option("--restarts", type=click.Path(), metavar="FILE", help="1000 samples of each of 1000 restarts, for --esv.")
@click.option("--description", metavar="TEXT", help="Name of the noise source, to 64 characters, for --esv.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    raw: str,
    page: str | None,
    certificate: str | None,
    key: str | None,
    esv: str | None,
    restarts: str | None,
    description: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Assess RAW, test its health, extract from it, judge the output, and write it all to one page.

    The page goes to OUT, by default RAW.report.html. The extracted bits are thrown away unless --output names a
    file for them. Exits with 3 if a step fails; the page then says which and why.
    """
    from qrng.files import atomic_write
    from qrng.report.esv import write_esv
    from qrng.report.evaluation import evaluate, evaluation_html
    from qrng.report.render import require
    from qrng.signature import sign

    if raw == "-":
        raise ParameterError("a report reads the capture several times, which stdin can't give; save it to a file")
    if key is not None and certificate is None:
        raise click.UsageError("--sign signs the record: say where it goes, by --certificate")
    if certificate is not None and options["output"] is None:
        raise click.UsageError("--certificate is the record of an output: keep that, by --output")
    if esv is None and (restarts is not None or description is not None):
        raise click.UsageError("--restarts and --description go with --esv")
    require()
    if key is not None:
        sign({}, key)  # a key that can't sign is found before the work
    with terminal.progress("evaluating", None, "steps") as advance:
        found = evaluate(raw, progress=lambda step: advance(1), **options)
    html = evaluation_html(found)
    target = page or f"{raw}.report.html"
    with atomic_write(target, mode=0o644) as out:
        out.write(html.encode())
    if certificate is not None and found.extraction is not None:
        record = sign(found.extraction, key) if key is not None else found.extraction
        with atomic_write(certificate) as out:
            out.write(json.dumps(record, indent=2).encode() + b"\n")
    missing = [] if esv is None else write_esv(found, Path(esv), restarts=restarts, description=description)
    if as_json:
        terminal.print_json(found.as_json())
    else:
        claim = f"claim {found.claim.bits_per_sample:.4f} bits a symbol" if found.claim else "no claim"
        click.echo(f"{target}: {claim}, {found.health.summary()}")
        for reason in found.stopped:
            click.echo(reason)
        if found.sts is not None:
            click.echo(f"SP 800-22 on the output: {'passed' if found.sts.passed else 'FAILED'}")
        if esv is not None:
            click.echo(f"{esv}: {len(missing)} things are still missing, listed in CHECKLIST.md")
    return 0 if found.passed else terminal.EXIT_DATA_FAILS
