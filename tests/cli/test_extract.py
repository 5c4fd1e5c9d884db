"""`qrng extract`: what it writes is what the extractor gives; what must stop it stops it before any byte."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import resource
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qrng import assess
from qrng.extractors import Toeplitz, extractor_class

Run = Callable[..., subprocess.CompletedProcess[bytes]]

BITS = 400_000


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Fair packed bits from a seeded generator: a healthy capture."""
    path = tmp_path / "raw.bin"
    path.write_bytes(np.random.default_rng(1).bytes(BITS // 8))
    return path


def reference(raw: bytes, seed: bytes, n: int, m: int, blocks: int) -> bytes:
    """Each block alone through the extractor, outputs joined bit by bit."""
    bits = np.unpackbits(np.frombuffer(raw, np.uint8))
    parts = []
    for block in range(blocks):
        packed = np.packbits(bits[block * n : (block + 1) * n])
        parts.append(np.unpackbits(np.frombuffer(Toeplitz(n, m).extract(packed, seed), np.uint8))[:m])
    return np.packbits(np.concatenate(parts)).tobytes()


def one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode()
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(("n", "m"), [(1000, 511), (997, 300), (400_000, 9_999)])
def test_the_bare_map_is_the_extractor_block_by_block(run_qrng: Run, capture: Path, n: int, m: int) -> None:
    seed = np.random.default_rng(2).bytes(-(-(n + m - 1) // 8))
    (capture.parent / "seed").write_bytes(seed)
    options = ["--input-bits", n, "--output-bits", m, "--seed-file", "seed", "--drop-tail", "--json", "-o", "out"]
    done = run_qrng("extract", capture, *map(str, options))
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    blocks = BITS // n
    wanted = reference(capture.read_bytes(), seed, n, m, blocks)
    out = capture.parent / "out"
    assert out.read_bytes() == wanted
    assert record["blocks"] == blocks
    assert record["claim"] is None
    assert record["output"]["sha256"] == hashlib.sha256(wanted).hexdigest()
    assert record["input"]["sha256"] == hashlib.sha256(capture.read_bytes()).hexdigest()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_plan_states_its_error_and_keeps_the_seed_private(run_qrng: Run, capture: Path) -> None:
    arguments = ["--input-bits", "1000", "--min-entropy", "0.8", "--log2-error", "-64", "-o", "out", "--json"]
    done = run_qrng("extract", capture, *arguments, "--certificate", "certificate.json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record == json.loads((capture.parent / "certificate.json").read_text())
    # floor(800 + 2 - 2 (64 + log2 400)) over 400 blocks
    assert record["extractor"]["m"] == 656
    assert record["extractor"]["log2_error"] == -64
    seed = capture.parent / "out.seed"
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    assert (capture.parent / "out").read_bytes() == reference(capture.read_bytes(), seed.read_bytes(), 1000, 656, 400)


def test_without_options_the_whole_capture_is_one_block_under_the_assessed_claim(run_qrng: Run, capture: Path) -> None:
    done = run_qrng("extract", capture, "-o", "out")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert f"1 x {BITS} bits to" in text
    assert "no adversary" in text
    assert "consistency check, not evidence" in text


@pytest.mark.parametrize("name", ["VonNeumann", "Elias", "Peres"])
def test_a_seedless_extractor_gives_what_it_gives_and_claims_nothing(run_qrng: Run, capture: Path, name: str) -> None:
    done = run_qrng("extract", capture, "--extractor", name, "--min-entropy", "0.9", "-o", "out", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    wanted, count = extractor_class(name)().extract(capture.read_bytes())
    assert (capture.parent / "out").read_bytes() == wanted
    assert record["output"]["bits"] == count
    assert record["seed"] is None
    assert "log2_error" not in record["extractor"]
    assert not (capture.parent / "out.seed").exists()
    text = run_qrng("extract", capture, "--extractor", name, "--min-entropy", "0.9", "-o", "out").stdout.decode()
    assert "no error bound" in text
    assert run_qrng("extract", capture, "--extractor", name, "--output-bits", "390000", "-o", "more").returncode == 3


@pytest.mark.parametrize("name", ["ModifiedToeplitz", "Circulant", "Dodis"])
def test_every_seeded_extractor_plans_and_replays(run_qrng: Run, capture: Path, name: str) -> None:
    options = ["--input-bits", "1000", "--min-entropy", "0.8", "-o", "out", "--certificate", "c.json"]
    assert run_qrng("extract", capture, "--extractor", name, *options).returncode == 0
    files = ["--raw", str(capture), "--seed-file", "out.seed", "--output", "out"]
    done = run_qrng("verify", "c.json", *files, "--json")
    assert done.returncode == 0, done.stdout
    checks = json.loads(done.stdout)["checks"]
    assert {check["name"] for check in checks if check["outcome"] != "ok"} == {"claim", "assessment"}  # both given


def test_the_output_does_not_depend_on_threads_or_workers(run_qrng: Run, capture: Path) -> None:
    (capture.parent / "seed").write_bytes(np.random.default_rng(2).bytes(BITS // 8))
    seed = capture.parent / "seed"
    results = set()
    for number, how in enumerate(([], ["--threads", "2"], ["--threads", "3", "--workers", "2"])):
        for blocks, extractor in ((["--input-bits", "5000"], "Toeplitz"), ([], "ModifiedToeplitz")):
            m = "1000" if blocks else "39001"
            n = 5000 if blocks else BITS
            size = n - 1 if extractor == "ModifiedToeplitz" else n + int(m) - 1
            seed.write_bytes(np.random.default_rng(2).bytes(-(-size // 8)))
            options = [*blocks, "--extractor", extractor, "--output-bits", m, "--seed-file", "seed", *how]
            done = run_qrng("extract", capture, *options, "-o", f"out{number}")
            assert done.returncode == 0, done.stderr
            results.add((extractor, (capture.parent / f"out{number}").read_bytes()))
    assert len(results) == 2


def test_symbols_wider_than_8_bits_are_assessed_by_8_of_them(run_qrng: Run, tmp_path: Path) -> None:
    """The lower 4 bits are noise, the upper 8 stand still: what is claimed is that of the bits that were chosen."""
    np.random.default_rng(1).integers(0, 16, 100_000).astype("<u2").tofile(tmp_path / "adc.bin")
    adc = ["extract", "adc.bin", "--layout", "uint16le", "--bits-per-symbol", "12", "-o", "out"]
    done = run_qrng(*adc, "--certificate", "c.json")
    assert done.returncode == 0, done.stderr
    assert b"the lowest 8 of each 12 bits" in done.stdout
    record = json.loads((tmp_path / "c.json").read_text())
    assert record["claim"]["bits_per_symbol"] == 12
    assessed = assess(tmp_path / "adc.bin", layout="uint16le", bits_per_symbol=12, keep="low")
    assert record["claim"]["bits_per_sample"] == assessed.claimed_min_entropy > 1
    assert run_qrng("verify", "c.json", "--raw", "adc.bin").returncode == 0
    high = run_qrng(*adc, "--keep", "high")
    assert high.returncode == 4  # which hold nothing
    assert run_qrng(*adc, "--keep", "high", "--min-entropy", "0.1").returncode == 2


def test_standard_input_and_gzip_give_the_same_bytes_as_the_file(run_qrng: Run, capture: Path) -> None:
    (capture.parent / "seed").write_bytes(np.random.default_rng(2).bytes(-(-(1000 + 500 - 1) // 8)))
    options = ["--input-bits", "1000", "--output-bits", "500", "--seed-file", "seed"]
    packed = capture.parent / "raw.gz"
    packed.write_bytes(gzip.compress(capture.read_bytes()))
    assert run_qrng("extract", capture, *options, "-o", "a").returncode == 0
    assert run_qrng("extract", "-", *options, "-o", "b", stdin=capture.read_bytes()).returncode == 0
    assert run_qrng("extract", packed, *options, "-o", "c").returncode == 0
    results = {(capture.parent / name).read_bytes() for name in "abc"}
    assert len(results) == 1


def stuck_lane(seed: int = 3) -> bytes:
    shots = np.random.default_rng(seed).integers(0, 2, (10_000, 32)).astype(np.uint8)
    shots[4000:, 11] = 1
    return np.packbits(shots).tobytes()


@pytest.mark.parametrize("claim", [["--min-entropy", "0.9"], []])
@pytest.mark.parametrize(
    ("content", "lanes"),
    [(bytes(50_000), []), (b"\xff" * 50_000, []), (stuck_lane(), ["--lanes", "32"])],
    ids=["zeros", "ones", "one stuck lane of 32"],
)
def test_a_degraded_capture_stops_with_4_before_any_byte(
    run_qrng: Run, tmp_path: Path, content: bytes, lanes: list[str], claim: list[str]
) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(content)
    layout = ["--layout", "packed-msb"]
    done = run_qrng("extract", raw, *layout, *lanes, *claim, "-o", "out")
    assert done.returncode == 4, done.stderr
    assert "alarmed at sample" in one_line(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw.bin"]

    spec = f"file:{raw}?layout=packed-msb" + ("&lanes=32" if lanes else "")
    given = ["--claim", claim[1]] if claim else ["--claim", "auto"]
    stream = run_qrng("stream", "--source", spec, *given, "--bytes", "1000000")
    assert stream.returncode == 4, stream.stderr
    assert stream.stdout == b""


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "says"),
    [
        ("empty.bin", b"", [], 1, "empty"),
        ("cut.json", b'{"raw_integers": [1, 2, 3', [], 1, "cut.json"),
        ("cut.gz", gzip.compress(np.random.default_rng(1).bytes(9000))[:-100], [], 1, "cut.gz"),
        ("wide.bin", bytes([3] * 2000), ["--layout", "symbols", "--bits-per-symbol", "1"], 1, "wide.bin"),
        ("short.bin", bytes(range(20)), [], 3, "start-up"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--layout", "morse"], 2, "morse"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--input-bits", "1001"], 2, "--drop-tail"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--input-bits", "100000"], 2, "not one block"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--seed-file", "ok.bin"], 2, "seed"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--extractor", "magic"], 2, "magic"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--min-entropy", "much"], 2, "much"),
        ("ok.bin", np.random.default_rng(1).bytes(9000), ["--min-entropy", "1.5"], 2, "1.5"),
        (
            "ok.bin",
            np.random.default_rng(1).bytes(9000),
            ["--input-bits", "1000", "--min-entropy", ".05"],
            2,
            "what would work",
        ),
    ],
)
def test_each_bad_input_is_one_clear_line_and_its_code(
    run_qrng: Run, tmp_path: Path, name: str, content: bytes, options: list[str], code: int, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = run_qrng("extract", name, "-o", "out", *options)
    assert done.returncode == code, done.stderr
    assert says in one_line(done)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.seed").exists()


def test_a_missing_file_and_a_folder_are_one_clear_line(run_qrng: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("absent.bin", "folder"):
        done = run_qrng("extract", name, "-o", "out")
        assert done.returncode == 1
        assert name in one_line(done)


def test_an_output_that_can_not_be_written_leaves_nothing(run_qrng: Run, capture: Path) -> None:
    if os.getuid() != 0:
        capture.parent.chmod(0o500)
        done = run_qrng("extract", capture, "-o", "out")
        capture.parent.chmod(0o700)
        assert done.returncode == 1
    done = run_qrng("extract", capture, "-o", "nowhere/out")
    assert done.returncode == 1
    assert "nowhere" in one_line(done)

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = run_qrng("extract", capture, "-o", "out", preexec_fn=small_disk)
    assert done.returncode == 1
    assert "too large" in one_line(done)
    assert sorted(path.name for path in capture.parent.iterdir()) == ["raw.bin"]


def test_usage_that_contradicts_itself_is_refused(run_qrng: Run, capture: Path) -> None:
    done = run_qrng("extract", capture, "-o", "out", "--output-bits", "10", "--min-entropy", "0.5")
    assert done.returncode == 2
    assert b"leave out" in done.stderr


def test_the_real_capture_yields_bits_under_its_assessed_claim(run_qrng: Run, test_data: Path, tmp_path: Path) -> None:
    shots = test_data / "captures" / "ibmquantum_ibm_fez_20260223_122743.json"
    done = run_qrng("extract", shots, "-o", "out", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["input"]["raw_bits"] == 320_000
    assert record["input"]["lanes"] == 32
    assert record["extractor"]["m"] <= 320_000 * record["claim"]["bits_per_sample"] + 2 - 128
    assert (tmp_path / "out").stat().st_size == -(-record["extractor"]["m"] // 8)


def test_the_real_capture_with_one_qubit_stuck_is_refused(run_qrng: Run, test_data: Path, tmp_path: Path) -> None:
    shots = json.loads((test_data / "captures" / "ibmquantum_ibm_fez_20260223_122743.json").read_text())
    shots["raw_integers"] = [value | 1 << 9 for value in shots["raw_integers"]]
    (tmp_path / "stuck.json").write_text(json.dumps(shots))
    done = run_qrng("extract", "stuck.json", "-o", "out", "--min-entropy", "0.9")
    assert done.returncode == 4, done.stderr
    assert "lane 22" in one_line(done)
    assert not (tmp_path / "out").exists()
    stream = run_qrng("stream", "--source", "file:stuck.json", "--claim", "0.9")
    assert stream.returncode == 4
    assert stream.stdout == b""
