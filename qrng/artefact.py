"""Trained weights on disk: arrays in an .npz (no pickle), and beside it a JSON manifest with its SHA-256.

What the manifest tells stands in the .npz as well, so that this one hash covers the arrays and every fact about them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import FormatError
from qrng.files import atomic_write

__all__ = ["read", "write"]

_LARGEST = 1 << 26  # bytes of an .npz
_LARGEST_MANIFEST = 1 << 20
_FACTS = "facts.json"  # within the .npz


def write(
    arrays_file: Path, manifest_file: Path, arrays: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Write both files, each whole or absent, the same bytes for the same content; returns the manifest.

    The manifest comes last: a crash between the two leaves a pair that `read` refuses.
    """
    told = json.dumps(dict(facts), indent=2, allow_nan=False)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # np.savez writes 64-bit sizes, which not every Python does alike
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
        archive.writestr(zipfile.ZipInfo(_FACTS), told)
    manifest = {"schema": facts["schema"], "sha256": hashlib.sha256(content.getvalue()).hexdigest(), **json.loads(told)}
    with atomic_write(arrays_file, mode=0o644) as file:
        file.write(content.getvalue())
    with atomic_write(manifest_file, mode=0o644) as file:
        file.write((json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode())
    return manifest


def read(
    arrays_file: str | os.PathLike[str], manifest_file: str | os.PathLike[str], schema: str
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Arrays and manifest.

    Raises:
        FormatError: a file is missing, too large or not what it should be, the arrays are not those that the
            manifest names, or it tells something else of them than they do.
    """
    try:
        if Path(manifest_file).stat().st_size > _LARGEST_MANIFEST:
            raise ValueError("its manifest is larger than 1 MiB")
        manifest = json.loads(Path(manifest_file).read_text())
        if manifest["schema"] != schema:
            raise ValueError(f"the manifest is not of {schema}")
        if Path(arrays_file).stat().st_size > _LARGEST:
            raise ValueError("it is larger than 64 MiB")
        content = Path(arrays_file).read_bytes()
        if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
            raise ValueError("its SHA-256 is not the manifest's")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            told = json.loads(archive.read(_FACTS))
        if _canonical(told) != _canonical({name: fact for name, fact in manifest.items() if name != "sha256"}):
            raise ValueError("its manifest tells something else than the file itself")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files if name != _FACTS}, manifest
    except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, zipfile.BadZipFile) as error:
        raise FormatError(f"{arrays_file}: no trained model ({error})") from error


def _canonical(facts: Any) -> str:
    return json.dumps(facts, sort_keys=True)
