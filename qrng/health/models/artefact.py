"""Models on disk: parameters and calibration in an .npz, and beside it a manifest of the same name ending in .json.

Written by `qrng health train`, used by `qrng health --model`. Altered, incomplete or for another stream is FAILED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng import artefact
from qrng.bits import MAX_WIDTH
from qrng.errors import FormatError, HealthFailure, ParameterError
from qrng.health.base import HealthTest, Setting
from qrng.health.models.features import Shape
from qrng.health.models.model import Model
from qrng.health.registry import Maker
from qrng.health.score import LEAST_WINDOWS, WINDOW, Calibration, ScoreTest
from qrng.quantum.born import MODEL_SCHEMA

__all__ = ["Loaded", "load", "maker", "manifest_of", "save"]

_KNOWN_ANSWERS = 8


def manifest_of(path: Path) -> Path:
    """The manifest's file for a model's."""
    return path.with_suffix(".json")


def _known_windows(shape: Shape) -> npt.NDArray[Any]:
    """Windows that are no secret, whose scores are stored, so that another machine's arithmetic is found out."""
    kind = np.uint8 if shape.bits_per_symbol <= 8 else np.uint32
    return np.random.default_rng(0).integers(0, 2**shape.bits_per_symbol, (_KNOWN_ANSWERS, shape.window), kind)


@dataclass(frozen=True)
class Loaded:
    """A model, the scores of its calibration, and what its manifest says."""

    model: Model
    calibration: Calibration
    manifest: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """Of the file that holds parameters and calibration."""
        return str(self.manifest["sha256"])


def save(path: Path, model: Model, calibration: Calibration, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the model and its manifest, each whole or absent; returns the manifest. No raw bit is written.

    Raises:
        ParameterError: a path that ends in .json, which is the manifest's.
        OSError: the folder can't be written.
    """
    if path.suffix == ".json":
        raise ParameterError(f"{path}: the model takes another ending; its manifest will end in .json")
    shape = model.shape
    arrays = {f"model.{name}": array for name, array in model.parameters.items()}
    arrays |= {"calibration": np.array(calibration.scores), "answers": model.scores(_known_windows(shape))}
    known = {
        "schema": MODEL_SCHEMA,
        "kind": model.kind,
        "bits_per_symbol": shape.bits_per_symbol,
        "lanes": shape.lanes,
        "window": shape.window,
    }
    return artefact.write(path, manifest_of(path), arrays, known | dict(facts))


def load(path: Path) -> Loaded:
    """The model in a file.

    Raises:
        HealthFailure: a file is missing or altered, holds no model, or one that gives other scores on this machine.
    """
    try:
        arrays, manifest = artefact.read(path, manifest_of(path), MODEL_SCHEMA)
        shape = Shape(int(manifest["bits_per_symbol"]), int(manifest["lanes"]), int(manifest["window"]))
        if not 1 <= shape.bits_per_symbol <= MAX_WIDTH or shape.window > WINDOW:
            raise ValueError("its manifest tells of symbols or windows that no model has")
        parameters = {name[6:]: array for name, array in arrays.items() if name.startswith("model.")}
        model = Model(str(manifest["kind"]), shape, parameters)
        scores = np.sort(np.asarray(arrays["calibration"], np.float64).ravel())
        answers = np.asarray(arrays["answers"], np.float64)
        windows = _known_windows(shape)
        if len(scores) < LEAST_WINDOWS or np.isnan(scores).any():
            raise ValueError("its calibration is of no use")
        if not np.allclose(model.scores(windows), answers, rtol=1e-6, atol=1e-12):
            raise ValueError("it gives other scores on this machine than where it was made")
    except (FormatError, ParameterError, ValueError, KeyError, TypeError, ArithmeticError, MemoryError) as error:
        raise HealthFailure(f"{path}: this model can't be used ({error}): make it again") from error
    return Loaded(model, Calibration(tuple(scores.tolist()), windows, tuple(answers.tolist())), manifest)


def maker(path: Path, loaded: Loaded | None = None) -> Maker:
    """What adds the model in a file to the tests of a stream (`scan(..., more=[maker(path)])`).

    Args:
        path: the file.
        loaded: what `load` gave for it; None to load it here.

    Raises:
        HealthFailure: as `load`; the maker's call raises it for a stream of other lanes or another width.
    """
    loaded = loaded or load(path)

    def tests(setting: Setting) -> list[HealthTest]:
        shape = loaded.model.shape
        if (shape.bits_per_symbol, shape.lanes) != (setting.bits_per_symbol, setting.lanes):
            raise HealthFailure(
                f"{path}: a model of {shape.bits_per_symbol}-bit symbols in {shape.lanes} lanes can't watch "
                f"{setting.bits_per_symbol}-bit ones in {setting.lanes}: train one on this source"
            )
        return [ScoreTest(setting, loaded.model.kind, loaded.model, loaded.calibration, loaded.sha256)]

    return tests
