import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def qrng(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from qrng.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True)


READ = ("--layout", "symbols", "--bits-per-symbol", "1")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (1000, 1000)).astype(np.uint8)
    bits.tofile(tmp_path / "good.bin")
    np.tile(bits[0], (1000, 1)).tofile(tmp_path / "alike.bin")
    return tmp_path


def test_a_good_source_passes(folder):
    done = qrng("restart", "good.bin", *READ, "--initial-entropy", "0.8", cwd=folder)
    assert done.returncode == 0
    assert "passed: 0.8" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    report = json.loads(qrng("restart", "good.bin", *READ, "--initial-entropy", "0.8", "--json", cwd=folder).stdout)
    assert report["schema"] == "qrng.restart/1"
    assert report["passed"] is True
    assert report["min_entropy"] == 0.8


def test_a_source_that_restarts_alike_fails_with_code_3(folder):
    done = qrng("restart", "alike.bin", *READ, "--initial-entropy", "0.8", cwd=folder)
    assert done.returncode == 3
    assert "FAILED: a symbol occurs 1000 times in one of the columns" in done.stdout


def test_the_column_set_can_be_kept(folder):
    qrng("restart", "good.bin", *READ, "--initial-entropy", "0.8", "--transpose", "columns.bin", cwd=folder)
    rows = np.fromfile(folder / "good.bin", np.uint8).reshape(1000, 1000)
    assert np.array_equal(np.fromfile(folder / "columns.bin", np.uint8).reshape(1000, 1000), rows.T)


def test_a_claim_wider_than_a_symbol_is_a_usage_error(folder):
    done = qrng("restart", "good.bin", *READ, "--initial-entropy", "1.5", cwd=folder)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_another_number_of_samples_names_the_file_and_how_it_was_read(folder):
    (folder / "packed.bin").write_bytes(bytes(range(256)) * 100)
    done = qrng("restart", "packed.bin", "--initial-entropy", "0.8", cwd=folder)
    assert done.returncode == 2
    assert "packed.bin: 204800 samples, read as packed bits" in done.stderr
    assert "--layout" in done.stderr


def test_a_column_set_that_can_not_be_written_is_named_as_it_was_given(folder):
    options = ("--initial-entropy", "0.8", "--transpose", "nowhere/columns.bin")
    done = qrng("restart", "good.bin", *READ, *options, cwd=folder)
    assert done.returncode == 1
    assert done.stderr == "qrng: nowhere/columns.bin: No such file or directory\n"
