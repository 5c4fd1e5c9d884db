"""The `qrng` command: one module a subcommand, imported when it is called."""

from __future__ import annotations

import importlib

import click

import qrng
from qrng import terminal

_COMMANDS = {
    "assess": "Estimate the min-entropy of a capture by SP 800-90B.",
    "capture": "Record raw samples of a source.",
    "conditioning": "Compute the entropy of a conditioning component's output.",
    "demo": "A guided run on the simulator, from raw bits to bytes.",
    "doctor": "Check this installation: kernel, self-test, versions, cutoffs.",
    "extract": "Turn raw samples into nearly uniform bytes.",
    "health": "Run the health tests over a capture.",
    "jobs": "List, collect or cancel jobs sent to IBM Quantum.",
    "monitor": "Watch a running generator: rate, health, lanes; Prometheus text.",
    "random": "Print random bytes.",
    "report": "Write one page about a capture, from raw bits to output, for an evaluator.",
    "restart": "Check an entropy estimate on samples taken after restarts.",
    "sources": "List the noise sources and what each needs.",
    "stream": "Write random bytes to stdout without end.",
    "sts": "Run the SP 800-22 tests.",
    "verify": "Check the certificate of an extraction against files.",
}


class _LazyGroup(click.Group):
    """Commands by name; the module `qrng.cli.NAME` holds the function `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = "random_" if cmd_name == "random" else cmd_name
        command: click.Command = importlib.import_module(f"qrng.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup)
@click.version_option(qrng.__version__, prog_name="qrng")
def cli() -> None:
    """Quantum random numbers with evidence at every step."""


def main() -> None:
    """Entry point of the `qrng` command."""
    terminal.run(cli, "qrng")
