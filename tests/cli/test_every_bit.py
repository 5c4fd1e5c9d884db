"""`--every-bit` in every command that runs health tests: what it stops that the default lets pass, and its record."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.container import ContainerWriter

Run = Callable[..., subprocess.CompletedProcess[bytes]]

N, LAG, LANES = 120_000, 5003, 20


def echoed(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Fair bits, each of which equals that LAG before with probability .75."""
    out, wrong = rng.integers(0, 2, N, dtype=np.uint8), rng.random(N) >= 0.75
    for at in range(LAG, N, LAG):
        out[at : at + LAG] = out[at - LAG : at][: N - at] ^ wrong[at : at + LAG]
    return out


def coupled(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Fair bits in lanes; past the default's look lane 12 is, four times of five, the parity of lanes 3 and 7."""
    out = rng.integers(0, 2, (N // LANES, LANES), dtype=np.uint8)
    late = out[8192 // LANES :]
    late[:, 12] = late[:, 3] ^ late[:, 7] ^ (rng.random(len(late)) >= 0.8)
    return out.reshape(-1)


CAPTURES = {"echo.qrng": (echoed, 1, b"context"), "coupled.qrng": (coupled, LANES, b"coupling")}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, (make, lanes, _) in CAPTURES.items():
        with (tmp_path / name).open("wb") as file:
            writer = ContainerWriter(file, 1, lanes)
            writer.write(Samples.from_symbols(make(np.random.default_rng(1)), lanes=lanes))
            writer.finish()
    np.random.default_rng(2).integers(0, 256, N, dtype=np.uint8).tofile(tmp_path / "wide.bin")
    return tmp_path


def commands(name: str, claim: str = "0.9") -> dict[str, list[str]]:
    """Each command that runs the health tests over a capture."""
    wide = ("&layout=symbols", "--layout", "symbols", "--bits-per-symbol", "8") if name == "wide.bin" else ("",)
    source = f"file:{name}" + ("?layout=symbols&bits_per_symbol=8" if len(wide) > 1 else "")
    bits = str(float(claim) / 8) if len(wide) > 1 else claim
    return {
        "health": ["health", name, "--claim", claim, *wide[1:]],
        "extract": ["extract", name, "--min-entropy", bits, "-o", "out", "--certificate", "c.json", *wide[1:]],
        "random": ["random", "16", "--source", source, "--claim", claim],
        "stream": ["stream", "--bytes", "500", "--source", source, "--claim", claim],
        "monitor": ["monitor", source, "--claim", claim, "--interval", "0.1"],
    }


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("command", commands(""))
def test_what_the_default_lets_pass_stops_each_command(run: Run, files: Path, command: str, name: str) -> None:
    plain = run(*commands(name)[command])
    assert plain.returncode == 0, plain.stderr
    for made in files.glob("out*"):
        made.unlink()
    done = run(*commands(name)[command], "--every-bit")
    assert done.returncode == (3 if command == "health" else 4), done.stderr
    said = done.stdout if command == "health" else done.stderr
    assert CAPTURES[name][2] in said[said.lower().index(b"alarm") - 20 :]
    if command != "health":
        assert done.stdout == b""
        assert b"alarmed at sample" in done.stderr
        assert not list(files.glob("out*"))


@pytest.mark.parametrize("command", commands(""))
def test_wider_symbols_have_no_such_tests_which_is_a_usage_error(run: Run, files: Path, command: str) -> None:
    assert run(*commands("wide.bin", "7")[command]).returncode == 0
    for made in files.glob("out*"):
        made.unlink()
    done = run(*commands("wide.bin", "7")[command], "--every-bit")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"not for symbols of 8 bits in 1: leave that out" in done.stderr
    assert not list(files.glob("out*"))


def test_the_verdict_says_which_bits_were_watched(run: Run, files: Path) -> None:
    rows = {}
    for flag in ((), ("--every-bit",)):
        found = json.loads(run("health", "coupled.qrng", "--claim", "0.9", "--json", *flag).stdout)
        assert found["every_bit"] is bool(flag)
        watched = {test["name"]: test["of_every"] for test in found["tests"] if "of_every" in test}
        assert watched == dict.fromkeys(("context", "coupling"), 4096 if flag else 1 << 21)
        text = run("health", "coupled.qrng", "--claim", "0.9", *flag).stdout.decode()
        rows[flag] = [line for line in text.splitlines() if line.startswith(("context ", "coupling "))]
        assert max(map(len, text.splitlines())) <= 80
    assert [row.endswith(", 4096 of every 2097152 bits") for row in rows[()]] == [True, True]
    assert [row.endswith(", every bit") for row in rows["--every-bit",]] == [True, True]


def outcomes(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}


def test_a_certificate_says_it_and_verify_runs_the_same_tests(run: Run, files: Path) -> None:
    fair = np.random.default_rng(3).integers(0, 256, N // 8, dtype=np.uint8)
    fair.tofile(files / "fair.bin")
    done = run(*commands("fair.bin")["extract"], "--layout", "packed-msb", "--every-bit")
    assert done.returncode == 0
    assert "the mixing of contexts and the coupling of lanes on every bit" in " ".join(done.stdout.decode().split())
    assert json.loads((files / "c.json").read_text())["health"]["every_bit"] is True
    done = run("verify", "c.json", "--raw", "fair.bin", "--json")
    assert (done.returncode, outcomes(done)["health"], outcomes(done)["allowance"]) == (0, "ok", "ok")

    done = run(*commands("echo.qrng")["extract"])
    assert b"on every bit" not in done.stdout
    record = json.loads((files / "c.json").read_text())
    assert record["health"]["every_bit"] is False
    verify = ("verify", "c.json", "--raw", "echo.qrng", "--json")
    assert outcomes(run(*verify))["health"] == "ok"
    record["health"]["every_bit"] = True
    (files / "c.json").write_text(json.dumps(record))
    done = run(*verify)
    assert (done.returncode, outcomes(done)["health"]) == (3, "failed")
    assert b"context alarmed at sample" in done.stdout
    record["input"]["bits_per_symbol"] = 8  # of which no test watches every bit
    (files / "c.json").write_text(json.dumps(record))
    done = run("verify", "c.json", "--json")
    assert (done.returncode, outcomes(done)["allowance"]) == (3, "failed")


def test_a_report_is_stopped_by_it_and_says_so(run: Run, files: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    done = run("report", "coupled.qrng", "page.html", "--every-bit", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["health"]["every_bit"], found["extraction"]) == (3, True, None)
    assert ", every bit</td>" in (files / "page.html").read_text()
    fair = np.random.default_rng(3).integers(0, 256, N // 8, dtype=np.uint8)
    fair.tofile(files / "fair.bin")
    found = json.loads(run("report", "fair.bin", "page.html", "--layout", "packed-msb", "--json").stdout)
    assert found["health"]["every_bit"] is found["extraction"]["health"]["every_bit"] is False
    assert "4,096 of every 2,097,152 bits</td>" in (files / "page.html").read_text()
