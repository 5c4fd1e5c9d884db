"""`qrng health` as a user or a script sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def health(*arguments: str, cwd: Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    code = "from qrng.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "health", *arguments], cwd=cwd, input=data, capture_output=True, check=False
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    bits = np.random.default_rng(1).integers(0, 2, 40_000, dtype=np.uint8)
    bits.tofile(tmp_path / "good.bin")
    alarm = bits.copy()
    alarm[20_000:20_045] = 1
    alarm[[19_999, 20_045]] = 0
    alarm.tofile(tmp_path / "alarm.bin")
    stuck = bits.copy().reshape(-1, 32)
    stuck[100:, 5] = 0
    stuck.tofile(tmp_path / "stuck.bin")
    np.zeros(5000, np.uint8).tofile(tmp_path / "zeros.bin")
    bits[:500].tofile(tmp_path / "short.bin")
    (np.random.default_rng(2).random(60_000) < 0.54).astype(np.uint8).tofile(tmp_path / "biased.bin")
    (tmp_path / "empty.bin").touch()
    return tmp_path


def test_a_good_capture_exits_0_and_the_text_says_what_ran(files: Path) -> None:
    done = health("good.bin", "--claim", "1", cwd=files)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert text.startswith("good.bin\nread as one symbol a byte, 1 bit a symbol")
    assert "40000 samples; claim 1 bits of min-entropy" in text
    assert "apt       whole stream      1024     626" in text
    assert "state     OK: no alarm" in text
    assert "bank      whole stream     evidence of 2^65.2" in text
    assert "SUSPECT from 2^54" in text
    assert "consistency check" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_an_alarm_exits_3_and_says_where(files: Path) -> None:
    done = health("alarm.bin", "--claim", "1", cwd=files)
    text = done.stdout.decode()
    assert done.returncode == 3
    assert "ALARM  rct at sample 20040, the whole stream; began about 20000" in text
    assert "Not tested: the 19959 samples after the last alarm" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_evidence_says_what_was_found(files: Path) -> None:
    text = health("biased.bin", "--claim", "1", cwd=files).stdout.decode()
    assert "ALARM  bank at sample" in text
    assert "       bias, evidence 2^" in text


def test_a_stuck_lane_and_a_constant_file_exit_4(files: Path) -> None:
    done = health("stuck.bin", "--claim", "1", "--lanes", "32", cwd=files)
    assert done.returncode == 4
    assert "lane 5" in done.stdout.decode()
    done = health("zeros.bin", "--claim", "1", "--layout", "symbols", "--json", cwd=files)
    assert done.returncode == 4
    assert json.loads(done.stdout)["state"] == "FAILED"


def test_json_is_the_contract_and_restarts_report_every_alarm(files: Path) -> None:
    done = health("alarm.bin", "--claim", "0.99", "--restarts", "2", "--json", cwd=files)
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert report["schema"] == "qrng.health/1"
    assert (report["claim"], report["samples"], report["examined"], report["state"]) == (0.99, 40_000, 40_000, "OK")
    (alarm,) = report["alarms"]
    place = {"test": "rct", "at_sample": 20_041, "lane": None, "onset_estimate": 20_000, "log2_evidence": None}
    assert alarm.items() >= place.items()


def test_a_claim_from_the_same_data_is_said_to_be_no_evidence(files: Path) -> None:
    done = health("good.bin", "--claim", "auto", cwd=files)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "that they pass it is a consistency check, not evidence" in " ".join(text.split())
    report = json.loads(health("good.bin", "--claim", "auto", "--json", cwd=files).stdout)
    assert report["claim_from_same_data"] is True
    assert 0.5 < report["claim"] < 1


def test_standard_input_is_read(files: Path) -> None:
    data = (files / "good.bin").read_bytes()
    assert (
        health("-", "--claim", "1", "--layout", "symbols", "--bits-per-symbol", "1", cwd=files, data=data).returncode
        == 0
    )
    done = health("-", "--claim", "auto", cwd=files, data=data)
    assert done.returncode == 2
    assert b"give a file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("good.bin",), 2, b"--claim"),
        (("good.bin", "--claim", "lots"), 2, b"number of bits a symbol"),
        (("good.bin", "--claim", "1.5"), 2, b"can't carry 1.5 bits"),
        (("good.bin", "--claim", "0"), 2, b"must be above 0"),
        (("absent.bin", "--claim", "1"), 1, b"absent.bin"),
        (("empty.bin", "--claim", "1"), 1, b"empty"),
        ((".", "--claim", "1"), 1, b"directory"),
        (("short.bin", "--claim", "1"), 3, b"too few"),
    ],
)
def test_what_cannot_be_tested_is_one_clear_line(
    files: Path, arguments: tuple[str, ...], code: int, message: bytes
) -> None:
    done = health(*arguments, cwd=files)
    assert done.returncode == code
    assert done.stdout == b""
    assert message in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_evidence_is_drawn_on_a_page(files: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    done = health("biased.bin", "--claim", "1", "--html", "page.html", "--json", cwd=files)
    assert done.returncode == 3, done.stderr
    page = (files / "page.html").read_text()
    alarm = json.loads(done.stdout)["alarms"][0]
    assert f'<td class="number">{alarm["at_sample"]}</td>' in page
    assert "<svg" in page
