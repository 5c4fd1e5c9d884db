"""`qrng conditioning`: entropy of the output of a conditioning component, SP 800-90B section 3.1.5."""

from __future__ import annotations

import textwrap
from decimal import Decimal, InvalidOperation

import click

from qrng.assessment import Assessment, assess
from qrng.entropy.sp800_90b.conditioning import Conditioned, conditioned_entropy
from qrng.errors import EntropyError
from qrng.formats import LAYOUTS
from qrng.terminal import print_json, progress


@click.command("conditioning")
@click.option("--n-in", type=int, required=True, metavar="BITS", help="Input bits.")
@click.option("--n-out", type=int, required=True, metavar="BITS", help="Output bits.")
@click.option("--nw", type=int, required=True, metavar="BITS", help="Narrowest internal width.")
@click.option("--h-in", required=True, metavar="H", help="Min-entropy of the input, in bits.")
@click.option("--vetted", is_flag=True, help="The component is one of the standard's list.")
@click.option("--h-prime", type=float, metavar="H", help="Of one that isn't: min-entropy a bit of its output.")
@click.option("--data", metavar="FILE", help="Or its output, to be assessed on the conditioned track for that.")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How to read that output (default: look and say).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    n_in: int,
    n_out: int,
    nw: int,
    h_in: str,
    vetted: bool,
    h_prime: float | None,
    data: str | None,
    layout: str | None,
    as_json: bool,
) -> None:
    """Min-entropy of the output of a conditioning component, rounded down."""
    if vetted + (h_prime is not None) + (data is not None) != 1:
        raise click.UsageError("give one of --vetted, --h-prime and --data")
    try:
        h = Decimal(h_in)
    except InvalidOperation:
        raise click.UsageError(f"--h-in takes a number of bits, not {h_in!r}") from None
    if layout is not None and data is None:
        raise click.UsageError("--layout says how to read --data")
    assessed = None if data is None else _assess(data, layout)
    if assessed is not None:
        h_prime = assessed.h_bitstring
    result = conditioned_entropy(n_in, n_out, nw, h, h_prime=h_prime)
    if as_json:
        print_json(result.as_json() | ({} if assessed is None else {"data": assessed.as_json()}))
    else:
        click.echo(text(result))
        if assessed is not None:
            click.echo(f"h' of {data}\nread as {assessed.layout}, {assessed.samples} samples")
            notes = [f"! {warning}" for warning in assessed.warnings]
            click.echo("\n".join(textwrap.fill(note, 78, subsequent_indent="  ") for note in notes), nl=bool(notes))


def _assess(data: str, layout: str | None) -> Assessment:
    with progress("Estimating", None, "estimates") as advance:
        found = assess(data, layout=layout, track="conditioned", progress=lambda done, total, name: advance(1))
    if not found.h_bitstring:
        raise EntropyError(f"{data}, read as {found.layout}: the component's output shows no min-entropy")
    return found


def text(result: Conditioned) -> str:
    """The result for a terminal of 80 columns."""
    lines = [
        f"n_in {result.n_in}, n_out {result.n_out}, nw {result.nw}, h_in {result.h_in}, "
        + ("vetted" if result.vetted else f"not vetted, h' {result.h_prime:.6f}"),
        f"Output_Entropy  {result.output_entropy:.22g}",
        f"h_out           {result.h_out:.22g} bits",
        f"                1 - 2^{result.log2_epsilon:.4f} of {result.n_out} bits by the formula",
    ]
    if result.full_entropy:
        lines.append("                full entropy, if the component's security strength allows")
    return "\n".join(lines)
