"""`qrng report` as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]

pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
pytest.importorskip("jinja2", reason="the extra 'report' is not installed")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    np.random.default_rng(5).integers(0, 2, 150_000, dtype=np.uint8).tofile(tmp_path / "raw.bin")
    return tmp_path


def test_one_command_writes_one_page(run_qrng: Run, raw: Path) -> None:
    done = run_qrng("report", "raw.bin")
    passed = b"SP 800-22 on the output: passed" in done.stdout  # of good output one in a hundred fails
    assert done.returncode == (0 if passed else 3), done.stderr
    assert passed or b"SP 800-22 on the output: FAILED" in done.stdout
    assert sorted(path.name for path in raw.iterdir() if path.is_file()) == ["raw.bin", "raw.bin.report.html"]
    assert done.stdout.startswith(b"raw.bin.report.html: claim 0.")
    assert (raw / "raw.bin.report.html").read_text().rstrip().endswith("</html>")


def test_output_certificate_and_validation_files_are_kept_on_request(run_qrng: Run, raw: Path) -> None:
    done = run_qrng("report", "raw.bin", "page.html", "-o", "out", "--certificate", "c.json", "--esv", "esv", "--json")
    found = json.loads(done.stdout)
    assert (found["schema"], found["stopped"]) == ("qrng.report/1", [])
    assert done.returncode == (0 if found["sts"]["passed"] else 3)
    verified = run_qrng("verify", "c.json", "--raw", "raw.bin", "--seed-file", "out.seed", "--output", "out", "--json")
    assert {check["outcome"] for check in json.loads(verified.stdout)["checks"]} == {"ok"}
    assert sorted(path.name for path in (raw / "esv").iterdir()) == ["CHECKLIST.md", "metadata.json"]


def test_a_failing_capture_has_its_page_and_exits_with_3(run_qrng: Run, raw: Path) -> None:
    data = np.fromfile(raw / "raw.bin", np.uint8)
    data[90_000:] = 0
    data.tofile(raw / "raw.bin")
    done = run_qrng("report", "raw.bin", "page.html")
    assert done.returncode == 3
    assert b"nothing was extracted" in done.stdout
    assert "No output was made." in (raw / "page.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-"], "stdin"),
        (["raw.bin", "--certificate", "c.json"], "--output"),
        (["raw.bin", "--sign", "key"], "--certificate"),
        (["raw.bin", "--restarts", "r"], "--esv"),
        (["raw.bin", "--physical", "luck"], "luck"),
    ],
)
def test_what_cannot_work_is_a_usage_error(run_qrng: Run, raw: Path, arguments: list[str], says: str) -> None:
    done = run_qrng("report", *arguments)
    assert done.returncode == 2
    assert says in done.stderr.decode()
    assert [path.name for path in raw.iterdir()] == ["raw.bin"]
