"""What both command lines share, as a shell sees it: signals, closed streams, a full disk, whom an error names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

QRNG = str(Path(sys.executable).parent / "qrng")
NIST_STS = str(Path(sys.executable).parent / "nist-sts")

WITHOUT_EXTRA = """
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: None if name in ("jinja2", "matplotlib") else find(name, *more)
"""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    np.random.default_rng(3).integers(0, 2, 100_000, dtype=np.uint8).tofile(tmp_path / "raw.bin")
    return tmp_path


def close(number: int) -> None:
    os.close(number)


@pytest.mark.parametrize("command", [[QRNG, "random", "8"], [NIST_STS, "raw.bin"], [QRNG, "assess", "raw.bin"]])
def test_a_closed_stdout_is_said_and_not_a_traceback(raw: Path, command: list[str]) -> None:
    done = subprocess.run(command, cwd=raw, env={}, stderr=subprocess.PIPE, preexec_fn=lambda: close(1), check=False)
    assert done.returncode == 1
    assert b"stdout is closed" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_closed_stderr_or_stdin_is_nobodys_trouble(raw: Path) -> None:
    for number in (0, 2):
        command = [QRNG, "assess", "raw.bin"]
        done = subprocess.run(
            command, cwd=raw, env={}, stdout=subprocess.PIPE, preexec_fn=lambda n=number: close(n), check=False
        )
        assert done.returncode == 0
        assert b"claim" in done.stdout
    command = [QRNG, "assess", "-"]
    done = subprocess.run(command, cwd=raw, env={}, capture_output=True, preexec_fn=lambda: close(0), check=False)
    assert done.returncode == 1
    assert b"stdin" in done.stderr and b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["assess", "raw.bin", "--json"], ["random", "100000", "--raw"], ["--help"]])
def test_a_full_disk_behind_stdout_is_named(raw: Path, command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([QRNG, *command], cwd=raw, env={}, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"stdout: No space left on device" in done.stderr


def _writing(folder: Path) -> bool:
    return any(path.name.endswith(".part") and path.stat().st_size for path in folder.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_no_half_written_file_and_is_what_the_process_dies_of(tmp_path: Path, number: int) -> None:
    command = [QRNG, "capture", "sim:", "--samples", "1000000000000", "-o", "raw.qrng"]
    with subprocess.Popen(command, cwd=tmp_path, env={}, stderr=subprocess.PIPE) as process:
        while not _writing(tmp_path):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert b"Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As nohup has it."""
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    command = [QRNG, "capture", "sim:", "--samples", "1000000000000", "-o", "raw.qrng"]
    with subprocess.Popen(command, cwd=tmp_path, env={}, stderr=subprocess.PIPE, preexec_fn=ignore) as process:
        while not _writing(tmp_path):
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert process.poll() is None
        process.terminate()
        process.communicate()
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    "command",
    [
        ["report", "raw.bin", "-o", "out"],
        ["health", "raw.bin", "--claim", "0.8", "--html", "page.html"],
    ],
)
def test_an_extra_that_a_page_needs_is_asked_for_before_the_work(raw: Path, command: list[str]) -> None:
    (raw / "site").mkdir()
    (raw / "site" / "sitecustomize.py").write_text(WITHOUT_EXTRA)
    env = {"PYTHONPATH": str(raw / "site")}
    done = subprocess.run([QRNG, *command], cwd=raw, env=env, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"pip install 'qrng-toolkit[report]'" in done.stderr
    assert done.stdout == b""
    assert sorted(path.name for path in raw.iterdir()) == ["raw.bin", "site"]
