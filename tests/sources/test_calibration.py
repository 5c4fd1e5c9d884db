"""Readout errors come from a job's container, a backend's saved properties or a plain list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qrng.container import ContainerWriter
from qrng.errors import FormatError, SourceError
from qrng.samples import Samples
from qrng.sources import open_source
from qrng.sources.calibration import readout_errors

ROWS = [{"prob_meas1_prep0": 0.01, "prob_meas0_prep1": 0.03}, {"prob_meas1_prep0": 0, "prob_meas0_prep1": 0.25}]
SAVED = {"qubits": [[{"name": name, "value": value, "unit": ""} for name, value in row.items()] for row in ROWS]}


@pytest.mark.parametrize("content", [ROWS, SAVED, {"calibration": ROWS}])
def test_json_calibrations_are_read(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(content))
    assert readout_errors(str(path)) == ([0.01, 0.0], [0.03, 0.25])
    with open_source(f"sim:?calibration={path}") as source:
        assert source.lanes == 2
        assert source.provenance()["model"]["p10"] == [0.03, 0.25]
        assert open_source(source.spec).provenance()["model"] == source.provenance()["model"]


def test_a_jobs_container_gives_its_known_answers(tmp_path: Path) -> None:
    path = tmp_path / "raw.qrng"
    with path.open("wb") as file:
        answers = {"shots": 200, "flips01": [2, 4], "flips10": [6, 8]}
        writer = ContainerWriter(file, 1, 2, {"known_answers": answers, "calibration": ROWS})
        writer.write(Samples.from_symbols([1, 0], lanes=2))
        writer.finish()
    assert readout_errors(str(path)) == ([0.01, 0.02], [0.03, 0.04])


def test_the_saved_properties_of_a_fake_backend_are_read(ibm_extra: None) -> None:
    import qiskit_ibm_runtime

    folder = Path(qiskit_ibm_runtime.__file__).parent / "fake_provider" / "backends" / "manila"
    p01, p10 = readout_errors(str(folder / "props_manila.json"))
    assert len(p01) == len(p10) == 5 and all(0 < p < 0.2 for p in p01 + p10)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "expected a calibration in JSON"),
        ("[]", "found none"),
        ("{}", "found none"),
        ('{"qubits": [[{"name": "T1", "value": 3}]]}', "found none"),
        ('[{"prob_meas1_prep0": 1.5, "prob_meas0_prep1": 0}]', "qubit 0: expected two probabilities"),
        ('[{"prob_meas1_prep0": null, "prob_meas0_prep1": 0}]', "qubit 0: expected two probabilities"),
        ('[{"prob_meas1_prep0": NaN, "prob_meas0_prep1": 0}]', "qubit 0: expected two probabilities"),
        ('{"known_answers": {"shots": 0, "flips01": [1], "flips10": [1]}}', "found none"),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        open_source(f"sim:?calibration={path}")
    with pytest.raises(SourceError, match="No such file"):
        readout_errors(str(tmp_path / "none"))
