"""`qrng random`, `qrng stream`, `qrng doctor`: what a shell sees of them."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def test_random_prints_as_many_bytes_as_asked_in_each_form(run_qrng: Run) -> None:
    outputs = [run_qrng("random", "32"), run_qrng("random", "32", "--hex")]
    outputs += [run_qrng("random", "32", "--base64"), run_qrng("random", "32", "--raw")]
    assert all(done.returncode == 0 for done in outputs)
    values = [
        bytes.fromhex(outputs[0].stdout.decode()),
        bytes.fromhex(outputs[1].stdout.decode()),
        base64.b64decode(outputs[2].stdout),
        outputs[3].stdout,
    ]
    assert [len(value) for value in values] == [32] * 4
    assert len(set(values)) == 4
    assert all(b"simulated" in done.stderr for done in outputs)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["random", "-1"], 2, "-1"),
        (["random"], 2, "Missing argument"),
        (["random", "8", "--source", "warp:drive"], 2, "warp"),
        (["random", "8", "--source", "file:absent.bin"], 5, "absent.bin"),
        (["random", "8", "--source", "sim:?seed=1"], 5, "can come again"),
        (["random", "8", "--source", "sim:", "--claim", "lots"], 2, "lots"),
        (["random", "8", "--source", "sim:", "--claim", "auto"], 2, "Capture it"),
        (["random", "8", "--source", "sim:", "--fault", "gremlin"], 2, "gremlin"),
        (["teleport"], 2, "teleport"),
    ],
)
def test_each_mistake_has_its_code_and_is_named(run_qrng: Run, arguments: list[str], code: int, says: str) -> None:
    done = run_qrng(*arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_a_seeded_simulator_repeats_itself_when_that_is_allowed_and_pure(run_qrng: Run, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(np.random.default_rng(1).bytes(60_000))
    done = run_qrng("random", "32", "--source", "sim:?seed=1", "--replay")
    assert done.returncode == 0
    assert len(done.stdout) == 65


def test_a_capture_ends_with_an_error_and_never_wraps(run_qrng: Run, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(np.random.default_rng(1).bytes(60_000))
    done = run_qrng("stream", "--source", "file:raw.bin?layout=packed-msb", "--claim", "0.9", "--pure")
    assert done.returncode == 5
    assert len(done.stdout) < 0.9 * 60_000


def test_an_injected_fault_stops_the_stream_with_4(run_qrng: Run) -> None:
    fault = "stuck_lane:lane=3,start=3000000"
    done = run_qrng("stream", "--source", "sim:?qubits=8", "--fault", fault, "--bytes", "100000000")
    assert done.returncode == 4
    assert len(done.stdout) < 3_000_000 // 8
    assert b"lane 3" in done.stderr


def test_a_reader_that_has_enough_ends_the_stream_quietly(run_qrng: Run, tmp_path: Path) -> None:
    qrng = Path(sys.executable).parent / "qrng"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{qrng}' stream 2>'{tmp_path}/err' | head -c 300000 | wc -c"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == b"300000"
    assert done.returncode == 0
    assert (tmp_path / "err").read_text().count("\n") == 1  # the note that the source is simulated


@pytest.mark.parametrize("arguments", [["stream"], ["random", "100000"], ["doctor"], ["sources"]])
def test_a_full_disk_behind_stdout_is_one_line_and_code_1(run_qrng: Run, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run_qrng(*arguments, stdout=full)
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_ctrl_c_ends_a_stream_with_130_and_one_line(tmp_path: Path) -> None:
    qrng = Path(sys.executable).parent / "qrng"
    env = {**os.environ, "QRNG_SOURCE": "sim:"}
    process = subprocess.Popen([qrng, "stream"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    assert process.stdout is not None
    assert len(process.stdout.read(100_000)) == 100_000
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1] == "qrng: interrupted"
    assert b"Traceback" not in errors


def test_doctor_finds_this_installation_sound(run_qrng: Run) -> None:
    done = run_qrng("doctor", "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0
    assert result["ok"]
    assert result["schema"] == "qrng.doctor/1"
    assert [row["rct"] for row in result["cutoffs"]] == [41, 46, 81]
    text = run_qrng("doctor").stdout.decode()
    assert "FAILED" not in text
    assert result["kernel"] in text


def test_doctor_reports_a_broken_configuration_and_fails(run_qrng: Run, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "qrng"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("source = [")
    done = run_qrng("doctor", env={"XDG_CONFIG_HOME": str(folder.parent)})
    assert done.returncode == 1
    assert b"config.toml" in done.stdout


def test_the_forced_kernel_is_the_one_in_force(run_qrng: Run) -> None:
    done = run_qrng("doctor", "--json", env={"QRNG_KERNEL": "portable"})
    assert json.loads(done.stdout)["kernel"] == "portable"


def test_starting_takes_neither_scipy_nor_qiskit() -> None:
    code = (
        "import sys; sys.argv = ['qrng', 'random', '8']\n"
        "from qrng.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('scipy', 'qiskit', 'rich', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_rngtest_reads_a_stream_through_a_named_pipe(tmp_path: Path) -> None:
    """As rngd does in the recipe; of 400 blocks of perfect bits fewer than 8 fail, but for a chance below 1e-8."""
    rngtest = shutil.which("rngtest")
    if rngtest is None:
        pytest.skip("rngtest (rng-tools-debian) is not installed")
    pipe = tmp_path / "fifo"
    os.mkfifo(pipe, 0o600)
    env = {key: value for key, value in os.environ.items() if not key.startswith("QRNG_")}
    command = f"exec {shlex.quote(str(Path(sys.executable).parent / 'qrng'))} stream > {shlex.quote(str(pipe))}"
    with subprocess.Popen(["/bin/sh", "-c", command], env=env, stderr=subprocess.PIPE) as writer:
        with pipe.open("rb") as reader:
            done = subprocess.run([rngtest, "-c", "400"], stdin=reader, capture_output=True, check=False)
        assert writer.wait(timeout=60) == 0, writer.stderr  # the reader had enough: the normal end of a stream
    found = re.search(rb"FIPS 140-2 successes: (\d+)", done.stderr)
    assert found is not None, done.stderr
    assert int(found[1]) > 392
