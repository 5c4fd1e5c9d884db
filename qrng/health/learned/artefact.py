"""Loads the weights that were trained; an altered or missing artefact is a failure, never a fall-back."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qrng.artefact import read
from qrng.errors import FormatError, HealthFailure

__all__ = ["FOLDER", "SCHEMA", "load"]

SCHEMA = "qrng.learned/1"

FOLDER = Path(__file__).parent


@functools.cache
def load(folder: Path = FOLDER) -> npt.NDArray[np.float64]:
    """The weights in `folder`.

    Raises:
        HealthFailure: a file is missing, or the weights are not those that the manifest names.
    """
    try:
        arrays, _ = read(folder / "weights.npz", folder / "manifest.json", SCHEMA)
        return np.ascontiguousarray(arrays["weights"], np.float64)
    except (FormatError, KeyError, ValueError) as error:
        raise HealthFailure(f"the learned health test's artefact can't be used ({error}): reinstall") from error
