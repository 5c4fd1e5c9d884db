"""Entry points of the commands, which import next to nothing: an interrupt during the imports ends cleanly, too."""

from __future__ import annotations

import importlib
import sys

__all__ = ["INTERRUPTED", "nist_sts", "qrng"]

INTERRUPTED = 130
"""Exit code after an interrupt, as a shell gives it."""


def qrng() -> None:
    """The command `qrng`."""
    _enter("qrng", "qrng.cli")


def nist_sts() -> None:
    """The command `nist-sts`."""
    _enter("nist-sts", "nist_sts.command")


def _enter(name: str, module: str) -> None:
    try:
        importlib.import_module(module).main()
    except KeyboardInterrupt:  # later ones `qrng.terminal.run` has met
        if sys.stderr is not None:
            print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
