"""`qrng health`: the health tests of SP 800-90B over a capture, as text for people or JSON for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import click

from qrng.cli.options import beside_options
from qrng.errors import EntropyError, ParameterError
from qrng.files import atomic_write
from qrng.formats import LAYOUTS, open_capture
from qrng.health import HealthReport, State, scan
from qrng.health.beside import Beside
from qrng.health.startup import STARTUP_SYMBOLS
from qrng.report.health import Trace, health_html
from qrng.report.render import require
from qrng.samples import Samples
from qrng.terminal import EXIT_DATA_FAILS, EXIT_HEALTH, print_json, progress

WIDTH = 78  # columns: fits a terminal of 80


class _HealthCommand(click.Command):
    """`qrng health FILE`, but for `qrng health train`, which is a command of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args[:1] == ["train"]:
            from qrng.cli.health_train import command as train

            return train.make_context(f"{info_name} train", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("health", cls=_HealthCommand)
@click.argument("file", metavar="FILE")
@click.option("--claim", required=True, metavar="H|auto", help="Claimed min-entropy in bits a symbol; auto: assess it.")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How to read FILE (default: look and say).")
@click.option("--bits-per-symbol", type=click.IntRange(1, 32), metavar="N", help="Width of a symbol in bits.")
@click.option("--lanes", type=click.IntRange(min=1), metavar="N", help="Interleaved streams (qubits, detectors).")
@click.option("--restarts", type=click.IntRange(min=0), default=0, show_default=True, help="Go on after N alarms.")
@beside_options
@click.option("--html", type=click.Path(dir_okay=False), metavar="PAGE", help="Write the evidence over time as HTML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    file: str,
    claim: str,
    layout: str | None,
    bits_per_symbol: int | None,
    lanes: int | None,
    restarts: int,
    models: tuple[str, ...],
    side_data: tuple[str, ...],
    every_bit: bool,
    html: str | None,
    as_json: bool,
) -> int:
    """Run the health tests over the raw samples in FILE ("-" is stdin).

    `qrng health train --help` tells how to fit a model to your own source (a file named train is ./train).

    Exits with 0 without an alarm, 3 with one, 4 when the state is FAILED.
    """
    if html:
        require()
    automatic = claim == "auto"
    if automatic and file == "-":
        raise ParameterError("--claim auto reads the capture twice, which standard input can't: give a file")
    h = _assessed(file, layout, bits_per_symbol, lanes) if automatic else _number(claim)
    beside = Beside.of(models, side_data, every_bit)
    with open_capture(file, layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes) as capture:
        read_as = capture.describe()
        trace = Trace()
        with progress("Testing", capture.count, "symbols") as advance:
            report = scan(
                [capture.read_all()] if side_data else _counted(capture.chunks(), advance),
                bits_per_symbol=capture.bits_per_symbol,
                lanes=capture.lanes,
                claim=h,
                restarts=restarts,
                **beside.options,
                observe=trace if html else None,
                every=Trace.every(capture.count) if html else Trace.every(None),
            )
    if report.state is State.STARTUP:
        raise EntropyError(
            f"{file}: {report.samples} symbols are too few for the health tests; the start-up alone takes "
            f"{STARTUP_SYMBOLS} (SP 800-90B 4.3)"
        )
    if html:
        with atomic_write(html, mode=0o644) as out:
            out.write(health_html(report, trace, name=file, read_as=read_as, same_data=automatic).encode())
    if as_json:
        print_json(report.as_dict() | {"claim_from_same_data": automatic})
    else:
        click.echo(text(report, file, read_as, automatic))
    if report.state is State.FAILED:
        return EXIT_HEALTH
    return EXIT_DATA_FAILS if report.alarms else 0


def _counted(chunks: Iterator[Samples], advance: Callable[[int], None]) -> Iterator[Samples]:
    for chunk in chunks:
        yield chunk
        advance(chunk.count)


def _number(claim: str) -> float:
    try:
        return float(claim)
    except ValueError:
        raise ParameterError(f"--claim takes a number of bits a symbol, or auto, not {claim!r}") from None


def _assessed(file: str, layout: str | None, bits_per_symbol: int | None, lanes: int | None) -> float:
    from qrng.assessment import assess

    found = assess(file, layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes, keep="low")
    return found.claim.every_symbol


def text(report: HealthReport, name: str, read_as: str, automatic: bool) -> str:
    """The report for a terminal of 80 columns."""
    column = max(10, *(len(test["name"]) + 1 for test in report.tests))
    width = "1 bit" if report.bits_per_symbol == 1 else f"{report.bits_per_symbol} bits"
    lines = [
        name,
        f"read as {read_as}",
        f"{report.samples} samples; claim {report.claim:g} bits of min-entropy for each symbol of {width}",
        "",
        f"{'test':{column}}{'over':14}{'window':>8}{'cutoff':>8}{'permanent':>11}",
    ]
    for test in report.tests:
        over = f"{report.lanes} lanes" if test.get("per_lane") else "whole stream"
        if "log2_threshold" in test:
            row = f"   evidence of 2^{test['log2_threshold']:.1f}{_watched(test)}"
        else:
            columns = (("window", 8), ("cutoff", 8), ("permanent_cutoff", 11))
            row = "".join(f"{test.get(key, '-'):>{n}}" for key, n in columns)
        lines.append(f"{test['name']:{column}}{over:14}{row}")
    lines += [
        "",
        f"start-up  the first {STARTUP_SYMBOLS} samples",
        f"alpha     2^{report.alpha_log2} a symbol or window",
    ]
    if report.log2_evidence is not None:
        lines.append(f"evidence  2^{report.log2_evidence:.1f} at the end; SUSPECT from 2^{report.suspect_from}")
    if report.allowance is not None:
        lines.append(f"allowance {report.allowance.bits} bits may typically hide here in a weak bias; no bound")
    lines.append(f"chance of any false alarm here, if the claim holds: at most {report.false_alarm_bound:.1e}")
    for test in report.tests:
        if test["assumes"] != "claim":
            lines.append(f"  {test['name']} assumes {test['assumes']} too, which the claim doesn't imply")
    lines.append("")
    for alarm in report.alarms:
        where = "the whole stream" if alarm.lane is None else f"lane {alarm.lane}"
        lines.append(f"ALARM  {alarm.test} at sample {alarm.at_sample}, {where}; began about {alarm.onset_estimate}")
        if alarm.detail is not None:
            found = f"{alarm.detail}, evidence 2^{alarm.log2_evidence:.1f}"
            lines += textwrap.wrap(found, WIDTH, initial_indent=" " * 7, subsequent_indent=" " * 7)
    if report.examined < report.samples:
        lines.append(
            f"Not tested: the {report.samples - report.examined} samples after the last alarm (see --restarts)."
        )
    if report.lanes > 1:
        lines.append("lanes     " + _lanes(report))
    lines.append(f"state     {report.state}" + ("" if report.alarms else ": no alarm"))
    if automatic:
        lines += ["", *textwrap.wrap(_SAME_DATA, WIDTH)]
    return "\n".join(lines)


def _watched(test: dict[str, Any]) -> str:
    """Of a test that may look at a part of the bits: at which."""
    if "watched" not in test:
        return ""
    part = test["watched"] < test["of_every"]
    return f", {test['watched']} of every {test['of_every']} bits" if part else ", every bit"


def _lanes(report: HealthReport) -> str:
    """The verdict on the lanes in a line; --json has it lane by lane."""
    found = report.lanes_verdict()
    own = [str(entry["lane"]) for entry in found if entry["verdict"] == "ALARM"]
    quiet = f"{len(found) - len(own)} of {report.lanes} without an alarm of their own"
    if own:
        shown = ", ".join(own[:12]) + (", …" if len(own) > 12 else "")
        quiet += f"; alarm in {shown}"
    return quiet


_SAME_DATA = (
    "The claim comes from these very data (--claim auto): that they pass it is a consistency check, not evidence. "
    "Evidence takes a claim from the physics of the device or from other data."
)
