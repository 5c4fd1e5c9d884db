"""What a certificate says that the raw bits are worth: made again from them, and every changed figure is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng.certified import Check
from qrng.errors import FormatError
from qrng.extraction import extract_file
from qrng.verification import verify

Change = Callable[[dict[str, Any]], object]


def lanes_of(path: Path, shots: int = 20_000, bias: float = 0.55) -> Path:
    """Four lanes of independent bits, the last one biased."""
    bits = np.random.default_rng(7).random((shots, 4)) < np.array([0.5, 0.5, 0.52, bias])
    path.write_bytes(np.packbits(bits).tobytes())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("certified")
    raw = str(lanes_of(path / "raw.bin"))
    bound = "trusted-qubit:p01=0.01,p10=0.01"
    for name, how in (("plain", {}), ("both", {"physical": bound})):
        record = extract_file(raw, path / "out", lanes=4, layout="packed-msb", log2_error=-32, **how)
        (path / f"{name}.json").write_text(json.dumps(record))
    return path


def outcomes(found: list[Check]) -> dict[str, str]:
    return {check.name: check.outcome for check in found}


def test_the_whole_assessment_stands_in_the_certificate(folder: Path) -> None:
    record = json.loads((folder / "plain.json").read_text())
    found = record["claim_made_from"]["assessment"]
    assert found["schema"] == "qrng.assessment/1"
    assert (found["samples"], found["lanes"], found["track"]) == (80_000, 4, "non-iid")
    assert found["sha256"] == record["input"]["sha256"]
    assert {estimate["section"] for estimate in found["estimators"]} == {f"6.3.{k}" for k in range(1, 11)}
    assert len(found["lane_estimates"]) == 4
    assert min(found["min_entropy"], found["lane_average"]) == record["claim"]["bits_per_sample"]


@pytest.mark.parametrize("name", ["plain", "both"])
def test_an_honest_certificate_is_found_again(folder: Path, name: str) -> None:
    found = outcomes(verify(folder / f"{name}.json", raw=folder / "raw.bin"))
    assert found["claim"] == found["assessment"] == found["recomputed claim"] == "ok"
    assert found.get("physics") == ("ok" if name == "both" else None)
    without = outcomes(verify(folder / f"{name}.json"))
    assert (without["claim"], without["assessment"]) == ("ok", "not checked")
    assert without.get("physics") == ("not checked" if name == "both" else None)


def estimate(record: dict[str, Any], index: int) -> dict[str, Any]:
    found: dict[str, Any] = record["claim_made_from"]["assessment"]["estimators"][index]
    return found


def raise_claim(record: dict[str, Any]) -> None:
    record["claim"]["bits_per_sample"] *= 1.01
    del record["claim"]["weakest_lane"]


def raise_everything(record: dict[str, Any]) -> None:
    """A forger who is consistent: only the raw bits tell."""
    raise_claim(record)
    made = record["claim_made_from"]
    made["statistical"]["bits_per_sample"] *= 1.01
    for one in made["assessment"]["estimators"]:
        one["min_entropy"] *= 1.01
    made["assessment"]["min_entropy"] *= 1.01
    for lane in made["assessment"]["lane_estimates"]:
        lane["most_common_value"] *= 1.01


CHANGES: dict[str, tuple[Change, set[str]]] = {
    "an estimate lower": (lambda r: estimate(r, 3).update(min_entropy=0.2), {"claim", "assessment"}),
    "an estimate higher": (lambda r: estimate(r, 4).update(min_entropy=0.999), {"assessment"}),
    "an intermediate": (lambda r: estimate(r, 0)["details"].update(mode=1), {"assessment"}),
    "an estimate left out": (lambda r: r["claim_made_from"]["assessment"]["estimators"].pop(), {"assessment"}),
    "a lane": (
        lambda r: r["claim_made_from"]["assessment"]["lane_estimates"][1].update(most_common_value=0.1),
        {"claim", "assessment"},
    ),
    "the number of samples": (
        lambda r: r["claim_made_from"]["assessment"].update(samples=10**6),
        {"claim", "assessment"},
    ),
    "the claim": (raise_claim, {"claim", "plan", "recomputed claim"}),
    "claim and evidence together": (raise_everything, {"assessment", "recomputed claim"}),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_a_changed_figure_is_found(folder: Path, tmp_path: Path, what: str) -> None:
    change, found = CHANGES[what]
    record = json.loads((folder / "plain.json").read_text())
    change(record)
    (tmp_path / "c.json").write_text(json.dumps(record))
    checks = verify(tmp_path / "c.json", raw=folder / "raw.bin")
    failed = {check.name for check in checks if check.outcome == "failed"}
    assert failed - {"plan"} == found - {"plan"}, checks


def test_a_changed_bound_is_found(folder: Path, tmp_path: Path) -> None:
    record = json.loads((folder / "both.json").read_text())
    for change in (
        lambda physics: physics.update(spec="trusted-qubit:p01=0.02,p10=0.01"),
        lambda physics: physics["lanes"][3].update(min_entropy=0.99),
        lambda physics: physics["claim"].update(log2_error=-40.0),
    ):
        other = copy.deepcopy(record)
        change(other["claim_made_from"]["physical"])
        (tmp_path / "c.json").write_text(json.dumps(other))
        assert outcomes(verify(tmp_path / "c.json", raw=folder / "raw.bin"))["physics"] == "failed"


def test_other_raw_bits_do_not_carry_the_claim(folder: Path, tmp_path: Path) -> None:
    other = lanes_of(tmp_path / "worse.bin", bias=0.65)
    found = outcomes(verify(folder / "plain.json", raw=other))
    assert {found[name] for name in ("raw bits", "assessment", "recomputed claim")} == {"failed"}
    other.write_bytes(bytes(1000))
    found = outcomes(verify(folder / "plain.json", raw=other))
    assert found["assessment"] == found["health"] == "failed"


def test_a_lane_left_out_lowers_the_claim_here_too(tmp_path: Path) -> None:
    bits = np.random.default_rng(7).integers(0, 2, (20_000, 8)).astype(np.uint8)
    bits[12_000:, 5] = 1
    (tmp_path / "raw.bin").write_bytes(np.packbits(bits).tobytes())
    raw = str(tmp_path / "raw.bin")
    record = extract_file(raw, tmp_path / "out", lanes=8, layout="packed-msb", drop_lanes=1)
    assert record["input"]["dropped_lanes"]
    (tmp_path / "c.json").write_text(json.dumps(record))
    found = outcomes(verify(tmp_path / "c.json", raw=raw))
    assert found["claim"] == found["assessment"] == found["recomputed claim"] == "ok"
    record["claim"]["bits_per_sample"] = record["claim_made_from"]["statistical"]["bits_per_sample"]
    (tmp_path / "c.json").write_text(json.dumps(record))
    assert outcomes(verify(tmp_path / "c.json", raw=raw))["recomputed claim"] == "failed"


@pytest.mark.parametrize(
    "broken",
    [
        [],
        {"statistical": {"bits_per_sample": 0.5}, "physical": None},
        {"assessment": []},
        {"assessment": {}, "statistical": {}, "physical": None},
    ],
)
def test_a_broken_part_is_a_broken_certificate(folder: Path, tmp_path: Path, broken: Any) -> None:
    record = json.loads((folder / "plain.json").read_text())
    record["claim_made_from"] = broken
    (tmp_path / "c.json").write_text(json.dumps(record))
    with pytest.raises(FormatError, match="not a whole extraction record"):
        verify(tmp_path / "c.json", raw=folder / "raw.bin")


def test_settings_recorded_beside_the_bits_are_used_again(tmp_path: Path, run_qrng: Any) -> None:
    """A bound from a protocol needs the side data, which the certificate does not hold and the capture does."""
    spec = "sim:?circuit=source-independent&qubits=2&readout_error=0&seed=3"
    assert run_qrng("capture", spec, "--samples", "40000", "-o", "raw.qrng").returncode == 0
    bound = ["--physical", "source-independent", "--log2-error", "-30"]
    done = run_qrng("extract", "raw.qrng", *bound, "-o", "out", "--certificate", "c.json")
    assert done.returncode == 0, done.stderr
    found = outcomes(verify(tmp_path / "c.json", raw=tmp_path / "raw.qrng"))
    assert found["physics"] == found["assessment"] == found["recomputed claim"] == "ok"
