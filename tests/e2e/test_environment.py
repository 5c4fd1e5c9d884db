"""The commands where the machine is not as a developer's: no home, no network, another locale, optimised Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAMS = Path(sys.executable).parent

NO_NETWORK = """
import socket

def refuse(*arguments, **options):
    raise OSError(101, "Network is unreachable")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


def run(*command: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    """An installed program with nothing in its environment but what is given."""
    program = str(PROGRAMS / command[0])
    return subprocess.run([program, *command[1:]], cwd=cwd, env=env, capture_output=True, timeout=120, check=False)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    np.random.default_rng(3).integers(0, 2, 100_000, dtype=np.uint8).tofile(tmp_path / "raw.bin")
    return tmp_path


CHAIN = [
    ["qrng", "random", "32"],
    ["qrng", "assess", "raw.bin"],
    ["qrng", "health", "raw.bin", "--claim", "0.8"],
    ["qrng", "extract", "raw.bin", "--min-entropy", "0.8", "-o", "out"],
    ["nist-sts", "raw.bin", "--layout", "symbols"],  # the same bits each time: good ones fail once in a hundred
    ["qrng", "doctor"],
]


def goes_through(cwd: Path, **env: str) -> None:
    for command in CHAIN:
        done = run(*command, cwd=cwd, **env)
        assert done.returncode == 0, (command, done.stderr)
        assert b"Traceback" not in done.stderr


def test_with_an_empty_environment(raw: Path) -> None:
    goes_through(raw)


@pytest.mark.parametrize("home", ["/nonexistent", "/dev/null", "/proc"])
def test_with_a_home_that_is_none_or_takes_no_files(raw: Path, home: str) -> None:
    goes_through(raw, HOME=home)


@pytest.mark.parametrize("coerced", ["0", "1"])
def test_in_locale_c(raw: Path, coerced: str) -> None:
    goes_through(raw, LC_ALL="C", PYTHONCOERCECLOCALE=coerced, PYTHONUTF8="0")


def test_with_optimised_python(raw: Path) -> None:
    """No check of ours is an assert that -O takes away."""
    goes_through(raw, PYTHONOPTIMIZE="2")
    (raw / "raw.bin").write_bytes(bytes(50_000))
    assert run("qrng", "health", "raw.bin", "--claim", "0.8", cwd=raw, PYTHONOPTIMIZE="2").returncode in (3, 4)
    assert run("qrng", "extract", "raw.bin", "-o", "none", cwd=raw, PYTHONOPTIMIZE="2").returncode == 4
    assert not (raw / "none").exists()


def test_without_a_network(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK)
    goes_through(raw, PYTHONPATH=str(tmp_path / "site"))
    check = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = run("python", "-c", check, cwd=raw, PYTHONPATH=str(tmp_path / "site"))
    assert b"Network is unreachable" in done.stderr  # the obstacle is in force


def test_on_a_full_disk_nothing_half_written_stays(raw: Path) -> None:
    """/dev/full refuses every byte; a small file system that fills up half way is that of RLIMIT_FSIZE elsewhere."""
    for command in (["qrng", "random", "100000", "--raw"], ["qrng", "stream", "--bytes", "100000"]):
        with Path("/dev/full").open("wb") as full:
            done: Any = subprocess.run(
                [str(PROGRAMS / command[0]), *command[1:]], stdout=full, stderr=subprocess.PIPE, env={}, check=False
            )
        assert done.returncode == 1
        assert b"No space left" in done.stderr
    assert sorted(path.name for path in raw.iterdir()) == ["raw.bin"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a read-only mount takes the rights of root")
def test_in_a_folder_that_takes_no_files(raw: Path) -> None:
    mount = f"mount -t tmpfs -o size=1m tmpfs {raw}/ro && cp raw.bin ro/ && mount -o remount,ro {raw}/ro"
    (raw / "ro").mkdir()
    inside = f"{mount} && cd ro && {PROGRAMS}/qrng extract raw.bin --min-entropy 0.8 -o out"
    done = subprocess.run(["unshare", "-m", "/bin/sh", "-c", inside], cwd=raw, capture_output=True, check=False)
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    assert done.returncode == 1
    assert b"Read-only file system" in done.stderr
    assert b"Traceback" not in done.stderr
