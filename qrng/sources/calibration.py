"""Readout errors of each qubit from a calibration file, to simulate that device.

Read are: what `qrng jobs collect` stored (known-answer counts, else the backend's calibration), the properties of a
backend as IBM's client saves them (`qubits`: a list of lists of {name, value}), and a JSON list of objects with
prob_meas1_prep0 and prob_meas0_prep1.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from qrng.container import MAGIC, ContainerReader
from qrng.errors import FormatError, SourceError

__all__ = ["readout_errors"]

_LIMIT = 1 << 24  # bytes of JSON
_NAMES = ("prob_meas1_prep0", "prob_meas0_prep1")


def readout_errors(path: str) -> tuple[list[float], list[float]]:
    """P(read 1 | 0) and P(read 0 | 1), qubit by qubit.

    Raises:
        SourceError: the file can't be read.
        FormatError: it holds no readout errors, or numbers that are no probabilities.
    """
    try:
        with Path(path).open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                file.seek(0)
                facts: Any = ContainerReader(file.read, path).provenance
            else:
                file.seek(0)
                text = file.read(_LIMIT + 1)
                if len(text) > _LIMIT:
                    raise FormatError(f"{path}: more than {_LIMIT >> 20} MiB: no calibration")
                facts = json.loads(text)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path}: expected a calibration in JSON, or a .qrng container: {error}") from None
    rows = _rows(facts)
    if not rows:
        raise FormatError(f"{path}: expected readout errors {_NAMES[0]} and {_NAMES[1]} for each qubit, found none")
    for number, row in enumerate(rows):
        for p in row:
            if type(p) not in (int, float) or not (math.isfinite(p) and 0 <= p <= 1):
                raise FormatError(f"{path}: qubit {number}: expected two probabilities as readout errors")
    return [float(row[0]) for row in rows], [float(row[1]) for row in rows]


def _rows(facts: Any) -> list[tuple[Any, Any]]:
    """Pairs of readout errors, wherever they stand; none if they stand nowhere."""
    try:
        if isinstance(facts, dict) and "known_answers" in facts:
            answers = facts["known_answers"]
            shots = answers["shots"]
            return [(a / shots, b / shots) for a, b in zip(answers["flips01"], answers["flips10"], strict=True)]
        if isinstance(facts, dict):
            facts = facts.get("calibration", facts.get("qubits", []))
        rows = [{entry["name"]: entry["value"] for entry in q} if isinstance(q, list) else q for q in facts]
        return [(row[_NAMES[0]], row[_NAMES[1]]) for row in rows]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError):
        return []
