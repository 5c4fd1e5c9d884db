"""A bad lane left out by `qrng extract` and `qrng stream`: only where that is allowed, and said."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qrng.extractors import Toeplitz

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    bits = np.random.default_rng(3).integers(0, 2, (16_384, 8), dtype=np.uint8)
    bits[5000:, 6] = 1
    bits.tofile(tmp_path / "raw.bin")
    return tmp_path


EXTRACT = ("extract", "raw.bin", "--layout", "symbols", "--lanes", "8", "--min-entropy", "0.9", "-o", "out")


def test_a_bad_lane_ends_an_extraction_unless_it_may_be_left_out(run_qrng: Run, capture: Path) -> None:
    assert run_qrng(*EXTRACT).returncode == 4
    assert not (capture / "out").exists()
    done = run_qrng(*EXTRACT, "--drop-lanes", "1", "--certificate", "c.json")
    assert done.returncode == 0, done.stderr
    assert b"lane 6 is left out" in done.stderr
    record = json.loads((capture / "c.json").read_text())
    assert [alarm["lane"] for alarm in record["input"]["dropped_lanes"]] == [6] == record["health"]["dropped_lanes"]
    assert record["claim"]["bits_per_sample"] == pytest.approx((8 * 0.9 - 1) / 7)
    # One block of 7 * 16384 bits: m = floor(16384 (8 * 0.9 - 1) - a + 2 - 2 * 64).
    assert record["extractor"]["m"] == int(16_384 * 6.2 - 1e-6 - record["allowance"]["bits"] + 2 - 128)
    kept = np.delete(np.fromfile(capture / "raw.bin", np.uint8).reshape(-1, 8), 6, axis=1)
    by_hand = Toeplitz(kept.size, record["extractor"]["m"])
    assert (capture / "out").read_bytes() == by_hand.extract(np.packbits(kept), (capture / "out.seed").read_bytes())
    again = run_qrng("verify", "c.json", "--raw", "raw.bin", "--seed-file", "out.seed", "--output", "out", "--json")
    checks = {check["name"]: check["outcome"] for check in json.loads(again.stdout)["checks"]}
    assert {name for name, outcome in checks.items() if outcome != "ok"} == {"claim", "assessment"}  # both given
    assert "allowance" in checks


def test_a_smaller_allowance_in_a_certificate_is_found(run_qrng: Run, capture: Path) -> None:
    assert run_qrng(*EXTRACT, "--drop-lanes", "1", "--certificate", "c.json").returncode == 0
    record = json.loads((capture / "c.json").read_text())
    record["allowance"]["bits"] -= 1
    (capture / "c.json").write_text(json.dumps(record))
    done = run_qrng("verify", "c.json", "--json")
    assert done.returncode == 3
    assert {c["name"] for c in json.loads(done.stdout)["checks"] if c["outcome"] == "failed"} == {"allowance"}


def test_a_certificate_without_a_word_of_it_is_not_whole(run_qrng: Run, capture: Path) -> None:
    assert run_qrng(*EXTRACT, "--drop-lanes", "1", "--certificate", "c.json").returncode == 0
    record = json.loads((capture / "c.json").read_text())
    del record["allowance"]
    (capture / "c.json").write_text(json.dumps(record))
    done = run_qrng("verify", "c.json", "--json")
    assert done.returncode == 1
    assert "'allowance'" in done.stderr.decode()


def test_without_the_allowance_the_output_is_as_much_longer(run_qrng: Run, capture: Path) -> None:
    lengths = {}
    for flag in ("--allowance", "--no-allowance"):
        done = run_qrng(*EXTRACT, "--drop-lanes", "1", flag, "--json")
        record = json.loads(done.stdout)
        lengths[flag] = record["extractor"]["m"]
        assert record["allowance"]["taken_off"] == (flag == "--allowance")
    assert lengths["--no-allowance"] - lengths["--allowance"] == record["allowance"]["bits"]


def test_a_stream_goes_on_without_the_lane_and_says_so(run_qrng: Run) -> None:
    stream = ("stream", "--source", "sim:?qubits=8", "--fault", "stuck_lane:lane=3,start=3000000", "--bytes", "600000")
    done = run_qrng(*stream, "--drop-lanes", "1")
    assert (done.returncode, len(done.stdout)) == (0, 600_000)
    assert b"in lane 3" in done.stderr
    assert run_qrng(*stream).returncode == 4
