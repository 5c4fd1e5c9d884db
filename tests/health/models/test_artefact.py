"""A model from a file is the one that was written, and for the stream that it was made for, or FAILED."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qrng import Samples, artefact
from qrng.errors import HealthFailure, ParameterError
from qrng.health import Gate, Setting, scan
from qrng.health.models.artefact import load, maker, manifest_of, save
from qrng.health.models.features import Shape
from qrng.health.score import EXCHANGEABLE, Calibration
from qrng.quantum.born import MODEL_SCHEMA
from qrng.training.models import fit

SHAPE = Shape(1, 4, 128)


def fair(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (count, SHAPE.window), dtype=np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    model = fit("mahalanobis", SHAPE, fair(60, 1))
    save(tmp_path / "m.npz", model, Calibration.of(model, fair(200, 2)), {"seed": 1})
    return tmp_path / "m.npz"


def test_it_scores_as_it_did_and_knows_its_calibration(path: Path) -> None:
    loaded = load(path)
    model = fit("mahalanobis", SHAPE, fair(60, 1))
    assert loaded.model.scores(fair(20, 3)) == pytest.approx(model.scores(fair(20, 3)), rel=1e-12)
    assert loaded.calibration.scores == pytest.approx(np.sort(model.scores(fair(200, 2))))
    assert loaded.calibration.assumes == EXCHANGEABLE
    assert loaded.manifest["kind"] == "mahalanobis"


def test_no_raw_bit_is_in_the_file(path: Path) -> None:
    arrays, _ = artefact.read(path, manifest_of(path), MODEL_SCHEMA)
    assert {name: array.size for name, array in arrays.items()} == {
        "model.mean": 8,
        "model.deviation": 8,
        "model.inverse": 64,
        "calibration": 200,
        "answers": 8,
    }


def test_a_scan_with_it_alarms_where_windows_turn_strange_and_names_what_it_assumes(path: Path) -> None:
    bad = fair(300, 4).copy()
    bad[200:] |= fair(100, 5) & fair(100, 6)
    report = scan(
        [Samples.from_symbols(bad.ravel(), lanes=4)], bits_per_symbol=1, lanes=4, claim=0.3, more=[maker(path)]
    )
    assert [alarm.test for alarm in report.alarms] == ["mahalanobis"]
    assert 200 * 128 < report.alarms[0].at_sample < 260 * 128
    assert report.as_dict()["false_alarm_bound_assumes"] == ["claim", EXCHANGEABLE]
    alone = scan([Samples.from_symbols(bad.ravel(), lanes=4)], bits_per_symbol=1, lanes=4, claim=0.3)
    assert not alone.alarms  # 5/8 ones keep a claim of 0.3 bits
    assert alone.as_dict()["false_alarm_bound_assumes"] == ["claim"]


@pytest.mark.parametrize(("width", "lanes"), [(1, 1), (1, 8), (2, 4)])
def test_a_model_of_another_stream_is_a_failure(path: Path, width: int, lanes: int) -> None:
    with pytest.raises(HealthFailure, match="train one on this source"):
        maker(path)(Setting.of(width, lanes, 1.0))
    with pytest.raises(HealthFailure, match="train one on this source"):
        Gate(width, lanes, 1.0, more=[maker(path)])


def rewrite(path: Path, change: str) -> None:
    arrays, facts = artefact.read(path, manifest_of(path), MODEL_SCHEMA)
    if change == "answers":
        arrays["answers"] = arrays["answers"] * 1.001
    elif change == "parameter":
        arrays["model.inverse"][0, 0] *= 2
    elif change == "calibration NaN":
        arrays["calibration"][3] = np.nan
    elif change == "calibration short":
        arrays["calibration"] = arrays["calibration"][:10]
    elif change == "no answers":
        del arrays["answers"]
    elif change == "kind":
        facts["kind"] = "oracle"
    else:
        facts["window"] = change
    artefact.write(path, manifest_of(path), arrays, {k: v for k, v in facts.items() if k != "sha256"})


@pytest.mark.parametrize(
    "change", ["answers", "parameter", "calibration NaN", "calibration short", "no answers", "kind", "130", "x"]
)
def test_a_file_with_a_right_hash_and_wrong_content_is_a_failure(path: Path, change: str) -> None:
    load(path)
    rewrite(path, change)
    with pytest.raises(HealthFailure, match="can't be used"):
        load(path)


@pytest.mark.parametrize("damage", ["byte", "gone", "manifest gone", "manifest edited"])
def test_an_altered_file_is_a_failure(path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    if damage == "byte":
        content[200] ^= 1
        path.write_bytes(content)
    elif damage == "gone":
        path.unlink()
    elif damage == "manifest gone":
        manifest_of(path).unlink()
    else:
        manifest = json.loads(manifest_of(path).read_text())
        manifest_of(path).write_text(json.dumps(manifest | {"sha256": "0" * 64}))
    with pytest.raises(HealthFailure, match="can't be used"):
        load(path)


def test_a_model_can_not_take_the_place_of_its_manifest(tmp_path: Path) -> None:
    model = fit("sum-of-squares", SHAPE, fair(60, 1))
    with pytest.raises(ParameterError, match="another ending"):
        save(tmp_path / "m.json", model, Calibration.of(model, fair(30, 2)), {})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window", 1 << 40),
        ("window", 1e400),
        ("window", None),
        ("lanes", 0),
        ("lanes", 2),
        ("lanes", -4),
        ("bits_per_symbol", 0),
        ("bits_per_symbol", 64),
        ("bits_per_symbol", 32),
        ("kind", "sum-of-squares"),
        ("kind", "gan"),
        ("kind", ["mahalanobis"]),
        ("schema", "qrng.model/2"),
    ],
)
def test_a_manifest_that_was_edited_is_a_failure_whatever_it_says(path: Path, field: str, value: object) -> None:
    arrays, manifest = artefact.read(path, manifest_of(path), MODEL_SCHEMA)
    manifest_of(path).write_text(json.dumps(manifest | {field: value}))
    with pytest.raises(HealthFailure, match="can't be used"):
        load(path)
    if value != 1e400:  # which nothing writes
        del manifest["sha256"]
        artefact.write(path, manifest_of(path), arrays, manifest | {field: value})  # it tells the same
        with pytest.raises(HealthFailure, match="can't be used"):
            load(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "", "null", "[]", '{"schema": 1}', " " * (1 << 20) + "{}", "\udcff"])
def test_a_manifest_that_is_none_is_a_failure(path: Path, text: str) -> None:
    manifest_of(path).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(HealthFailure, match="can't be used"):
        load(path)


def test_every_byte_of_either_file_counts(path: Path) -> None:
    """One bit flipped, at places all over both."""
    load(path)
    for file in (path, manifest_of(path)):
        content = file.read_bytes()
        for at in range(0, len(content), 1 + len(content) // 60):
            changed = bytearray(content)
            changed[at] ^= 4
            file.write_bytes(changed)
            with pytest.raises(HealthFailure):
                load(path)
        file.write_bytes(content)
