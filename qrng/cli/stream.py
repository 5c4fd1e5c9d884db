"""`qrng stream`: random bytes to stdout until the reader closes."""

from __future__ import annotations

import sys
from typing import Any

import click

from qrng import terminal
from qrng.cli.options import generator_options, open_generator

_CHUNK = 1 << 16  # bytes: the usual size of a pipe


@click.command("stream")
@click.option("--bytes", "limit", type=click.IntRange(min=0), help="Stop after this many bytes.")
@generator_options
def command(limit: int | None, **options: Any) -> None:
    """Write random bytes to stdout without end: `qrng stream | rngtest`."""
    if sys.stdout.isatty():
        raise click.UsageError("stdout is a terminal: pipe the stream, or use `qrng random N`")
    out = sys.stdout.buffer
    buffer = bytearray(_CHUNK)
    left = limit
    with open_generator(**options) as generator, terminal.progress("streaming", limit) as advance:
        while left is None or left > 0:
            view = memoryview(buffer)[: _CHUNK if left is None else min(left, _CHUNK)]
            generator.readinto(view)
            out.write(view)
            advance(len(view))
            if left is not None:
                left -= len(view)
        out.flush()
