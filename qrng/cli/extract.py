"""`qrng extract`: raw samples to nearly uniform bytes."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click

from qrng import terminal
from qrng.assessed_data import KEEP
from qrng.cli.options import beside_options, note
from qrng.errors import ParameterError


@click.command("extract")
@click.argument("raw", metavar="RAW")
@click.option("-o", "--output", "out", required=True, type=click.Path(dir_okay=False), help="Where the output goes.")
@click.option("--extractor", default="Toeplitz", show_default=True, metavar="NAME", help="Which extractor.")
@click.option("--input-bits", type=click.IntRange(min=1), metavar="N", help="Raw bits a block (default: all as one).")
@click.option("--output-bits", type=click.IntRange(min=1), metavar="M", help="Bare map of M bits a block; no claim.")
@click.option("--min-entropy", metavar="H|auto", help="Min-entropy a raw bit that you vouch for  [default: auto]")
@click.option("--physical", metavar="BOUND", help="The smaller of the assessment and this bound (see qrng assess).")
@click.option("--keep", type=click.Choice(KEEP), help="Which 8 bits of symbols wider than 8 to assess.  [default: low]")
@click.option("--log2-error", type=float, metavar="E", help="Total distance from uniform, as log2  [default: -64]")
@click.option("--leaked-bits", type=click.FloatRange(min=0), metavar="B", help="Bits disclosed about each block.")
@click.option("--log2-smoothing", type=click.FloatRange(max=0), metavar="S", help="Of smooth min-entropy; paid twice.")
@click.option("--seed-file", type=click.Path(), metavar="SEED", help="Seed; else one is drawn and kept as OUT.seed.")
@click.option("--layout", metavar="LAYOUT", help="Layout of RAW; else sniffed.")
@click.option("--bits-per-symbol", type=int, metavar="W", help="Width of a symbol.")
@click.option("--lanes", type=int, metavar="L", help="Interleaved streams in RAW.")
@click.option("--drop-tail", is_flag=True, help="Leave out a last partial block.")
@click.option("--allowance/--no-allowance", default=None, help="What a weak bias may hide: off the claim, or not.")
@click.option("--drop-lanes", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out N bad lanes at most.")
@beside_options
@click.option(
    "--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="Threads that share a block's work."
)
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that extract.")
@click.option("--dask", metavar="ADDRESS", help="Scheduler of a Dask cluster that extracts (extra dask).")
@click.option("--certificate", type=click.Path(dir_okay=False), metavar="FILE", help="Write the record as JSON.")
@click.option("--sign", "key", type=click.Path(), metavar="PEM", help="Sign the record with this Ed25519 key.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def command(raw: str, out: str, certificate: str | None, key: str | None, as_json: bool, **options: Any) -> None:
    """Extract nearly uniform bits from the capture RAW ("-": standard input).

    The health tests run over the whole of RAW first; an alarm ends with exit code 4 and no output. What the claim of
    min-entropy rests on is printed with the result.
    """
    from qrng.extraction import extract_file
    from qrng.files import atomic_write
    from qrng.parallel import open_pool
    from qrng.signature import sign

    if options["physical"] and (options["min_entropy"] not in (None, "auto") or options["output_bits"] is not None):
        raise click.UsageError("--physical computes the claim: leave out --min-entropy and --output-bits")
    if options["output_bits"] is not None and (options["min_entropy"] or options["log2_error"] is not None):
        raise click.UsageError(
            "--output-bits is the bare map without a claim: leave out --min-entropy and --log2-error"
        )
    if key is not None and certificate is None and not as_json:
        raise click.UsageError("--sign signs the record: say where it goes, by --certificate or --json")
    keep = options.pop("keep")
    if keep is not None:
        if options["min_entropy"] not in (None, "auto") or options["output_bits"] is not None:
            raise click.UsageError("--keep says what to assess: leave out --min-entropy and --output-bits")
        options["keep"] = keep
    costs = {name: options.pop(name) for name in ("leaked_bits", "log2_smoothing")}
    options["costs"] = {name: value for name, value in costs.items() if value is not None}
    options["min_entropy"] = _min_entropy(options["min_entropy"])
    if key is not None:
        sign({}, key)  # a key that can't sign is found before the work
    if options["log2_error"] is None:
        options["log2_error"] = -64.0
    with (
        open_pool(options.pop("workers"), options.pop("dask")) as pool,
        terminal.progress("reading and extracting", None) as advance,
    ):
        options |= {"executor": pool.executor, "ahead": pool.ahead}
        record = extract_file(raw, out, progress=lambda what, n: advance(n // 8), **options)
    for alarm in record["input"]["dropped_lanes"]:
        note(f"lane {alarm['lane']} is left out: {alarm['test']} alarmed at sample {alarm['at_sample']}")
    if key is not None:
        record = sign(record, key)
    if certificate:
        with atomic_write(certificate) as file:
            file.write(json.dumps(record, indent=2).encode() + b"\n")
    if as_json:
        terminal.print_json(record)
    else:
        click.echo(_text(record))


def _min_entropy(text: str | None) -> Any:
    if text is None or text == "auto":
        return "auto"
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"--min-entropy takes a number of bits a raw bit, or auto, not {text!r}") from None


def _text(record: dict[str, Any]) -> str:
    data, seed, output, plan = record["input"], record["seed"], record["output"], record["extractor"]
    rows = [
        ("read", f"{data['file']}: {data['read_as']}; {data['raw_bits']} raw bits, {data['used_bits']} used"),
        ("health", f"{record['health']['state']}, no alarm"),
    ]
    if data["dropped_lanes"]:
        gone = ", ".join(str(alarm["lane"]) for alarm in data["dropped_lanes"])
        rows.append(("", f"without lanes {gone}, whose own tests alarmed (--drop-lanes)"))
    if record["claim_from_same_data"]:
        rows.append(("", "on the data that fixed the claim: a consistency check, not evidence"))
    health = record["health"]
    for model in health["models"]:
        rows.append(("", f"beside {model['kind']}, SHA-256 {model['sha256']}; it assumes {model['assumes']}"))
    if health["side_data"]:
        rows.append(("", f"given the side data {', '.join(health['side_data'])}"))
    if health["every_bit"]:
        rows.append(("", "with the mixing of contexts and the coupling of lanes on every bit"))
    claim, made = record["claim"], record["claim_made_from"]
    if made and "reduced_from" in made["assessment"]:
        cut = made["assessment"]["reduced_from"]
        rows.append(("assessed", f"the {cut['kept']}est 8 of each {cut['bits_per_symbol']} bits"))
    if made and made["physical"]:
        physics = made["physical"]
        rows.append(("physics", f"{physics['claim']['bits_per_sample']:.4f} bits a symbol by {physics['bound']}"))
        rows.append(("statistics", f"{made['statistical']['bits_per_sample']:.4f} bits a symbol by SP 800-90B"))
    if claim:
        rows.append(("claim", f"{claim['bits_per_sample']:.4f} bits a symbol of {claim['bits_per_symbol']}, assuming"))
        rows += [("", f"- {assumption}") for assumption in claim["assumptions"]]
        rows.append(("", f"({claim['reference']})"))
    else:
        rows.append(("claim", "none: the bare map promises nothing"))
    hidden = record["allowance"]
    if hidden:
        what = "taken off the claim" if hidden["taken_off"] else "left to the claim"
        rows.append(("allowance", f"{hidden['bits']} bits a block that a weak bias may hide, {what}"))
    rows.append(("extractor", f"{plan['extractor']}: {record['blocks']} x {plan['n']} bits to {plan['m']}"))
    for name, value in plan.get("costs", {}).items():
        rows.append(("", f"paid for {name.replace('_', ' ')}: {value:g}"))
    if not seed:
        rows.append(("", "no seed and no error bound: uniform only if the raw bits are independent and equally biased"))
    elif claim:
        rows.append(("", f"if the claim holds, at most 2^{plan['log2_error']:g} from uniform over all blocks"))
    if seed:
        rows.append(("seed", f"{seed['file']} ({seed['source']})"))
    rows += [
        ("output", f"{output['file']}: {output['bits']} bits"),
        ("sha256", output["sha256"]),
    ]
    return "\n".join(
        textwrap.fill(text, 80, initial_indent=f"{title:11}", subsequent_indent=" " * 13) for title, text in rows
    )
