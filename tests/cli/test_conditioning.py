import json
import subprocess
import sys
from pathlib import Path

import numpy as np


def qrng(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from qrng.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True)


SIZES = ("--n-in", "512", "--n-out", "256", "--nw", "256", "--h-in", "300")


def test_a_vetted_component(tmp_path):
    done = qrng("conditioning", *SIZES, "--vetted", cwd=tmp_path)
    assert done.returncode == 0
    assert "255.99999999999991799" in done.stdout
    report = json.loads(qrng("conditioning", *SIZES, "--vetted", "--json", cwd=tmp_path).stdout)
    assert report["schema"] == "qrng.conditioning/1"
    assert report["vetted"] is True
    assert report["output_entropy_digits"].startswith("255.99999999999991799")


def test_one_that_is_not_vetted_is_capped_by_its_data(tmp_path):
    ones = (np.random.default_rng(1).random(80_000) < 0.7).astype(np.uint8)
    np.packbits(ones).tofile(tmp_path / "output.bin")
    report = json.loads(qrng("conditioning", *SIZES, "--data", "output.bin", "--json", cwd=tmp_path).stdout)
    assert report["vetted"] is False
    assert report["h_out"] == 256 * report["h_prime"]
    assert report["h_prime"] < 0.52
    assert report["data"]["layout"].startswith("packed bits")
    text = qrng("conditioning", *SIZES, "--data", "output.bin", cwd=tmp_path).stdout
    assert "h' of output.bin\nread as packed bits" in text
    assert "! 80000 samples" in text


def test_output_without_entropy_is_said_to_be_that(tmp_path):
    (tmp_path / "zeros.bin").write_bytes(bytes(5000))
    done = qrng("conditioning", *SIZES, "--data", "zeros.bin", cwd=tmp_path)
    assert done.returncode == 3
    assert "zeros.bin, read as" in done.stderr
    assert "no min-entropy" in done.stderr


def test_a_layout_is_for_data(tmp_path):
    assert qrng("conditioning", *SIZES, "--vetted", "--layout", "ascii", cwd=tmp_path).returncode == 2
    (tmp_path / "output.txt").write_text("".join(map(str, np.random.default_rng(1).integers(0, 2, 15_000))))
    done = qrng("conditioning", *SIZES, "--data", "output.txt", "--layout", "ascii", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["data"]["samples"] == 15_000


def test_it_must_be_said_what_kind_of_component_it_is(tmp_path):
    for extra in ((), ("--vetted", "--h-prime", "0.9")):
        done = qrng("conditioning", *SIZES, *extra, cwd=tmp_path)
        assert done.returncode == 2
        assert "--vetted" in done.stderr


def test_no_number_is_a_usage_error(tmp_path):
    done = qrng("conditioning", "--n-in", "8", "--n-out", "8", "--nw", "8", "--h-in", "many", "--vetted", cwd=tmp_path)
    assert done.returncode == 2
