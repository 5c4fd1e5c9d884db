"""The evaluation of a capture: every step, the page, and what a validation asks for."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qrng
from qrng.errors import ParameterError
from qrng.report.esv import MILLION, write_esv
from qrng.report.evaluation import Evaluation, evaluate, evaluation_html


def capture(folder: Path, n: int = 200_000, p: float = 0.5) -> str:
    """A file of bits, one a byte, of which a share p are ones."""
    (np.random.default_rng(5).random(n) < p).astype(np.uint8).tofile(folder / "raw.bin")
    return str(folder / "raw.bin")


@pytest.fixture
def page_extra() -> None:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")


def test_a_good_capture_goes_the_whole_way(tmp_path: Path) -> None:
    raw = capture(tmp_path)
    steps: list[str] = []
    found = evaluate(raw, output=str(tmp_path / "out"), progress=steps.append)
    assert not found.stopped
    assert found.passed == (found.sts is not None and found.sts.passed)  # of good output one in a hundred fails
    assert steps == ["reading", "min-entropy", "health tests", "extraction and SP 800-22"]
    assert found.claim is not None
    assert found.claim == qrng.assess(raw).claim
    assert found.extraction is not None
    assert found.extraction["claim_from_same_data"]
    assert found.extraction["output"]["sha256"] == hashlib.sha256((tmp_path / "out").read_bytes()).hexdigest()
    assert found.sts is not None
    assert found.sts.sequences * found.sts.length <= found.extraction["output"]["bits"]
    json.dumps(found.as_json(), allow_nan=False)


def test_the_smaller_of_statistics_and_physics_is_the_claim(tmp_path: Path) -> None:
    raw = capture(tmp_path)
    low = evaluate(raw, physical="trusted-qubit:p01=0.1,p10=0.1")
    assert low.physical is not None
    assert low.claim is not None and low.claim.bits_per_sample == low.physical.claim.bits_per_sample
    assert low.extraction is not None
    assert low.extraction["extractor"]["log2_error"] == -63  # of which the claim's own error takes 2^-64
    high = evaluate(raw, physical="trusted-qubit:p01=0,p10=0")
    assert high.claim is not None and high.claim.bits_per_sample == high.result.claim.bits_per_sample


def test_nothing_is_left_behind_when_the_output_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = capture(tmp_path)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    found = evaluate(raw)
    assert found.extraction is not None
    assert found.extraction["output"]["file"] is None
    assert found.extraction["seed"]["file"] is None
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["raw.bin"]


def degraded(raw: str) -> str:
    """The last fifth far worse than what the whole supports."""
    data = np.fromfile(raw, np.uint8)
    data[160_000:] = np.random.default_rng(7).random(40_000) < 0.8
    data.tofile(raw)
    return raw


def test_an_alarm_stops_the_chain_and_the_page_says_where(tmp_path: Path, page_extra: None) -> None:
    found = evaluate(degraded(capture(tmp_path)), output=str(tmp_path / "out"))
    assert not found.passed
    assert found.extraction is None
    assert not (tmp_path / "out").exists()
    assert "alarm" in found.stopped[-1]
    page = evaluation_html(found)
    assert "No output was made." in page
    assert '<tr class="bad">' in page


def test_a_capture_without_entropy_has_its_page_too(tmp_path: Path, page_extra: None) -> None:
    np.zeros(20_000, np.uint8).tofile(tmp_path / "zeros")
    found = evaluate(str(tmp_path / "zeros"), bits_per_symbol=1, layout="symbols")
    assert (found.claim, found.extraction, found.sts) == (None, None, None)
    assert found.health.alarms
    page = evaluation_html(found)
    assert "No min-entropy is awarded" in page
    assert not found.passed


def test_a_capture_too_short_to_extract_from_says_so(tmp_path: Path) -> None:
    found = evaluate(capture(tmp_path, n=800))
    assert not found.passed
    assert "STARTUP" in found.stopped[0] or "too few" in found.stopped[0]


def test_the_page_is_whole_and_fetches_nothing(tmp_path: Path, page_extra: None) -> None:
    found = evaluate(capture(tmp_path), physical="trusted-qubit:p01=0.01,p10=0.02")
    page = evaluation_html(found)
    assert page.count("<svg") >= 5
    for heading in ("At a glance", "What must be true", "3. Min-entropy by physics", "6. SP 800-22 on the output"):
        assert heading in page
    assert found.claim is not None
    for assumption in found.claim.assumptions:
        assert assumption in page
    assert found.extraction is not None
    assert f"{found.extraction['allowance']['bits']:,} bits, what a weak bias may hide" in page
    assert found.extraction["created"] in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!#|data:)", page.replace("xlink:href", "href"))
    assert "SIMULATED" not in page


def test_the_page_says_why_lanes_are_held_against_less_than_the_claim(tmp_path: Path, page_extra: None) -> None:
    bits = np.random.default_rng(8).random((25_000, 4)) < np.array([0.5, 0.5, 0.5, 0.56])
    bits.astype(np.uint8).tofile(tmp_path / "raw.bin")
    found = evaluate(str(tmp_path / "raw.bin"), lanes=4)
    assert found.claim is not None and found.claim.weakest_lane is not None
    assert f"the weakest one&#39;s {found.claim.weakest_lane:.6f}" in evaluation_html(found).replace("'", "&#39;")


def test_a_simulated_capture_is_called_so(tmp_path: Path, page_extra: None) -> None:
    from qrng.container import ContainerWriter

    with qrng.open_source("sim:?qubits=4&seed=1") as source, (tmp_path / "sim.qrng").open("wb") as file:
        writer = ContainerWriter(file, 1, 4, source.provenance())
        writer.write(source.read(100_000))
        writer.finish()
    found = evaluate(str(tmp_path / "sim.qrng"))
    assert found.simulated
    assert "<strong>SIMULATED.</strong>" in evaluation_html(found)


def esv(tmp_path: Path, found: Evaluation, **options: Any) -> tuple[list[str], list[Any], str]:
    missing = write_esv(found, tmp_path / "esv", **options)
    metadata = json.loads((tmp_path / "esv" / "metadata.json").read_text())
    return missing, metadata, (tmp_path / "esv" / "CHECKLIST.md").read_text()


def test_a_validation_is_given_what_is_there_and_told_what_is_not(tmp_path: Path) -> None:
    found = evaluate(capture(tmp_path, n=1_100_000))
    missing, metadata, checklist = esv(tmp_path, found)
    raw = (tmp_path / "esv" / "raw-noise.bin").read_bytes()
    assert raw == (tmp_path / "raw.bin").read_bytes()[:MILLION]
    assert metadata[0] == {"esvVersion": "1.0"}
    assert metadata[1]["rawNoiseSHA256"] == hashlib.sha256(raw).hexdigest()
    assert found.claim is not None
    assert metadata[1]["hminEstimate"] == found.claim.bits_per_sample
    assert (metadata[1]["bitsPerSample"], metadata[1]["iidClaim"]) == (1, False)
    assert {"primaryNoiseSource", "numberOfRestarts", "restartBitsSHA256"}.isdisjoint(metadata[1])
    assert all(f"- [ ] {item}" in checklist for item in missing)
    assert any("restart data" in item for item in missing)
    assert any("--description" in item for item in missing)
    assert (tmp_path / "esv" / "raw-noise.bin").stat().st_mode & 0o777 == 0o600


def test_restart_data_are_tested_and_copied(tmp_path: Path) -> None:
    found = evaluate(capture(tmp_path))
    rows = np.random.default_rng(6).integers(0, 2, MILLION, dtype=np.uint8)
    rows.tofile(tmp_path / "restarts")
    missing, metadata, _ = esv(tmp_path, found, restarts=str(tmp_path / "restarts"), description="beam splitter")
    assert metadata[1]["restartBitsSHA256"] == hashlib.sha256(rows.tobytes()).hexdigest()
    assert metadata[1]["primaryNoiseSource"] == "beam splitter"
    assert (metadata[1]["numberOfRestarts"], metadata[1]["samplesPerRestart"]) == (1000, 1000)
    assert not any("restart" in item or "--description" in item for item in missing)
    assert any("1,000,000 consecutive samples" in item for item in missing)
    rows.reshape(1000, 1000)[:, :40] = 1  # each restart begins the same way
    rows.tofile(tmp_path / "restarts")
    missing, _, checklist = esv(tmp_path, found, restarts=str(tmp_path / "restarts"))
    assert any("restart data that pass" in item for item in missing)
    assert "- [ ] restart tests, SP 800-90B 3.1.4: FAILED" in checklist


def test_a_validation_refuses_wide_samples_and_long_names(tmp_path: Path) -> None:
    found = evaluate(capture(tmp_path))
    with pytest.raises(ParameterError, match="64 characters"):
        write_esv(found, tmp_path / "esv", description="x" * 65)
    np.random.default_rng(1).integers(0, 4096, 20_000, dtype="<u2").tofile(tmp_path / "wide")
    wide = evaluate(str(tmp_path / "wide"), layout="uint16le", bits_per_symbol=12, keep="high")
    with pytest.raises(ParameterError, match="at most 8 bits"):
        write_esv(wide, tmp_path / "esv")
