"""`qrng restart`: the restart tests of SP 800-90B section 3.1.4."""

from __future__ import annotations

import textwrap

import click

from qrng.entropy.sp800_90b import restart as tests
from qrng.errors import ParameterError
from qrng.formats import LAYOUTS, open_capture
from qrng.samples import Samples
from qrng.terminal import EXIT_DATA_FAILS, print_json, progress


@click.command("restart")
@click.argument("file", metavar="FILE")
@click.option("--initial-entropy", "h_i", type=float, required=True, metavar="H", help="H_I, bits a symbol.")
@click.option("--bits-per-symbol", type=click.IntRange(1, 8), metavar="N", help="Width of a symbol in bits.")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How to read FILE (default: look and say).")
@click.option("--track", type=click.Choice(("non-iid", "iid")), default="non-iid", show_default=True)
@click.option("--transpose", "columns", metavar="OUT", help="Also write the column set to OUT, one symbol a byte.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    file: str,
    h_i: float,
    bits_per_symbol: int | None,
    layout: str | None,
    track: str,
    columns: str | None,
    as_json: bool,
) -> int:
    """Check an entropy estimate on 1000 samples from each of 1000 restarts, in order.

    Exits with 3 if the validation fails.
    """
    with open_capture(file, layout=layout, bits_per_symbol=bits_per_symbol) as capture:
        samples, read_as = capture.read_all(), capture.describe()
    if samples.count != tests.SIZE**2:
        raise ParameterError(
            f"{file}: {samples.count} samples, read as {read_as}: the restart tests take {tests.SIZE} from each of "
            f"{tests.SIZE} restarts, in order; set --layout and --bits-per-symbol if they were read wrongly"
        )
    if columns is not None:
        _write_columns(tests.transpose(samples), columns)
    with progress("Estimating", None, "estimates") as advance:
        result = tests.restart(samples, h_i, track=track, progress=lambda done, total, name: advance(1))
    if as_json:
        print_json(result.as_json())
    else:
        click.echo(text(result, file, read_as))
    return 0 if result.passed else EXIT_DATA_FAILS


def _write_columns(samples: Samples, path: str) -> None:
    from qrng.files import atomic_write

    if samples.bits_per_symbol > 8:
        raise ParameterError("one symbol a byte holds at most 8 bits")
    with atomic_write(path) as out:
        out.write(samples.symbols().tobytes())


def text(result: tests.RestartResult, name: str, read_as: str) -> str:
    """The result for a terminal of 80 columns."""
    lines = [
        name,
        f"read as {read_as}",
        "",
        "SP 800-90B restart tests (3.1.4)",
        f"  most of one symbol  {result.x_max_rows:5} in a row, {result.x_max_columns} in a column, "
        f"cutoff {result.cutoff}",
    ]
    if result.h_r is not None and result.h_c is not None:
        lines.append(f"{'':22}{'rows':>12}{'columns':>12}")
        by_set = {
            kind: {estimate.name: f"{estimate.min_entropy:.6f}" for estimate in estimates}
            for kind, estimates in result.estimators.items()
        }
        for estimate in dict.fromkeys([*by_set["rows"], *by_set["columns"]]):
            row, column = (by_set[kind].get(estimate, "-") for kind in ("rows", "columns"))
            lines.append(f"  {estimate:20}{row:>12}{column:>12}")
        lines.append(f"  {'smallest':20}{result.h_r:12.6f}{result.h_c:12.6f}")
    lines.append(f"  {'initial entropy':20}{result.h_i:12.6f}")
    lines.append("")
    if result.passed:
        lines.append(f"passed: {result.min_entropy:.6f} bits a symbol, the smallest of the three")
    lines += [textwrap.fill(f"FAILED: {why}", 78, subsequent_indent="  ") for why in result.failures]
    return "\n".join(lines)
