"""Trained weights come back whole, or not at all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

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


@pytest.mark.parametrize("damage", ["byte", "cut", "gone", "manifest gone", "manifest a list", "schema", "pickle"])
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
        np.savez(arrays, w=np.array([{}], object))
        sha256 = hashlib.sha256(arrays.read_bytes()).hexdigest()
        manifest.write_text(json.dumps({"schema": SCHEMA, "sha256": sha256}))
    with pytest.raises(FormatError, match="no trained model"):
        artefact.read(arrays, manifest, SCHEMA)
