"""`qrng sources` and `qrng capture`: what they print, write and return."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qrng.formats import open_capture

QRNG = str(Path(sys.executable).with_name("qrng"))


def qrng(*args: str, **known: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([QRNG, *args], capture_output=True, text=True, check=False, **known)  # type: ignore[call-overload]


def test_sources_lists_what_can_be_opened() -> None:
    done = qrng("sources", "--json")
    assert done.returncode == 0
    listing = json.loads(done.stdout)
    assert listing["schema"] == "qrng.sources/1"
    assert {"file", "sim"} <= {row["scheme"] for row in listing["sources"]}
    assert "sim:?qubits=8" in qrng("sources").stdout


def test_a_capture_records_samples_and_where_they_come_from(tmp_path: Path) -> None:
    path = tmp_path / "raw.qrng"
    done = qrng(
        "capture", "sim:?qubits=4&seed=1", "--samples", "100003", "--fault", "stuck_lane:lane=2", "-o", str(path)
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "simulated" in done.stderr and "100003 symbols of 1 bit in 4 lanes" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_capture(path) as capture:
        samples = capture.read_all()
        recorded = capture.provenance["recorded"]
    assert (samples.count, samples.lanes) == (100_003, 4)
    assert not samples.lane(2).any() and samples.lane(1).any()
    assert recorded["simulated"] is True and recorded["faults"][0]["fault"] == "stuck_lane"
    assert recorded["claim"]["assumptions"][0].startswith("simulated")


def test_a_finite_source_is_recorded_to_its_end_and_can_be_plain_bits(tmp_path: Path) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out.bin"
    source.write_text("1011 0000 1")
    done = qrng("capture", f"file:{source}", "--layout", "packed-msb", "-o", str(out), "--json")
    assert done.returncode == 0
    assert out.read_bytes() == b"\xb0\x80"
    facts = json.loads(done.stdout)
    assert (facts["schema"], facts["samples"]) == ("qrng.capture/1", 9)
    assert facts["sha256"] == hashlib.sha256(b"\xb0\x80").hexdigest()
    assert facts["provenance"]["file"] == str(source)


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["sim:"], 2, "with --samples"),
        (["file:missing.bin"], 5, "No such file"),
        (["file:short.txt", "--samples", "100"], 5, "ended 91 symbols before the 100"),
        (["file:short.txt?bits_per_symbol=2"], 5, "1 bits are left over"),
        (["sim:", "--samples", "9", "--fault", "gremlin"], 2, "choose one of"),
        (["sim:?qubits=0", "--samples", "9"], 2, "qubits must be from 1"),
        (["elsewhere:", "--samples", "9"], 2, "must start with one of"),
        (["sim:", "--samples", "9999999", "-o", "/dev/full"], 1, "/dev/full: No space left on device"),
    ],
)
def test_what_goes_wrong_is_one_line_with_its_code_and_leaves_no_file(
    tmp_path: Path, args: list[str], code: int, says: str
) -> None:
    (tmp_path / "short.txt").write_text("101100001")
    done = qrng("capture", "-o", "out.qrng", *args, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["short.txt"]


def test_an_interrupt_leaves_no_half_written_file(tmp_path: Path) -> None:
    command = [QRNG, "capture", "sim:", "--samples", str(10**12), "-o", str(tmp_path / "out.qrng")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not any(path.stat().st_size for path in tmp_path.iterdir()):
            time.sleep(0.02)
            assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr is not None
        message = process.stderr.read()
    assert process.returncode == 130
    assert "interrupted" in message and "Traceback" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_capture_can_go_down_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{QRNG} capture sim:?seed=1 --samples 8000 --layout packed-msb -o /dev/stdout | wc -c",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1000"
    assert "8000 symbols of 1 bit in 8 lanes, packed-msb\n" in done.stderr
