"""`nist-sts` as a user or a script sees it: what it says, exit codes, one line for each thing that goes wrong."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(sys.executable).parent / "nist-sts"


def nist_sts(*arguments: str, cwd: Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([SCRIPT, *arguments], cwd=cwd, input=data, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    good = np.random.default_rng(4).bytes(50_000)
    (tmp_path / "good.bin").write_bytes(good)
    bits = np.unpackbits(np.frombuffer(good, np.uint8))
    (tmp_path / "good.txt").write_bytes(b"\n".join((bits + 48).tobytes()[k : k + 60] for k in range(0, 400_000, 60)))
    (tmp_path / "good.sym").write_bytes(bits.tobytes())
    (tmp_path / "zeros.bin").write_bytes(bytes(5000))
    (tmp_path / "alternating.bin").write_bytes(b"\xaa" * 5000)
    (tmp_path / "bits127.txt").write_bytes((bits[:127] + 48).tobytes())
    (tmp_path / "junk.txt").write_bytes((bits[:999] + 48).tobytes() + b"x" + (bits[:999] + 48).tobytes())
    (tmp_path / "empty.bin").write_bytes(b"")
    (tmp_path / "two.bin").write_bytes(b"ab")
    return tmp_path


def test_good_data_end_with_0_and_the_table_says_what_was_read(folder: Path) -> None:
    done = nist_sts("good.bin", "--length", "1000", cwd=folder)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert text.startswith("good.bin\nread as packed")
    assert "400 × 1,000 bits" in text
    assert "PASS" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_packed_ascii_and_symbols_give_the_same_p_values(folder: Path) -> None:
    found = []
    for name in ("good.bin", "good.txt", "good.sym"):
        done = nist_sts(name, "--length", "12345", "--json", cwd=folder)
        report = json.loads(done.stdout)
        assert report["input"]["file"] == name
        found.append([test["p_values"] for test in report["tests"]])
    assert found[0] == found[1] == found[2]


def test_standard_input(folder: Path) -> None:
    data = (folder / "good.bin").read_bytes()
    done = nist_sts("-", "--json", "--mode", "nist", cwd=folder, data=data)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert (report["input"]["file"], report["mode"], report["length"]) == ("stdin", "nist", 400_000)


@pytest.mark.parametrize("mode", ["nist", "corrected"])
@pytest.mark.parametrize("name", ["zeros.bin", "alternating.bin"])
def test_bad_data_end_with_3(name: str, mode: str, folder: Path) -> None:
    done = nist_sts(name, "--layout", "packed-msb", "--mode", mode, cwd=folder)
    assert done.returncode == 3
    assert b"FAIL" in done.stdout


def test_127_bits_are_judged_by_the_tests_that_need_100(folder: Path) -> None:
    done = nist_sts("bits127.txt", "--json", cwd=folder)
    report = json.loads(done.stdout)
    assert (done.returncode, report["length"]) == (0, 127)
    assert any(test["p_values"][0][0] is not None for test in report["tests"])


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("empty.bin",), 1, "empty.bin: the file is empty"),
        (("missing.bin",), 1, "missing.bin: No such file"),
        ((".",), 1, "is a directory"),
        (("junk.txt", "--layout", "ascii"), 1, "junk.txt: at byte 999"),
        (("two.bin",), 2, "no test applies to sequences of 16 bits"),
        (("good.bin", "--length", "500000"), 2, "1 × 500,000 bits asked of an input of 400,000 bits"),
        (("good.bin", "--tests", "monobit"), 2, "no test named 'monobit'"),
        (("good.bin", "--parameter", "runs"), 2, "TEST.NAME=VALUE"),
        (("good.bin", "--parameter", "runs.m=3"), 2, "runs has no parameter 'm'"),
        (("good.bin", "--mode", "strict"), 2, "strict"),
        ((), 2, "FILE"),
    ],
)
def test_what_goes_wrong_is_one_line_and_the_right_code(
    arguments: tuple[str, ...], code: int, line: str, folder: Path
) -> None:
    done = nist_sts(*arguments, cwd=folder)
    assert done.returncode == code
    message = done.stderr.decode().strip().splitlines()[-1]
    assert line in message
    assert "Traceback" not in done.stderr.decode()


def test_parameters_and_tests_can_be_chosen(folder: Path) -> None:
    done = nist_sts(
        "good.bin",
        "--tests",
        "block_frequency",
        "--parameter",
        "block_frequency.block_length=1000",
        "--json",
        cwd=folder,
    )
    report = json.loads(done.stdout)
    assert report["parameters"] == {"block_frequency": {"block_length": 1000}}


def test_final_analysis_report_is_written_in_nist_mode_only(folder: Path) -> None:
    done = nist_sts("good.bin", "--mode", "nist", "--final-analysis", "final.txt", cwd=folder)
    assert done.returncode == 0
    assert "   generator is <good.bin>" in (folder / "final.txt").read_text().splitlines()
    done = nist_sts("good.bin", "--final-analysis", "other.txt", cwd=folder)
    assert done.returncode == 2
    assert not (folder / "other.txt").exists()


def test_memory_does_not_grow_with_the_input(folder: Path) -> None:
    """Peak memory, in KiB, of the same test on 125 kB and on 40 MB of standard input."""
    watch = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    piece, peaks = np.random.default_rng(4).bytes(125_000), []
    for times in (1, 320):
        command = [sys.executable, "-c", watch, SCRIPT, "-", "--length", "1000000", "--tests", "frequency"]
        peaks.append(int(subprocess.run(command, input=piece * times, capture_output=True, check=True).stdout))
    assert peaks[1] < peaks[0] + 20_000


def test_page_with_plots_is_written(folder: Path) -> None:
    assert nist_sts("good.bin", "--html", "report.html", cwd=folder).returncode == 0
    assert (folder / "report.html").read_text().startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_does_not_take_the_report_along(folder: Path) -> None:
    done = nist_sts("good.bin", "--html", "no-such-folder/report.html", cwd=folder)
    assert done.returncode == 1
    assert "PASS" in str(done.stdout)
    assert "no-such-folder" in str(done.stderr)


QRNG = SCRIPT.with_name("qrng")

ALONE = """
import sys


