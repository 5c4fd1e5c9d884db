"""`qrng verify`: an honest certificate replays; any altered file or figure is found."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def extracted(run_qrng: Run, tmp_path: Path) -> Path:
    (tmp_path / "raw.bin").write_bytes(np.random.default_rng(4).bytes(50_000))
    arguments = ["--input-bits", "10001", "--min-entropy", "0.9", "--drop-tail", "-o", "out", "--certificate", "c.json"]
    done = run_qrng("extract", "raw.bin", *arguments)
    assert done.returncode == 0, done.stderr
    return tmp_path


GIVEN = ["claim", "assessment"]
"""What nothing shows to be true where the user gave the claim: the claim, and an assessment that there was none of."""
FILES = ["--raw", "raw.bin", "--seed-file", "out.seed", "--output", "out"]


def outcomes(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in json.loads(done.stdout)["checks"]}


def test_an_honest_certificate_replays(run_qrng: Run, extracted: Path) -> None:
    done = run_qrng("verify", "c.json", *FILES, "--json")
    assert done.returncode == 0, done.stderr
    assert [name for name, outcome in outcomes(done).items() if outcome != "ok"] == GIVEN
    text = run_qrng("verify", "c.json", *FILES)
    assert text.stdout.decode().endswith("nothing that was checked differs\n")
    assert max(map(len, text.stdout.decode().splitlines())) <= 80


def test_what_could_not_be_checked_is_said(run_qrng: Run, extracted: Path) -> None:
    done = run_qrng("verify", "c.json", "--output", "out", "--json")
    assert done.returncode == 0
    assert outcomes(done) == {
        "claim": "not checked",
        "assessment": "not checked",
        "allowance": "ok",
        "plan": "ok",
        "raw bits": "not checked",
        "health": "not checked",
        "seed": "not checked",
        "output": "ok",
        "recomputed output": "not checked",
    }


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("raw.bin", {"raw bits", "recomputed output"}),
        ("out.seed", {"seed", "recomputed output"}),
        ("out", {"output"}),
    ],
)
def test_one_changed_bit_is_found(run_qrng: Run, extracted: Path, file: str, found: set[str]) -> None:
    content = bytearray((extracted / file).read_bytes())
    content[100] ^= 1
    (extracted / file).write_bytes(content)
    done = run_qrng("verify", "c.json", *FILES, "--json")
    assert done.returncode == 3
    assert {name for name, outcome in outcomes(done).items() if outcome == "failed"} == found


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda record: record["claim"].update(bits_per_sample=0.5), "plan"),
        (lambda record: record["extractor"].update(log2_error=-400), "plan"),
        (lambda record: record["output"].update(sha256="0" * 64), "recomputed output"),
        (lambda record: record["extractor"].update(m=record["extractor"]["m"] - 1), "recomputed output"),
    ],
)
def test_a_changed_figure_is_found(
    run_qrng: Run, extracted: Path, change: Callable[[dict[str, object]], None], found: str
) -> None:
    record = json.loads((extracted / "c.json").read_text())
    change(record)
    (extracted / "c.json").write_text(json.dumps(record))
    done = run_qrng("verify", "c.json", *FILES, "--json")
    assert done.returncode == 3
    assert outcomes(done)[found] == "failed"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"schema": "qrng.extraction/1"}', b'{"schema": "other"}'])
def test_what_is_no_certificate_is_one_clear_line(run_qrng: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.json").write_bytes(content)
    done = run_qrng("verify", "c.json")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert "c.json" in done.stderr.decode()


def test_a_file_too_long_for_a_certificate_is_not_parsed(run_qrng: Run, extracted: Path) -> None:
    content = (extracted / "c.json").read_bytes()
    (extracted / "long.json").write_bytes(content + b" " * (1 << 24))
    done = run_qrng("verify", "long.json")
    assert done.returncode == 1
    assert b"so no certificate" in done.stderr


def test_standard_input_is_a_capture_like_any_other(run_qrng: Run, extracted: Path) -> None:
    raw = (extracted / "raw.bin").read_bytes()
    arguments = ["--input-bits", "1000", "--output-bits", "100", "-o", "two", "--certificate", "two.json"]
    assert run_qrng("extract", "-", *arguments, stdin=raw).returncode == 0
    done = run_qrng("verify", "two.json", "--raw", "raw.bin", "--seed-file", "two.seed", "--json")
    assert done.returncode == 0
    assert outcomes(done)["recomputed output"] == "ok"
    assert outcomes(done)["plan"] == "not checked"


@pytest.fixture
def keys(crypto_extra: None, tmp_path: Path) -> Path:
    """Files a, a.pub, b, b.pub: two key pairs in PEM."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for name in ("a", "b"):
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        (tmp_path / name).write_bytes(pem)
        public = private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{name}.pub").write_bytes(public)
    return tmp_path


def test_a_signed_certificate_names_its_signer(run_qrng: Run, keys: Path) -> None:
    (keys / "raw.bin").write_bytes(np.random.default_rng(4).bytes(50_000))
    extract = ["extract", "raw.bin", "--min-entropy", "0.9", "-o", "out", "--certificate", "c.json"]
    done = run_qrng(*extract, "--sign", "a")
    assert done.returncode == 0, done.stderr
    honest = run_qrng("verify", "c.json", *FILES, "--public-key", "a.pub", "--json")
    assert honest.returncode == 0
    assert [name for name, outcome in outcomes(honest).items() if outcome != "ok"] == GIVEN
    assert outcomes(run_qrng("verify", "c.json", "--json"))["signature"] == "not checked"
    other = run_qrng("verify", "c.json", "--public-key", "b.pub", "--json")
    assert other.returncode == 3
    assert outcomes(other)["signature"] == "failed"

    record = json.loads((keys / "c.json").read_text())
    record["versions"]["qrng"] = "9.9"
    (keys / "c.json").write_text(json.dumps(record))
    changed = run_qrng("verify", "c.json", "--json")
    assert changed.returncode == 3
    assert outcomes(changed)["signature"] == "failed"


def test_an_unsigned_certificate_fails_where_a_signer_is_asked_for(run_qrng: Run, keys: Path, extracted: Path) -> None:
    done = run_qrng("verify", "c.json", "--public-key", "a.pub", "--json")
    assert done.returncode == 3
    assert outcomes(done)["signature"] == "failed"


def test_a_key_that_cannot_sign_ends_the_work_before_it_begins(run_qrng: Run, keys: Path) -> None:
    (keys / "raw.bin").write_bytes(np.random.default_rng(4).bytes(50_000))
    done = run_qrng("extract", "raw.bin", "-o", "out", "--certificate", "c.json", "--sign", "a.pub")
    assert done.returncode == 2
    assert b"a.pub: no private key in PEM" in done.stderr
    assert not (keys / "out").exists()
