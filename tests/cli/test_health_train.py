"""`qrng health train`, and `qrng health --model`, as a user or a script sees them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]

ADC = ("--layout", "symbols", "--bits-per-symbol", "8")


def noise(n: int, seed: int, gain: float = 1.0) -> np.ndarray:
    v = np.random.default_rng(seed).normal(128, 20 * gain, n)
    return np.clip(np.round(v), 0, 255).astype(np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    noise(300_000, 1).tofile(tmp_path / "healthy.bin")
    np.concatenate([noise(60_000, 2), noise(60_000, 3, 0.8)]).tofile(tmp_path / "weaker.bin")
    noise(100_000, 4).tofile(tmp_path / "later.bin")
    (noise(300_000, 5) + np.linspace(0, 20, 300_000).astype(np.uint8)).tofile(tmp_path / "drifting.bin")
    return tmp_path


def train(run_qrng: Run, *more: str, capture: str = "healthy.bin") -> subprocess.CompletedProcess[bytes]:
    return run_qrng("health", "train", "--capture", capture, *ADC, "-o", "model.npz", *more)


def test_a_model_of_the_user_s_own_source_is_written_with_its_null_check(run_qrng: Run, files: Path) -> None:
    done = train(run_qrng)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert text.startswith("model.npz: mahalanobis, 80 parameters, SHA-256 ")
    assert "null check on 98 windows: mean payoff " in text
    assert "The claim of min-entropy does not imply that" in " ".join(text.split())
    manifest = json.loads((files / "model.json").read_text())
    assert manifest.items() >= {"schema": "qrng.model/1", "bits_per_symbol": 8, "lanes": 1, "window": 1024}.items()
    assert manifest["windows"] == {"fit": 97, "calibration": 97, "check": 98}
    assert manifest["null_mean_payoff"] <= 1 + 3 * manifest["null_mean_payoff_standard_error"]
    assert manifest["assumes"] == "exchangeable windows"


def test_the_same_capture_and_seed_give_the_same_files(run_qrng: Run, files: Path) -> None:
    first = json.loads(train(run_qrng, "--json", "--kind", "network").stdout)
    content = (files / "model.npz").read_bytes()
    assert json.loads(train(run_qrng, "--json", "--kind", "network").stdout) == first
    assert (files / "model.npz").read_bytes() == content
    assert json.loads(train(run_qrng, "--json", "--kind", "network", "--seed", "2").stdout)["sha256"] != first["sha256"]
    assert first["families"] == ["bias", "drift", "markov"]


def test_health_uses_it_finds_what_the_claim_allows_and_says_what_that_rests_on(run_qrng: Run, files: Path) -> None:
    assert train(run_qrng).returncode == 0
    common = (*ADC, "--claim", "5", "--model", "model.npz")
    done = run_qrng("health", "later.bin", *common)
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert "  mahalanobis assumes exchangeable windows too, which the claim doesn't imply" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    done = run_qrng("health", "weaker.bin", *common, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 3
    (alarm,) = report["alarms"]
    assert alarm["test"] == "mahalanobis"
    assert 60_000 < alarm["at_sample"] < 100_000
    assert report["false_alarm_bound_assumes"] == ["claim", "exchangeable windows"]
    assumed = {row["name"]: row["assumes"] for row in report["tests"]}
    assert assumed.pop("mahalanobis") == "exchangeable windows"
    assert set(assumed.values()) == {"claim"}
    assert run_qrng("health", "weaker.bin", *ADC, "--claim", "5").returncode == 0  # 5.3 bits are left


@pytest.mark.parametrize("damage", ["other lanes", "other width", "altered", "no manifest", "absent"])
def test_a_model_that_does_not_fit_ends_with_4(run_qrng: Run, files: Path, damage: str) -> None:
    assert train(run_qrng).returncode == 0
    options = [*ADC, "--claim", "5", "--model", "model.npz"]
    if damage == "other lanes":
        options += ["--lanes", "2"]
    elif damage == "other width":
        options[1:4] = ["symbols", "--bits-per-symbol", "9"]
        options[5] = "5"
    elif damage == "altered":
        content = bytearray((files / "model.npz").read_bytes())
        content[150] ^= 1
        (files / "model.npz").write_bytes(content)
    elif damage == "no manifest":
        (files / "model.json").unlink()
    else:
        (files / "model.npz").unlink()
    if damage == "other width":
        np.arange(1000, dtype=np.uint16).tofile(files / "wide.bin")
        options = ["--layout", "uint16le", "--claim", "5", "--model", "model.npz"]
    done = run_qrng("health", "wide.bin" if damage == "other width" else "later.bin", *options)
    assert (done.returncode, done.stdout) == (4, b"")
    assert b"model.npz" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("capture", "more", "code", "says"),
    [
        ("drifting.bin", (), 3, b"drifts, or no healthy capture. No model was written"),
        ("healthy.bin", ("--window", "4096"), 3, b"73 windows of 4096 symbols are too few"),
        ("healthy.bin", ("--window", "100"), 2, b"a window takes 128 symbols"),
        ("healthy.bin", ("--lanes", "3", "--window", "1024"), 2, b"multiple of the 3 lanes"),
        ("healthy.bin", ("--kind", "oracle"), 2, b"oracle"),
        ("absent.bin", (), 1, b"absent.bin"),
    ],
)
def test_what_makes_no_model_leaves_no_file(
    run_qrng: Run, files: Path, capture: str, more: tuple[str, ...], code: int, says: bytes
) -> None:
    done = train(run_qrng, *more, capture=capture)
    assert (done.returncode, done.stdout) == (code, b"")
    assert says in done.stderr
    assert b"Traceback" not in done.stderr
    assert not list(files.glob("model*"))


def test_help_of_both_tells_of_the_other(run_qrng: Run) -> None:
    assert b"qrng health train --help" in run_qrng("health", "--help").stdout
    text = run_qrng("health", "train", "--help").stdout
    assert text.startswith(b"Usage: qrng health train")
    assert b"qrng health FILE --claim H --model OUTPUT" in b" ".join(text.split())
