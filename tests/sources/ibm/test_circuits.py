"""Circuits compiled for fake backends and run by the client's local mode: each lane is the qubit that it should be."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from qrng.sources.ibm.circuits import build, build_protocol, columns, known_pattern, read_results
from qrng.sources.protocols import PROTOCOLS


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


def test_bell_pairs_reach_the_value_of_quantum_mechanics(ibm_extra: None, sim_extra: None) -> None:
    """Compiled for a fake backend's gates and couplings, but run without noise."""
    from qiskit_aer.primitives import SamplerV2
    from qiskit_ibm_runtime.fake_provider import FakeMelbourneV2

    settings = [[0, 3], [1, 2], [2, 1], [3, 0]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        circuits = build_protocol(FakeMelbourneV2(), PROTOCOLS["chsh"], [5, 6, 3, 2], settings)[2:]
        results = SamplerV2(seed=1).run(circuits, shots=4000).result()
    win: list[float] = []
    for row, result in zip(settings, results, strict=True):
        bits = columns(result.data.c.array, 4, 4000)
        for pair, setting in enumerate(row):
            xor = bits[:, 2 * pair] ^ bits[:, 2 * pair + 1]
            win.append(float((xor == (setting == 3)).mean()))
    assert np.mean(win) == pytest.approx(0.5 + 2**0.5 / 4, abs=0.01)
    assert min(win) > 0.82
