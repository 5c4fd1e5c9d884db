"""`qrng random`: print random bytes."""

from __future__ import annotations

import base64
import sys
from typing import Any

import click

from qrng.cli.options import generator_options, open_generator


@click.command("random")
@click.argument("n", type=click.IntRange(min=0), metavar="N")
@click.option("--hex", "form", flag_value="hex", default=True, help="Hexadecimal digits (the default).")
@click.option("--base64", "form", flag_value="base64", help="Base64.")
@click.option("--raw", "form", flag_value="raw", help="The bytes themselves.")
@generator_options
def command(n: int, form: str, **options: Any) -> None:
    """Print N random bytes."""
    with open_generator(**options) as generator:
        data = generator.random_bytes(n)
    if form == "raw":
        sys.stdout.buffer.write(data)
    else:
        click.echo(data.hex() if form == "hex" else base64.b64encode(data).decode())
