"""`qrng health train`: fit a model to a healthy capture, for `qrng health --model` and for `twin:` sources."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from qrng.formats import LAYOUTS, open_capture
from qrng.health.models.model import KINDS
from qrng.health.score import EXCHANGEABLE
from qrng.terminal import print_json, progress

DEFAULT_KIND = "mahalanobis"

ASSUMPTION = (
    f"Its bound on false alarms assumes {EXCHANGEABLE}: as long as the source is healthy, windows of its stream could "
    "be exchanged with those of the capture. The claim of min-entropy does not imply that; a healthy source that "
    "drifts raises false alarms."
)


@click.command("train")
@click.option("--capture", required=True, metavar="FILE", help="Raw samples of the healthy source, in true order.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="Model to write, as model.npz.")
@click.option("--kind", type=click.Choice(KINDS), default=DEFAULT_KIND, show_default=True, help="What to fit.")
@click.option("--window", type=click.IntRange(min=1), metavar="N", help="Symbols of a window (default: about 1024).")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How to read FILE (default: look and say).")
@click.option("--bits-per-symbol", type=click.IntRange(1, 32), metavar="N", help="Width of a symbol in bits.")
@click.option("--lanes", type=click.IntRange(min=1), metavar="N", help="Interleaved streams (qubits, detectors).")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of every random choice.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, the manifest.")
def command(
    capture: str,
    output: str,
    kind: str,
    window: int | None,
    layout: str | None,
    bits_per_symbol: int | None,
    lanes: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Fit a model of windows to a capture of a healthy source.

    A third of the capture is fitted to, a third calibrates, a third checks. Writes OUTPUT and, beside it, a
    manifest that ends in .json; no raw bit is in either. Then: qrng health FILE --claim H --model OUTPUT.

    Exits with 3 and writes nothing if the last third is not what the middle third was.
    """
    from qrng.training.capture import adapt

    with (
        open_capture(capture, layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes) as opened,
        progress("Reading", opened.count, "symbols") as advance,
    ):
        made = adapt(opened, Path(output), kind, window, seed, advance)
    if as_json:
        print_json(made)
        return
    parts = made["windows"]
    text = [
        f"{output}: {kind}, {made['parameters']} parameters, SHA-256 {made['sha256'][:16]}…",
        f"fitted to {parts['fit']} windows of {made['window']} symbols, calibrated on {parts['calibration']}",
        f"null check on {parts['check']} windows: mean payoff {made['null_mean_payoff']:.3f} ± "
        f"{made['null_mean_payoff_standard_error']:.3f} (at most 1)",
        f"  greatest evidence 2^{made['null_log2_evidence']:.1f}, limit 2^{made['null_log2_limit']:.1f}: passed",
        *textwrap.wrap(ASSUMPTION, 78),
    ]
    click.echo("\n".join(text))
