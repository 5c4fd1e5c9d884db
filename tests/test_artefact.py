"""Trained weights come back whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng import artefact
from qrng.errors import FormatError

SCHEMA = "test/1"


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Path]:
    files = tmp_path / "a.npz", tmp_path / "a.json"
    artefact.write(*files, {"w": np.arange(5.0)}, {"schema": SCHEMA, "seed": 3})
    return files


def test_arrays_and_facts_come_back_and_the_bytes_are_the_same_each_time(
    written: tuple[Path, Path], tmp_path: Path
) -> None:
    arrays, manifest = artefact.read(*written, SCHEMA)
    assert arrays["w"].tolist() == [0, 1, 2, 3, 4]
    assert manifest["seed"] == 3
    again = artefact.write(tmp_path / "b.npz", tmp_path / "b.json", arrays, {"schema": SCHEMA, "seed": 3})
    assert again == manifest
    assert (tmp_path / "b.npz").read_bytes() == written[0].read_bytes()
    assert (tmp_path / "b.json").read_bytes() == written[1].read_bytes()


def test_a_failure_leaves_neither_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        artefact.write(tmp_path / "n.npz", tmp_path / "n.json", {}, {"schema": SCHEMA, "mean": float("nan")})
    assert not (tmp_path / "n.json").exists()
    assert [path.name for path in tmp_path.iterdir()] in ([], ["n.npz"])
    with pytest.raises(FormatError):
        artefact.read(tmp_path / "n.npz", tmp_path / "n.json", SCHEMA)


@pytest.mark.parametrize(
    "damage", ["byte", "cut", "gone", "manifest gone", "manifest a list", "schema", "pickle", "no facts"]
)
def test_what_was_altered_is_refused(written: tuple[Path, Path], damage: str) -> None:
    arrays, manifest = written
    content = bytearray(arrays.read_bytes())
    if damage == "byte":
        content[len(content) // 2] ^= 1
        arrays.write_bytes(content)
    elif damage == "cut":
        arrays.write_bytes(content[:-10])
    elif damage == "gone":
        arrays.unlink()
    elif damage == "manifest gone":
        manifest.unlink()
    elif damage == "manifest a list":
        manifest.write_text("[]")
    elif damage == "schema":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema": "test/2"}))
    else:
        if damage == "pickle":
            np.savez(arrays, w=np.array([{}], object))
            with zipfile.ZipFile(arrays, "a") as archive:
                archive.writestr("facts.json", json.dumps({"schema": SCHEMA}))
        else:
            np.savez(arrays, w=np.arange(5.0))
        sha256 = hashlib.sha256(arrays.read_bytes()).hexdigest()
        manifest.write_text(json.dumps({"schema": SCHEMA, "sha256": sha256}))
    with pytest.raises(FormatError, match="no trained model"):
        artefact.read(arrays, manifest, SCHEMA)


@pytest.mark.parametrize(
    "change", [{"seed": 4}, {"seed": 3.0}, {"seed": True}, {"seed": None}, {"families": ["bias"]}, {"mean": {"of": []}}]
)
def test_no_fact_of_the_manifest_can_be_altered_added_or_left_out(
    written: tuple[Path, Path], change: dict[str, Any]
) -> None:
    found = json.loads(written[1].read_text()) | change
    written[1].write_text(json.dumps({name: fact for name, fact in found.items() if fact is not None}))
    with pytest.raises(FormatError, match="manifest tells something else"):
        artefact.read(*written, SCHEMA)
    written[1].write_text(json.dumps({"seed": 3, "sha256": found["sha256"], "schema": SCHEMA}))
    artefact.read(*written, SCHEMA)  # however they are laid out
