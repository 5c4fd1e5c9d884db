"""Extraction of a capture file, from Python: what the command can't show."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qrng import RandomBitGenerator, open_source
from qrng.admission import claim_of_whole
from qrng.errors import ParameterError, QrngError
from qrng.extraction import extract_file
from qrng.samples import Samples
from qrng.verification import verify


def test_a_file_that_changes_between_the_passes_gives_no_output(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(1).bytes(10_000))

    def change(what: str, n: int) -> None:
        if what == "health tests":
            content = bytearray(raw.read_bytes())
            content[9_000] ^= 1
            raw.write_bytes(content)

    with pytest.raises(QrngError, match="changed between"):
        extract_file(str(raw), tmp_path / "out", min_entropy=0.9, progress=change)
    assert [path.name for path in tmp_path.iterdir()] == ["raw.bin"]


def test_a_progress_callback_hears_of_every_raw_bit_in_both_passes(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(1).bytes(10_000))
    heard: dict[str, int] = {}

    def count(what: str, n: int) -> None:
        heard[what] = heard.get(what, 0) + n

    extract_file(str(raw), tmp_path / "out", input_bits=1000, output_bits=10, progress=count)
    assert heard == {"health tests": 80_000, "extraction": 80_000}


def test_a_file_that_changes_after_its_assessment_gives_no_output(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(1).bytes(20_000))
    found = claim_of_whole(Samples(np.fromfile(raw, np.uint8), 160_000, 1), "raw.bin")
    known = replace(found, assessment=replace(found.assessment, sha256=hashlib.sha256(raw.read_bytes()).hexdigest()))
    record = extract_file(str(raw), tmp_path / "out", min_entropy=known)
    assert record["claim_from_same_data"] and record["claim"] == known.claim.as_dict()
    raw.write_bytes(np.random.default_rng(2).bytes(20_000))
    with pytest.raises(QrngError, match="what was assessed is not what the health tests read"):
        extract_file(str(raw), tmp_path / "other", min_entropy=known)
    assert not list(tmp_path.glob("other*"))


def test_the_bare_map_takes_no_claim(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(1).bytes(2_000))
    with pytest.raises(ParameterError, match="the bare map claims nothing"):
        extract_file(str(raw), tmp_path / "out", output_bits=100, min_entropy=0.9)


def outcomes(tmp_path: Path, record: dict[str, object]) -> dict[str, str]:
    (tmp_path / "record.json").write_text(json.dumps(record))
    checks = verify(
        tmp_path / "record.json", raw=tmp_path / "raw.bin", seed=tmp_path / "out.seed", output=tmp_path / "out"
    )
    given = {"claim": "not checked", "assessment": "not checked"}
    found = {check.name: check.outcome for check in checks}
    assert {name: found[name] for name in given} == given  # the claims of this page are all given by the caller
    return {name: outcome for name, outcome in found.items() if name not in given}


def test_a_second_source_is_for_one_block(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(2).bytes(319))
    record = extract_file(str(raw), tmp_path / "out", extractor="raz", min_entropy=0.99, log2_error=-20)
    assert record["extractor"]["strong"] is False
    assert set(outcomes(tmp_path, record).values()) == {"ok"}
    with pytest.raises(ParameterError, match="each block needs one of its own"):
        extract_file(str(raw), tmp_path / "two", extractor="raz", input_bits=638, output_bits=3)
    assert not list(tmp_path.glob("two*"))


def test_a_generator_takes_no_extractor_that_consumes_its_seed() -> None:
    with pytest.raises(ParameterError, match="choose a strong extractor"):
        RandomBitGenerator(open_source("sim:"), extractor="raz")


def test_what_a_plan_pays_for_is_on_record_and_replayed(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(2).bytes(1000))
    plain = extract_file(str(raw), tmp_path / "out", min_entropy=0.5, log2_error=-20)
    record = extract_file(
        str(raw), tmp_path / "out", min_entropy=0.5, log2_error=-20, costs={"leaked_bits": 100, "log2_smoothing": -22}
    )
    assert record["extractor"]["m"] == plain["extractor"]["m"] - 102  # half of the error is the smoothing's
    assert set(outcomes(tmp_path, record).values()) == {"ok"}
    record["extractor"]["costs"]["leaked_bits"] = 200
    assert outcomes(tmp_path, record)["plan"] == "failed"
    for chosen in ({"output_bits": 100}, {"extractor": "peres"}):
        with pytest.raises(ParameterError, match="leaked_bits: only a plan"):
            extract_file(str(raw), tmp_path / "no", costs={"leaked_bits": 1}, **chosen)
