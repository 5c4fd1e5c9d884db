"""kill -9 at random moments: a file that appears under its name is whole, whatever was going on."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qrng.formats import open_capture
from qrng.verification import verify

PROGRAM = str(Path(sys.executable).parent / "qrng")


def killed(folder: Path, seconds: float | None, *arguments: str) -> bool:
    """Run a command and kill it after so long, or let it end where None; whether it was still running."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("QRNG_")}
    with subprocess.Popen(
        [PROGRAM, *arguments], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        if seconds is None:
            assert process.wait() == 0
            return False
        time.sleep(seconds)
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return alive


def duration(folder: Path, *arguments: str) -> float:
    """Seconds that a command takes when it is left to end."""
    started = time.monotonic()
    assert not killed(folder, None, *arguments)
    return time.monotonic() - started


def a_capture_is_whole(folder: Path) -> None:
    with open_capture(folder / "raw.qrng") as capture:  # its seal is checked at the end
        assert sum(samples.count for samples in capture.chunks()) == 4_000_000


def an_extraction_is_whole(folder: Path) -> None:
    if (folder / "c.json").exists():  # written last
        found = verify(folder / "c.json", raw=folder / "raw.bin", seed=folder / "out.seed", output=folder / "out")
        assert {check.name for check in found if check.outcome != "ok"} == {"claim", "assessment"}  # both given
    if (folder / "out").exists():
        assert (folder / "out").stat().st_size == OUTPUT
        assert (folder / "out.seed").exists()


def a_page_is_whole(folder: Path) -> None:
    if (folder / "page.html").exists():
        assert (folder / "page.html").read_text().rstrip().endswith("</html>")


Prepare = Callable[[Path], None]


def nothing(folder: Path) -> None:
    """A capture of the simulator needs no files."""


def raw_file(folder: Path) -> None:
    np.random.default_rng(1).integers(0, 2, 300_000, dtype=np.uint8).tofile(folder / "raw.bin")


CAPTURE = ["capture", "sim:?qubits=8", "--samples", "4000000", "-o", "raw.qrng"]
EXTRACT = ["extract", "raw.bin", "--min-entropy", "0.8", "--no-allowance", "-o", "out", "--certificate", "c.json"]
OUTPUT = -(-(300_000 * 8 // 10 + 2 - 2 * 64) // 8)
"""Bytes of the extraction's output: 0.8 bits of each of 300,000, less 2 log2(1/e) - 2."""
REPORT = ["report", "raw.bin", "page.html"]

WORK: dict[str, tuple[list[str], Prepare, Prepare, list[str]]] = {
    "capture": (CAPTURE, nothing, a_capture_is_whole, ["raw.qrng"]),
    "extract": (EXTRACT, raw_file, an_extraction_is_whole, ["out", "out.seed", "c.json"]),
    "report": (REPORT, raw_file, a_page_is_whole, ["page.html"]),
}
"""Command, what it needs, what must hold of its files, and those files."""


def campaign(folder: Path, what: str, kills: int) -> tuple[int, int]:
    """Kill so often; how often a command was caught at work, and how often a finished file was seen."""
    arguments, prepare, holds, files = WORK[what]
    if what == "report":
        pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
        pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    prepare(folder)
    moments = random.Random(hashlib.sha256(what.encode()).digest())
    longest = min(duration(folder, *arguments) for _ in range(3))
    caught = finished = 0
    holds(folder)
    for path in folder.iterdir():
        if path.name in files:
            path.unlink()
    for _ in range(kills):
        caught += killed(folder, moments.uniform(0.1, 1.0) * longest, *arguments)
        if (folder / files[0]).exists():
            finished += 1
            holds(folder)
        for path in folder.iterdir():
            if path.name.startswith(".") or path.name in files:
                path.unlink()  # hidden parts may remain; nobody takes them for a file
    return caught, finished


@pytest.mark.parametrize("what", ["capture", "extract"])
def test_a_few_kills(tmp_path: Path, what: str) -> None:
    caught, _ = campaign(tmp_path, what, 5)
    assert caught > 0


@pytest.mark.trial
@pytest.mark.parametrize("what", list(WORK))
def test_a_hundred_kills(tmp_path: Path, what: str) -> None:
    caught, finished = campaign(tmp_path, what, 100)
    print(f"{what}: 100 kills, {caught} while at work, {finished} finished files, all whole")
    assert caught >= 20
