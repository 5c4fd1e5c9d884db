"""`qrng monitor`: a running generator in the terminal, and for Prometheus."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from qrng import terminal
from qrng.cli.options import generator_options, note, open_generator
from qrng.errors import HealthError, SourceExhausted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from qrng.report.live import Snapshot

_CHUNK = 1 << 16  # bytes asked for between two looks at the clock


@click.command("monitor")
@click.argument("spec", metavar="[SOURCE]", required=False)
@click.option("--interval", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Seconds a look.")
@click.option("--looks", type=click.IntRange(min=1), metavar="N", help="Stop after N looks.")
@click.option(
    "--prometheus", "text", type=click.Path(), metavar="FILE", help='Also write each look here ("-": stdout).'
)
@generator_options
def command(spec: str | None, interval: float, looks: int | None, text: str | None, **options: Any) -> int:
    """Run a generator on SOURCE, throw its bytes away, and show how it fares.

    Rate, claim, state, evidence of each test, lanes, pool and alarms. An alarm is shown and ends with exit code 4.
    """
    from qrng.report.live import Tapped

    if spec is not None and options["source"] is not None:
        raise click.UsageError("the source is given twice, as SOURCE and as --source")
    options["source"] = spec or options["source"]
    tapped: list[Tapped] = []

    def tap(source: Any) -> Tapped:
        tapped.append(Tapped(source))
        return tapped[0]

    with open_generator(**options, wrap=tap) as generator, _Screen(text != "-") as screen:
        return _watch(generator, tapped[0], interval, looks, text, screen)


def _watch(generator: Any, tapped: Any, interval: float, looks: int | None, text: str | None, screen: _Screen) -> int:
    from qrng.report.live import snapshot

    buffer, before, started, ended, code = bytearray(_CHUNK), None, time.monotonic(), None, 0
    while ended is None and (looks is None or looks > 0):
        try:
            generator.readinto(buffer)
        except HealthError as alarm:
            ended, code = str(alarm), terminal.EXIT_HEALTH
        except SourceExhausted as end:
            ended = str(end)
        seconds = time.monotonic() - started
        if seconds < interval and ended is None:
            continue
        before, started = snapshot(generator, tapped, seconds, before), time.monotonic()
        screen.show(before)
        if text is not None:
            _write(text, before)
        looks = None if looks is None else looks - 1
    if ended is not None:
        note(ended)
    return code


def _write(path: str, look: Snapshot) -> None:
    from qrng.files import atomic_write
    from qrng.report.live import prometheus

    if path == "-":
        click.echo(prometheus(look))
        return
    with atomic_write(path, mode=0o644) as out:
        out.write(prometheus(look).encode())


class _Screen:
    """A table that is drawn anew on a terminal, and a line a look elsewhere."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._live: Any = None

    def __enter__(self) -> _Screen:
        if self._shown and sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(auto_refresh=False)
            self._live.start()
        return self

    def __exit__(self, *what: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, look: Snapshot) -> None:
        """Draw a look."""
        if self._live is not None:
            self._live.update(_table(look), refresh=True)
        elif self._shown:
            held = max(look.evidence.values(), default=0.0)
            click.echo(
                f"{look.state:12} raw {look.raw_rate / 1e6:8.2f} Mbit/s  out {look.output_rate / 1e6:7.3f} MB/s  "
                f"evidence 2^{held:.1f}  alarms {look.alarms}"
            )


_STYLE = {"OK": "green", "STARTUP": "cyan", "SUSPECT": "yellow"}


def _table(look: Snapshot) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    rows: list[tuple[str, Any]] = [
        ("source", look.source + ("  SIMULATED" if look.simulated else "")),
        ("state", Text(look.state, style=_STYLE.get(look.state, "bold red"))),
        ("claim", f"{look.claim:.4f} bits a symbol of {look.bits_per_symbol}"),
        ("raw", f"{look.raw_rate / 1e6:,.2f} Mbit/s, {look.raw_bits:,} bits so far"),
        ("output", f"{look.output_rate / 1e6:,.3f} MB/s, {look.output_bytes:,} bytes thrown away so far"),
        ("pool", f"{look.pool_bytes:,} bytes; {look.held_bits:,} raw bits in quarantine"),
        ("budget", f"{look.blocks_used:,} of {look.blocks_allowed:,} blocks spent"),
        ("alarms", str(look.alarms)),
    ]
    if look.alarm_from is not None:
        for name, held in look.evidence.items():
            bar = _bar(held / look.alarm_from)
            rows.append((f"  {name}", Text(f"{bar} 2^{held:.1f}, alarm at 2^{look.alarm_from:g}")))
    for start in range(0, len(look.ones), 8):
        lanes = " ".join(f"{share:.3f}" for share in look.ones[start : start + 8])
        rows.append(("lanes, ones" if start == 0 else "", f"{start:>3}  {lanes}"))
    for name, value in rows:
        table.add_row(name, value)
    return table


def _bar(share: float, width: int = 24) -> str:
    filled = min(width, max(0, round(share * width)))
    return "█" * filled + "·" * (width - filled)
