"""`qrng sts`: the `nist-sts` command, and the same over a noise source."""

from __future__ import annotations

from typing import Any

import click

from nist_sts.command import command as files
from nist_sts.command import judge, options
from qrng.cli.options import note


@click.command("sts")
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--source", metavar="SPEC", help="Judge the raw samples of a noise source instead of a file.")
@options
@click.pass_context
def command(context: click.Context, /, file: str | None, source: str | None, **chosen: Any) -> int:
    """Run the statistical tests of SP 800-22 over the bits in FILE ("-" is stdin), or of a noise source.

    Exits with 0 if the data pass, 3 if they fail. With neither --length nor --sequences, an input of up to 10^7
    bits is one sequence; a longer one is cut into sequences of 10^6 bits. A live source needs --sequences.

    Passing shows no defect of the kinds that these tests know. It says nothing about min-entropy; and raw samples of
    an honest source, biased as they are, should fail.

    \b
    qrng sts raw.qrng --length 1000000
    qrng sts --source sim: --sequences 10
    """
    if (file is None) == (source is None):
        raise click.UsageError("Give either FILE or --source SPEC.")
    if source is None:
        return int(context.invoke(files, file=file, **chosen))
    for option in ("layout", "bits_per_symbol"):
        if chosen.pop(option) is not None:
            raise click.UsageError(f"--{option.replace('_', '-')} tells how to read a file; a source knows it itself.")
    from qrng.sources import open_source

    with open_source(source) as opened:
        if opened.simulated:
            note(f"source {opened.spec} is simulated: its randomness is computed, not measured")
        width = "1 bit" if opened.bits_per_symbol == 1 else f"{opened.bits_per_symbol} bits"
        lanes = f" in {opened.lanes} lanes" if opened.lanes > 1 else ""
        return judge(opened, opened.spec, f"source, symbols of {width}{lanes}", **chosen)
