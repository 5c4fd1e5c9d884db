"""The `nist-sts` command. `qrng sts` is the same command, which also reads noise sources."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

import click

from nist_sts.base import MODES, Mode
from qrng import terminal
from qrng.errors import ParameterError
from qrng.formats import LAYOUTS

__all__ = ["command", "judge", "main", "options"]

_F = TypeVar("_F", bound=Callable[..., Any])


def _names(context: click.Context, option: click.Parameter, text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _parameters(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        test, _, parameter = name.partition(".")
        if not (test and parameter and value):
            raise click.BadParameter(f"{text!r} is not of the form TEST.NAME=VALUE", context, option)
        found.setdefault(test, {})[parameter] = int(value) if value.isdecimal() else value
    return found


_OPTIONS = (
    click.option("--length", type=click.IntRange(1), metavar="N", help="Bits a sequence."),
    click.option("--sequences", type=click.IntRange(1), metavar="K", help="Number of sequences."),
    click.option(
        "--mode",
        type=click.Choice(MODES),
        default="corrected",
        show_default=True,
        help="p-values as NIST's program has them, or with its known defects mended.",
    ),
    click.option("--tests", callback=_names, metavar="A,B", help="Names of the tests to run; default all."),
    click.option(
        "--parameter",
        "parameters",
        multiple=True,
        callback=_parameters,
        metavar="TEST.NAME=VALUE",
        help="Set a parameter of a test; may be repeated.",
    ),
    click.option("--layout", type=click.Choice(LAYOUTS), help="How to read FILE (default: look and say)."),
    click.option("--bits-per-symbol", type=click.IntRange(1, 32), metavar="N", help="Width of a symbol in bits."),
    click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Sequences judged at a time."),
    click.option("--dask", metavar="ADDRESS", help="A Dask cluster's scheduler that judges sequences (extra dask)."),
    click.option("--final-analysis", metavar="PATH", help="Also write NIST's finalAnalysisReport.txt; nist mode only."),
    click.option("--html", metavar="PATH", help="Also write a page with plots of the p-values."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)


def options(function: _F) -> _F:
    """The options of the command, in order."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("sts")
@click.argument("file", metavar="FILE")
@options
def command(file: str, **chosen: Any) -> int:
    """Run the statistical tests of SP 800-22 over the bits in FILE ("-" is stdin).

    Exits with 0 if the data pass, 3 if they fail. With neither --length nor --sequences, an input of up to 10^7
    bits is one sequence; a longer one is cut into sequences of 10^6 bits.

    Passing shows no defect of the kinds that these tests know. It says nothing about min-entropy.
    """
    from qrng.formats import open_capture

    with open_capture(file, chosen.pop("layout"), chosen.pop("bits_per_symbol")) as capture:
        return judge(capture, capture.name, capture.describe(), **chosen)


def judge(
    data: Any,
    name: str,
    read_as: str,
    *,
    length: int | None,
    sequences: int | None,
    mode: str,
    tests: list[str] | None,
    parameters: dict[str, dict[str, Any]],
    workers: int,
    dask: str | None,
    final_analysis: str | None,
    html: str | None,
    as_json: bool,
) -> int:
    """Run the tests over `data`, an open capture or source, write what the options ask for; the exit code."""
    from nist_sts.battery import run
    from qrng.parallel import cluster

    if final_analysis is not None and mode != "nist":
        raise ParameterError("--final-analysis holds NIST's p-values: add --mode nist")
    if dask is not None and workers != 1:
        raise ParameterError("the cluster says how many workers there are: give --workers or --dask, not both")
    with contextlib.ExitStack() as stack:
        executor = None
        if dask is not None:
            pool = stack.enter_context(cluster(dask))
            executor, workers = pool.executor, pool.ahead
        advance = stack.enter_context(terminal.progress("Testing", sequences, "sequences"))
        report = run(
            data,
            length=length,
            sequences=sequences,
            mode=cast(Mode, mode),
            tests=tests,
            parameters=parameters,
            workers=workers,
            executor=executor,
            progress=advance,
        )
    report = dataclasses.replace(report, input={"file": name, "read_as": read_as})
    if as_json:  # first of all: what can't be written must not take it along
        terminal.print_json(report.as_dict())
    else:
        click.echo(report.as_text())
    if final_analysis is not None:
        from nist_sts.final_analysis import final_analysis_report

        _write(final_analysis, final_analysis_report(report, name))
    if html is not None:
        from nist_sts.html import page

        _write(html, page(report))
    if not report.applicable:
        raise ParameterError(f"{name}: no test applies to sequences of {report.length:,} bits")
    return 0 if report.passed else terminal.EXIT_DATA_FAILS


def _write(path: str, text: str) -> None:
    from qrng.files import atomic_write

    with atomic_write(path, mode=0o644) as stream:
        stream.write(text.encode())


def main() -> NoReturn:
    """Entry point of the `nist-sts` command."""
    terminal.run(command, "nist-sts")
