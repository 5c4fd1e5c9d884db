"""Every command that reads a file meets broken ones with one clear line, the right code, and no output."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]

GOOD = np.random.default_rng(5).bytes(20_000)

READERS = {
    "assess": ["assess", "{file}"],
    "health": ["health", "{file}", "--claim", "0.5"],
    "extract": ["extract", "{file}", "-o", "out"],
    "sts": ["sts", "{file}"],
    "capture": ["capture", "file:{file}", "-o", "out"],
    "stream": ["stream", "--source", "file:{file}", "--claim", "0.5"],
    "random": ["random", "16", "--source", "file:{file}", "--claim", "0.5"],
}
OPENS_A_SOURCE = ("capture", "stream", "random")

BROKEN = {
    "empty": b"",
    "truncated.json": b'{"raw_integers": [12, 7, 5',
    "truncated.gz": gzip.compress(GOOD)[:-50],
    "truncated.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (9000,), }",
    "truncated.qrng": None,  # made from a real container below
    "nan.json": b"[0, 1, NaN]",
    "float.json": b"[0.5, 0.25]",
    "negative.json": b"[-1, 0, 1]",
}


@pytest.fixture
def broken(tmp_path: Path, run_qrng: Run) -> Callable[[str], Path]:
    """Write one of the broken files."""

    def write(name: str) -> Path:
        path = tmp_path / name
        content = BROKEN[name]
        if content is None:
            whole = tmp_path / "whole.qrng"
            done = run_qrng("capture", "sim:?seed=1", "--samples", "20000", "-o", whole)
            assert done.returncode == 0, done.stderr
            content = whole.read_bytes()[:-20]
            whole.unlink()
        path.write_bytes(content)
        return path

    return write


def assert_one_line(done: subprocess.CompletedProcess[bytes], name: str) -> None:
    """One line, beside the note that a source is simulated."""
    lines = [line for line in done.stderr.decode().splitlines() if "is simulated" not in line]
    assert len(lines) == 1, lines
    assert name in lines[0]


@pytest.mark.parametrize("name", list(BROKEN))
@pytest.mark.parametrize("command", list(READERS))
def test_a_broken_file_is_named_in_one_line(
    run_qrng: Run, broken: Callable[[str], Path], command: str, name: str, tmp_path: Path
) -> None:
    path = broken(name)
    done = run_qrng(*(word.format(file=path.name) for word in READERS[command]))
    assert done.returncode == (5 if command in OPENS_A_SOURCE else 1), done.stderr
    assert_one_line(done, name)
    assert done.stdout == b""
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("command", list(READERS))
def test_a_missing_file_and_a_folder_are_named_in_one_line(run_qrng: Run, command: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("absent.bin", "folder"):
        done = run_qrng(*(word.format(file=name) for word in READERS[command]))
        assert done.returncode == (5 if command in OPENS_A_SOURCE else 1), done.stderr
        assert_one_line(done, name)
        assert done.stdout == b""


@pytest.mark.parametrize("command", ["assess", "health", "extract", "sts"])
def test_a_wrong_width_and_an_unknown_layout_are_said(run_qrng: Run, command: str, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes([0, 1, 2, 3] * 2000))
    base = [word.format(file="raw.bin") for word in READERS[command]]
    if command != "sts":  # which takes symbols of any width as their bits
        done = run_qrng(*base, "--layout", "symbols", "--bits-per-symbol", "1")
        assert done.returncode == 1, done.stderr
        assert_one_line(done, "raw.bin")
        assert "2" in done.stderr.decode()
    done = run_qrng(*base, "--layout", "morse")
    assert done.returncode == 2
    assert b"morse" in done.stderr


@pytest.mark.parametrize("command", ["assess", "health", "sts"])
def test_a_closed_pipe_is_quiet(command: str, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(GOOD)
    words = " ".join(word.format(file="raw.bin") for word in READERS[command])
    qrng = Path(sys.executable).parent / "qrng"
    done = subprocess.run(
        ["bash", "-c", f"'{qrng}' {words} --json --layout packed-msb | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["assess", "health", "sts"])
def test_a_full_disk_behind_stdout_is_one_line(run_qrng: Run, command: str, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(GOOD)
    words = [word.format(file="raw.bin") for word in READERS[command]]
    with Path("/dev/full").open("wb") as full:
        done = run_qrng(*words, "--layout", "packed-msb", stdout=full)
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["assess", "health", "extract", "sts"])
def test_what_stdout_carries_is_one_json_object(run_qrng: Run, command: str, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(GOOD)
    words = [word.format(file="raw.bin") for word in READERS[command]]
    done = run_qrng(*words, "--layout", "packed-msb", "--json")
    assert done.returncode == 0, done.stderr
    schema = json.loads(done.stdout)["schema"]
    wanted = {"assess": "qrng.assessment/1", "health": "qrng.health/1", "sts": "nist_sts.report/1"}
    assert schema == wanted.get(command, "qrng.extraction/1")
