"""Loads the weights that were trained; an altered or missing artefact is a failure, never a fall-back."""

from __future__ import annotations

import functools
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qrng.errors import HealthFailure

__all__ = ["FOLDER", "load"]

FOLDER = Path(__file__).parent


@functools.cache
def load(folder: Path = FOLDER) -> npt.NDArray[np.float64]:
    """The weights in `folder`.

    Raises:
        HealthFailure: a file is missing, or the weights are not those that the manifest names.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        content = (folder / "weights.npz").read_bytes()
        if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
            raise ValueError("its SHA-256 is not the manifest's")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return np.ascontiguousarray(arrays["weights"], np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise HealthFailure(f"the learned health test's artefact can't be used ({error}): reinstall") from error
