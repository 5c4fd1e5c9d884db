"""`--model` and `--side` in every command that extracts or makes random bytes: what they stop, refuse and record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qrng import Samples
from qrng.container import ContainerWriter

Run = Callable[..., subprocess.CompletedProcess[bytes]]

CLAIM = ("--claim", "0.6")


def capture(path: Path, chance: float = 0.5, leak: float = 0.0, seed: int = 1, n: int = 200_000) -> None:
    """Bits with P(1) = chance in two lanes; `record`, beside each, foretells it with probability 1/2 + leak."""
    rng = np.random.default_rng(seed)
    bits = (rng.random(n) < chance).astype(np.uint8)
    record = np.where(rng.random(n) < 0.5 + leak, bits, 1 - bits)
    side = {"record": record, "drift": np.linspace(0, 1, n // 2)}
    with path.open("wb") as file:
        writer = ContainerWriter(file, 1, 2)
        writer.write(Samples.from_symbols(bits, lanes=2, side_data=side))
        writer.finish()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """healthy.qrng, biased.qrng, leaking.qrng, and model.npz of the first."""
    folder = tmp_path_factory.mktemp("captures")
    capture(folder / "healthy.qrng")
    capture(folder / "biased.qrng", chance=0.64, seed=2)  # 0.644 bits: inside the claim
    capture(folder / "leaking.qrng", leak=0.2, seed=3)  # 0.51 bits for who has the record
    capture(folder / "short.qrng", seed=4, n=40_000)
    return folder


@pytest.fixture
def files(made: Path, run: Run, tmp_path: Path) -> Path:
    if not (made / "model.npz").exists():
        train = ("health", "train", "--capture", made / "healthy.qrng", "-o", made / "model.npz", "--window", "512")
        done = run(*train)
        assert done.returncode == 0, done.stderr
    for file in made.iterdir():
        (tmp_path / file.name).symlink_to(file)
    return tmp_path


def commands(name: str) -> dict[str, list[str]]:
    """Each command that uses the capture, at a claim of 0.6."""
    return {
        "health": ["health", name, *CLAIM],
        "extract": ["extract", name, "--min-entropy", "0.6", "-o", "out", "--certificate", "c.json"],
        "random": ["random", "16", "--source", f"file:{name}", *CLAIM],
        "stream": ["stream", "--bytes", "500", "--source", f"file:{name}", *CLAIM],
        "monitor": ["monitor", f"file:{name}", *CLAIM, "--interval", "0.1"],
    }


STOPPED = {"health": 3}  # a scanned file with an alarm; the others stop output: 4


@pytest.mark.parametrize("command", commands(""))
def test_each_command_runs_models_and_side_data_and_stops_for_what_they_find(
    run: Run, files: Path, command: str
) -> None:
    both = ("--model", "model.npz", "--side", "record", "--side", "drift")
    fine = run(*commands("healthy.qrng")[command], *both)
    assert fine.returncode == 0, fine.stderr
    for name, option, test in (
        ("biased.qrng", ("--model", "model.npz"), b"mahalanobis"),
        ("leaking.qrng", ("--side", "record"), b"side"),
    ):
        assert run(*commands(name)[command]).returncode == 0
        done = run(*commands(name)[command], *option)
        assert done.returncode == STOPPED.get(command, 4), (name, done.stderr)
        if command != "health":
            assert done.stdout == b""
            assert test + b" alarmed at sample" in done.stderr
        assert not (command == "extract" and (files / "out").exists() and (files / "out").unlink())


@pytest.mark.parametrize("command", commands(""))
@pytest.mark.parametrize("damage", ["absent", "altered", "another manifest"])
def test_a_model_that_is_not_what_it_was_ends_with_4_and_no_output(
    run: Run, files: Path, command: str, damage: str
) -> None:
    if damage != "absent":
        content = bytearray((files / "model.npz").read_bytes())
        content[len(content) // 2] ^= damage == "altered"
        (files / "bad.npz").write_bytes(content)
        manifest = json.loads((files / "model.json").read_text())
        manifest["lanes"] = manifest["lanes"] if damage == "altered" else 1
        (files / "bad.json").write_text(json.dumps(manifest))
    done = run(*commands("healthy.qrng")[command], "--model", "bad.npz")
    assert (done.returncode, done.stdout) == (4, b"")
    assert b"bad.npz" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not list(files.glob("out*"))


@pytest.mark.parametrize("command", commands(""))
def test_side_data_that_are_not_there_are_a_usage_error_that_says_what_is(run: Run, files: Path, command: str) -> None:
    done = run(*commands("healthy.qrng")[command], "--side", "temperature")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no side data 'temperature'; there are: drift, record" in done.stderr


def test_a_live_source_without_them_and_lanes_to_drop_are_usage_errors(run: Run, run_qrng: Run, files: Path) -> None:
    done = run("random", "8", "--source", "sim:?qubits=2", "--side", "temperature")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"brings no side data temperature" in done.stderr
    for command in ("random", "extract"):
        done = run(*commands("healthy.qrng")[command], "--model", "model.npz", "--drop-lanes", "1")
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"can't go on without one of them" in done.stderr
    piped = run_qrng(
        "random", "8", "--source", "file:-", *CLAIM, "--side", "record", stdin=(files / "healthy.qrng").read_bytes()
    )
    assert piped.returncode == 2
    assert b"brings no side data record" in piped.stderr


def outcomes(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}


def test_a_certificate_names_the_model_s_hash_and_the_side_data_and_verify_checks_both(run: Run, files: Path) -> None:
    both = ("--model", "model.npz", "--side", "record", "--side", "drift")
    done = run(*commands("healthy.qrng")["extract"], *both)
    text = done.stdout.decode()
    sha256 = json.loads((files / "model.json").read_text())["sha256"]
    assert sha256 in "".join(text.split())
    assert "given the side data record, drift" in text
    record = json.loads((files / "c.json").read_text())
    assert record["health"]["models"] == [{"kind": "mahalanobis", "sha256": sha256, "assumes": "exchangeable windows"}]
    assert record["health"]["side_data"] == ["record", "drift"]
    given = ("verify", "c.json", "--raw", "healthy.qrng", "--seed-file", "out.seed", "--output", "out", "--json")
    done = run(*given, "--model", "model.npz")
    not_ok = {name: outcome for name, outcome in outcomes(done).items() if outcome != "ok"}
    assert (done.returncode, not_ok) == (0, {"claim": "not checked", "assessment": "not checked"})  # a figure was given
    assert outcomes(done)["model"] == "ok"
    without = run(*given)
    assert (without.returncode, outcomes(without)["model"]) == (0, "not checked")
    assert outcomes(without)["health"] == "ok"
    assert sha256.encode() in without.stdout


def test_verify_finds_another_model_an_altered_one_and_a_capture_that_alarms_with_it(run: Run, files: Path) -> None:
    assert run(*commands("biased.qrng")["extract"]).returncode == 0
    record = json.loads((files / "c.json").read_text())
    plain = run("verify", "c.json", "--model", "model.npz", "--json")
    assert (plain.returncode, outcomes(plain)["model"]) == (3, "failed")  # the record names none
    sha256 = json.loads((files / "model.json").read_text())["sha256"]
    for field, value, option in (
        ("models", [{"kind": "mahalanobis", "sha256": sha256, "assumes": "claim"}], ("--model", "model.npz")),
        ("side_data", ["temperature"], ()),
    ):
        forged = record | {"health": record["health"] | {field: value}}
        (files / "forged.json").write_text(json.dumps(forged))
        done = run("verify", "forged.json", "--raw", "biased.qrng", *option, "--json")
        assert (done.returncode, outcomes(done)["health"]) == (3, "failed")
    (files / "bad.npz").write_bytes((files / "model.npz").read_bytes() + b"x")
    (files / "bad.json").write_bytes((files / "model.json").read_bytes())
    done = run("verify", "c.json", "--model", "bad.npz", "--json")
    assert (done.returncode, outcomes(done)["model"]) == (3, "failed")


def test_a_certificate_without_a_word_of_them_is_not_whole(run: Run, files: Path) -> None:
    assert run(*commands("healthy.qrng")["extract"]).returncode == 0
    record = json.loads((files / "c.json").read_text())
    for name in ("models", "side_data", "every_bit"):
        cut = {key: value for key, value in record["health"].items() if key != name}
        (files / "c.json").write_text(json.dumps(record | {"health": cut}))
        done = run("verify", "c.json", "--raw", "healthy.qrng", "--json")
        assert done.returncode == 1
        assert "not a whole extraction record" in done.stderr.decode()


def test_a_report_uses_both_on_its_way(run: Run, files: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    both = ("--model", "model.npz", "--side", "drift")
    found = json.loads(run("report", "short.qrng", "page.html", *both, "--json").stdout)
    assert found["health"]["side_data"] == ["drift"] == found["extraction"]["health"]["side_data"]
    assert len(found["health"]["models"]) == 1 == len(found["extraction"]["health"]["models"])
    page = (files / "page.html").read_text()
    assert found["health"]["models"][0]["sha256"] in page
    assert "Tested with the bits: drift." in page
    assert "exchangeable windows" in page
    assert run("report", "short.qrng", "page.html", "--model", "absent.npz").returncode == 4
