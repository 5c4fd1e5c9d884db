"""Circuits compiled for fake backends and run by the client's local mode: each lane is the qubit that it should be."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from qrng.sources.ibm.circuits import build, known_pattern, read_results


@pytest.mark.parametrize("sampler", ["executor", "SamplerV2"])
def test_known_answers_come_out_right_on_a_noisy_model(ibm_extra: None, sim_extra: None, sampler: str) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeMelbourneV2

    qubits = [3, 0, 7, 12, 5, 1, 9, 13, 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend: Any = FakeMelbourneV2()
        circuits = build(backend, qubits, 1)
        if sampler == "executor":
            from qiskit_ibm_runtime.executor_sampler import Sampler
        else:
            from qiskit_ibm_runtime import SamplerV2 as Sampler
        result = Sampler(mode=backend).run(circuits, shots=300).result()
    found = read_results(result, len(qubits), 1, 300)
    assert found.bits.shape == (300, 9)
    assert (abs(found.bits.mean(axis=0) - 0.5) < 0.25).all()
    assert sum(found.flips01) + sum(found.flips10) < 0.2 * 2 * 9 * 300


def test_circuits_use_the_qubits_asked_for(ibm_extra: None) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeMelbourneV2

    backend = FakeMelbourneV2()
    qubits = [3, 0, 7]
    circuits = build(backend, qubits, 2)
    assert len(circuits) == 4
    for circuit in circuits:
        measured = {
            circuit.find_bit(step.clbits[0]).index: circuit.find_bit(step.qubits[0]).index
            for step in circuit.data
            if step.operation.name == "measure"
        }
        assert [measured[k] for k in range(3)] == qubits
    flipped = {circuits[0].find_bit(s.qubits[0]).index for s in circuits[0].data if s.operation.name == "x"}
    assert flipped == {qubits[k] for k in np.flatnonzero(known_pattern(3))}


def test_the_pattern_shows_reversal_and_shifts() -> None:
    for n in range(2, 157):
        pattern = known_pattern(n)
        assert (pattern != pattern[::-1]).any()
        assert (pattern != np.roll(pattern, 1)).any()
