"""`qrng sources`: what can be opened here, and what is missing to open the rest."""

from __future__ import annotations

import click

from qrng import terminal
from qrng.sources import available


@click.command("sources")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def command(as_json: bool) -> None:
    """List the noise sources and what each needs."""
    rows = available()
    if as_json:
        terminal.print_json({"schema": "qrng.sources/1", "sources": rows})
        return
    width = max(len(row["example"]) for row in rows)
    for row in rows:
        missing = f"  [needs: pip install '{row['needs']}']" if row["needs"] else ""
        if row["missing"]:
            missing = f"  [missing: {row['missing']}]"
        click.echo(f"{row['example']:<{width}}  {row['about']}{missing}")
