"""What is imported, and when: heavy and optional packages only where they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORK = """
import sys, warnings
warnings.simplefilter("ignore")
import qrng
qrng.random_bytes(8)
with qrng.open_source("sim:?qubits=4") as source:
    qrng.assess(source.read(5000))
from qrng.cli import sources
print(sorted({name.partition(".")[0] for name in sys.modules} & {"qiskit", "qiskit_aer", "qiskit_ibm_runtime"}))
"""


@pytest.mark.parametrize("fixture", ["ibm_extra", "sim_extra"])
def test_no_qiskit_is_imported_unless_such_a_source_is_opened(fixture: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(fixture)
    done = subprocess.run([sys.executable, "-P", "-c", WORK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
