"""`qrng assess` as a user or a script sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qrng.cli.assessment_page import check_page


def qrng(*arguments: str, cwd: Path, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    code = "from qrng.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=cwd, input=data, capture_output=True)


@pytest.fixture
def capture(tmp_path):
    np.random.default_rng(1).integers(0, 16, 20_000).astype(np.uint8).tofile(tmp_path / "raw.bin")
    return tmp_path


SYMBOLS = ("raw.bin", "--layout", "symbols", "--bits-per-symbol", "4")


def test_text_says_what_was_read_what_was_found_and_what_may_be_claimed(capture):
    done = qrng("assess", *SYMBOLS, cwd=capture)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert done.stderr == b""
    assert text.startswith("raw.bin\nread as one symbol a byte, 4 bits a symbol")
    assert "20000 samples of 4 bits, 16 distinct" in text
    assert "6.3.1  most_common_value" in text
    assert "claim" in text
    assert "no adversary" in text


def test_text_fits_80_columns(capture):
    for extra in ((), ("--lanes", "32"), ("--track", "conditioned")):
        lines = qrng("assess", *SYMBOLS, *extra, cwd=capture).stdout.decode().splitlines()
        assert max(len(line) for line in lines) <= 80


def test_text_shows_lanes_beside_the_whole_stream(capture):
    text = qrng("assess", *SYMBOLS, "--lanes", "10", cwd=capture).stdout.decode()
    assert "whole stream" in text
    assert "lanes, average" in text
    assert "lane   8" in text


def test_json_is_one_object_on_stdout(capture):
    done = qrng("assess", *SYMBOLS, "--json", cwd=capture)
    report = json.loads(done.stdout)
    assert report["schema"] == "qrng.assessment/1"
    assert report["samples"] == 20_000
    assert report["h_bitstring"] is not None


def test_the_conditioned_track_has_no_literal_estimates(capture):
    report = json.loads(qrng("assess", *SYMBOLS, "--track", "conditioned", "--json", cwd=capture).stdout)
    assert report["h_original"] is None
    assert {e["on"] for e in report["estimators"]} == {"bitstring"}


def test_stdin_is_read_for_a_dash(capture):
    data = (capture / "raw.bin").read_bytes()
    named = qrng("assess", *SYMBOLS, "--json", cwd=capture)
    piped = qrng("assess", "-", *SYMBOLS[1:], "--json", cwd=capture, data=data)
    assert json.loads(piped.stdout)["min_entropy"] == json.loads(named.stdout)["min_entropy"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("constant.bin", bytes(5000), 3),
        ("empty.bin", b"", 1),
        ("cut.json", b'{"raw_integers": [1, 2', 1),
        ("wide.bin", bytes(range(200)), 1),
    ],
)
def test_data_that_can_not_be_assessed_end_with_one_line_and_the_right_code(tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    width = ("--layout", "symbols", "--bits-per-symbol", "2") if name == "wide.bin" else ()
    done = qrng("assess", name, *width, cwd=tmp_path)
    assert done.returncode == code
    if code != 3:
        assert len(done.stderr.decode().splitlines()) == 1
        assert done.stdout == b""


def test_a_constant_file_says_that_nothing_can_be_claimed(tmp_path):
    (tmp_path / "constant.bin").write_bytes(bytes(5000))
    done = qrng("assess", "constant.bin", cwd=tmp_path)
    assert "no claim" in done.stdout.decode()


def test_a_missing_file_and_a_directory_end_with_one_line_and_code_1(tmp_path):
    for name in ("nowhere.bin", "."):
        done = qrng("assess", name, cwd=tmp_path)
        assert done.returncode == 1
        assert len(done.stderr.decode().splitlines()) == 1


def test_a_real_capture_of_32_qubits(tmp_path):
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: the capture is not here")
    file = Path(folder) / "captures" / "ibmquantum_ibm_fez_20260223_122743.json"
    report = json.loads(qrng("assess", str(file), "--json", cwd=tmp_path).stdout)
    assert (report["samples"], report["lanes"], report["bits_per_symbol"]) == (320_000, 32, 1)
    assert len(report["lane_estimates"]) == 32
    assert report["claim"]["bits_per_sample"] <= report["lane_average"]


def test_segments_are_listed_with_their_smallest(capture):
    done = qrng("assess", *SYMBOLS, "--segment", "8000", "--workers", "2", cwd=capture)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "20000 samples, 2 segments of 8000; the last 4000 samples were not assessed" in text
    assert "smallest" in text
    report = json.loads(qrng("assess", *SYMBOLS, "--segment", "8000", "--json", cwd=capture).stdout)
    assert report["schema"] == "qrng.assessment_segments/1"
    assert report["min_entropy"] == min(s["min_entropy"] for s in report["segments"])


def test_a_preview_says_that_it_is_one(capture):
    assert "a preview" in qrng("assess", *SYMBOLS, "--first", "5000", cwd=capture).stdout.decode()


def test_the_iid_track_prints_the_seed_that_repeats_it(capture):
    done = qrng("assess", *SYMBOLS, "--track", "iid", "--seed", "7", cwd=capture)
    assert done.returncode == 0
    assert "IID tests passed" in done.stdout.decode()
    assert "seed 7" in done.stdout.decode()


def test_a_report_is_written_beside_the_text(capture):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    done = qrng("assess", *SYMBOLS, "--html", "report.html", cwd=capture)
    assert done.returncode == 0
    assert "claim" in done.stdout.decode()
    assert (capture / "report.html").read_text().startswith("<!doctype html>")


def test_a_report_can_not_be_made_from_a_pipe(capture):
    done = qrng("assess", "-", *SYMBOLS[1:], "--html", "report.html", cwd=capture, data=bytes(range(16)) * 100)
    assert done.returncode == 2
    assert not (capture / "report.html").exists()


def test_segments_make_a_page_even_from_a_pipe(capture):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    options = (*SYMBOLS[1:], "--segment", "8000", "--html", "page.html", "--json")
    done = qrng("assess", "-", *options, cwd=capture, data=(capture / "raw.bin").read_bytes())
    assert done.returncode == 0, done.stderr
    smallest = json.loads(done.stdout)["min_entropy"]
    assert f"<strong>{smallest:.6f}</strong>" in (capture / "page.html").read_text()


def test_text_of_segments_fits_80_columns_and_says_what_decided(capture):
    text = qrng("assess", *SYMBOLS, "--segment", "8000", "--lanes", "4", cwd=capture).stdout.decode()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "decided by" in text
    assert "lanes, average" in text
    assert "! each segment: 8000 samples" in text


@pytest.mark.parametrize("segments", [(), ("--segment", "8000")])
def test_a_page_that_can_not_be_written_is_refused_before_the_work(capture, segments):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    for page, why in (("nowhere/page.html", "does not exist"), (".", "is a directory")):
        done = qrng("assess", *SYMBOLS, *segments, "--html", page, cwd=capture)
        assert done.returncode == 1
        assert done.stdout == b""
        assert why in done.stderr.decode()


@pytest.mark.parametrize(
    "options",
    [("--seed", "1"), ("--all-rounds",), ("--dask", "tcp://nowhere:1"), ("--segment", "8000", "--all-rounds")],
)
def test_options_that_would_do_nothing_are_refused(capture, options):
    done = qrng("assess", *SYMBOLS, *options, cwd=capture)
    assert done.returncode == 2
    assert done.stdout == b""


def test_what_decided_is_named(capture):
    report = json.loads(qrng("assess", *SYMBOLS, "--json", cwd=capture).stdout)
    decided = report["decided_by"]
    bound = {(e["name"], e["on"]): e["min_entropy"] for e in report["estimators"]}[decided["name"], decided["on"]]
    assert bound * (4 if decided["on"] == "bitstring" else 1) == report["min_entropy"]
    assert f"decided by {decided['name']}" in qrng("assess", *SYMBOLS, cwd=capture).stdout.decode()


def test_text_taken_for_bits_is_doubted(tmp_path):
    (tmp_path / "numbers.txt").write_text("volts\n" + "".join(f"{n % 7}\n" for n in range(3000)))
    (tmp_path / "noise.bin").write_bytes(np.random.default_rng(1).bytes(5000))
    assert "every byte is printable text" in " ".join(
        qrng("assess", "numbers.txt", cwd=tmp_path).stdout.decode().split()
    )
    assert "printable" not in qrng("assess", "noise.bin", cwd=tmp_path).stdout.decode()
    given = qrng("assess", "numbers.txt", "--layout", "packed-msb", cwd=tmp_path).stdout.decode()
    assert "printable" not in given


def test_a_page_has_a_name(capture):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    done = qrng("assess", *SYMBOLS, "--html", "-", cwd=capture)
    assert done.returncode == 2
    assert "name of a file" in done.stderr.decode()


def test_one_segment_without_entropy_ends_with_code_3(capture):
    symbols = np.fromfile(capture / "raw.bin", np.uint8)
    symbols[8000:16000] = 3
    symbols.tofile(capture / "part.bin")
    for lanes, code in (("1", 3), ("5000", 3)):  # a lane of one symbol is worth nothing either
        done = qrng("assess", "part.bin", *SYMBOLS[1:], "--segment", "8000", "--lanes", lanes, cwd=capture)
        assert done.returncode == code
    assert qrng("assess", *SYMBOLS, "--segment", "8000", cwd=capture).returncode == 0
    assert qrng("assess", *SYMBOLS, "--segment", "8000", "--lanes", "8000", cwd=capture).returncode == 3


def test_a_preview_of_a_pipe_ends_before_the_pipe_does(capture):
    """Two segments are asked for and written; the writer then keeps the pipe open."""
    code = "from qrng.cli import main; main()"
    options = ("--segment", "8000", "--first", "16000", "--json")
    with subprocess.Popen(
        [sys.executable, "-c", code, "assess", "-", *SYMBOLS[1:], *options],
        cwd=capture,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write((capture / "raw.bin").read_bytes()[:16_000])
        process.stdin.flush()
        process.wait(timeout=100)  # else it waits for more
        report = json.loads(process.stdout.read())
    assert [segment["first"] for segment in report["segments"]] == [0, 8000]


def test_a_folder_without_permission_is_refused_before_the_work(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(PermissionError, match="can't be written"):
        check_page(str(tmp_path / "page.html"))
