"""The installed commands, interrupted while Python still imports what they need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Imported by Python itself at its start: sends an interrupt, as a terminal does, when a module is about to be imported.
HOOK = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Interrupting(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.kill(os.getpid(), signal.SIGINT)
        return None

sys.meta_path.insert(0, Interrupting())
"""


@pytest.mark.parametrize(
    ("command", "module"),
    [
        (("qrng", "random", "4"), "qrng.cli"),
        (("qrng", "random", "4"), "click"),
        (("qrng", "random", "4"), "qrng.cli.random_"),
        (("qrng", "random", "4"), "numpy"),
        (("qrng", "random", "4"), "qrng.rbg"),
        (("nist-sts", "sitecustomize.py"), "nist_sts.command"),
        (("nist-sts", "sitecustomize.py"), "qrng._native"),
        (("nist-sts", "sitecustomize.py"), "numpy"),
    ],
)
def test_an_interrupt_during_the_imports_is_one_line_and_130(
    command: tuple[str, ...], module: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    done = subprocess.run(
        [Path(sys.executable).parent / command[0], *command[1:]],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "INTERRUPT_AT": module},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", f"{command[0]}: interrupted\n".encode())