class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"scipy", "rich", "h5py", "matplotlib", "jinja2", "cryptography", "qiskit"}:
            raise ImportError(f"{name} is not installed")


sys.meta_path.insert(0, Nothing())
from nist_sts.command import main

main()
"""


@pytest.mark.parametrize("mode", ["nist", "corrected"])
def test_numpy_and_the_package_are_enough(mode: str, folder: Path) -> None:
    """All fifteen tests on sequences of a length with a factor 7, a page and a table, without scipy or any extra."""
    (folder / "more.bin").write_bytes(np.random.default_rng(7).bytes(131_250))
    for arguments in (
        ["good.bin", "--length", "4000", "--mode", mode, "--html", "page.html"],
        ["more.bin", "--length", "1050000", "--mode", mode, "--json"],
    ):
        done = subprocess.run([sys.executable, "-P", "-c", ALONE, *arguments], cwd=folder, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
    judged = {test["name"] for test in json.loads(done.stdout)["tests"] if test["passed"] is not None}
    assert judged >= {"dft", "universal", "serial", "linear_complexity", "non_overlapping_template"}


def test_sources_are_judged_by_their_raw_samples(folder: Path) -> None:
    """A simulated device by its flaws; a capture as a file and as a source alike."""
    arguments = ["sts", "--source", "sim:?qubits=4&seed=1", "--length", "100000", "--sequences", "2"]
    done = subprocess.run([QRNG, *arguments, "--json"], cwd=folder, capture_output=True)
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert (report["sequences"], report["length"]) == (2, 100_000)
    assert report["input"]["file"].startswith("sim:")
    assert report["input"]["read_as"] == "source, symbols of 1 bit in 4 lanes"
    assert b"is simulated" in done.stderr
    found = []
    for given in (["--source", "file:good.bin"], ["good.bin"]):
        done = subprocess.run([QRNG, "sts", *given, "--length", "50000", "--json"], cwd=folder, capture_output=True)
        assert done.returncode == 0
        found.append(json.loads(done.stdout)["tests"])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ((), 2, "FILE or --source"),
        (("good.bin", "--source", "sim:"), 2, "FILE or --source"),
        (("--source", "sim:"), 2, "a live source never ends: say how many"),
        (("--source", "sim:", "--sequences", "1", "--layout", "ascii"), 2, "a source knows it itself"),
        (("--source", "file:missing.bin"), 5, "missing.bin: No such file"),
    ],
)
def test_what_goes_wrong_with_sources(arguments: tuple[str, ...], code: int, line: str, folder: Path) -> None:
    done = subprocess.run([QRNG, "sts", *arguments], cwd=folder, capture_output=True)
    assert done.returncode == code
    assert line in done.stderr.decode().strip().splitlines()[-1]


def test_qrng_sts_is_the_same_command(folder: Path) -> None:
    code = "from qrng.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "sts", "good.bin", "--json"], cwd=folder, capture_output=True)
    assert done.stdout == nist_sts("good.bin", "--json", cwd=folder).stdout
    assert done.returncode == 0


def test_a_closed_pipe_is_quiet(folder: Path) -> None:
    arguments = [SCRIPT, "good.bin", "--length", "100", "--json"]
    with subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
