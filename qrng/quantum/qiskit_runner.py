"""Runs the circuits of circuits.py by Qiskit: exactly in Aer, or sampled on a fake backend or hardware, all alike.

Needs the extras `sim` (exact) or `ibm` and `sim` (sampled). What hardware gives is sampled and noisy: a score made
of it is another one each time, and drifts with the device.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np

from qrng.errors import MissingExtraError, ParameterError
from qrng.quantum.circuits import Floats, Gate, States

__all__ = ["SampledRunner", "circuit", "exact_states"]


def _need(extra: str, *packages: str) -> None:
    if any(importlib.util.find_spec(package) is None for package in packages):
        raise MissingExtraError("running circuits by Qiskit", extra)


def circuit(qubits: int, gates: Sequence[Gate], row: int = 0) -> Any:
    """The Qiskit circuit of one row of a batch, without measurement."""
    _need("sim", "qiskit")
    from qiskit import QuantumCircuit

    out = QuantumCircuit(qubits)
    for gate in gates:
        if gate.name in ("h", "cz"):
            getattr(out, gate.name)(*gate.qubits)
        elif gate.name in ("ry", "rz", "rzz"):
            angles = np.ravel(gate.angle)
            getattr(out, gate.name)(float(angles[row if len(angles) > 1 else 0]), *gate.qubits)
        else:
            raise ParameterError(f"no gate named {gate.name!r}: there are h, ry, rz, rzz, cz")
    return out


def exact_states(qubits: int, gates: Sequence[Gate], batch: int = 1) -> States:
    """As `qrng.quantum.circuits.states`, computed by Aer's statevector method. Needs the extra `sim`."""
    _need("sim", "qiskit_aer")
    from qiskit_aer import AerSimulator

    made = [circuit(qubits, gates, row) for row in range(batch)]
    for one in made:
        one.save_statevector()
    result = AerSimulator(method="statevector").run(made).result()
    return np.stack([np.asarray(result.get_statevector(k), np.complex128) for k in range(batch)])


def _runtime_sampler(backend: Any) -> Any:
    """The executor's Sampler where the client has it (0.50), else SamplerV2."""
    try:
        from qiskit_ibm_runtime.executor_sampler import Sampler
    except ImportError:
        from qiskit_ibm_runtime import SamplerV2 as Sampler
    return Sampler(mode=backend)


class SampledRunner:
    """Measures circuits on a backend: a fake one, an Aer simulator, or hardware of IBM's.

    Args:
        backend: what circuits are compiled for.
        shots: measurements of each circuit.
        sampler: a sampler (qiskit.primitives.BaseSamplerV2) of that backend; None: the IBM runtime's, which takes
            hardware, fake backends and Aer simulators alike.
    """

    def __init__(self, backend: Any, shots: int = 4096, sampler: Any = None) -> None:
        _need("ibm,sim", "qiskit_ibm_runtime", "qiskit_aer")
        if shots < 1:
            raise ParameterError(f"a circuit is measured at least once, not {shots} times")
        from qiskit.transpiler import generate_preset_pass_manager

        self.shots = shots
        self._passes = generate_preset_pass_manager(optimization_level=1, backend=backend, seed_transpiler=1)
        self._sampler = _runtime_sampler(backend) if sampler is None else sampler

    def _counts(self, circuits: list[Any]) -> list[dict[int, int]]:
        for one in circuits:
            one.measure_all()
        results = self._sampler.run(self._passes.run(circuits), shots=self.shots).result()
        return [result.data.meas.get_int_counts() for result in results]

    def probabilities(self, qubits: int, gates: Sequence[Gate], batch: int = 1) -> Floats:
        """Share of the shots that gave each index, (batch, 2^qubits)."""
        out = np.zeros((batch, 2**qubits))
        for row, counts in enumerate(self._counts([circuit(qubits, gates, row) for row in range(batch)])):
            for index, count in counts.items():
                out[row, index] = count / self.shots
        return out

    def fidelities(self, qubits: int, gates: Sequence[Gate], other: Sequence[Gate], batch: int) -> Floats:
        """Fidelity of the state of `gates` with each row of `other`, (batch,): the share of all-zero shots.

        After the circuit comes the inverse of the other one (Havlíček et al., Nature 567, 209, 2019).
        """
        first = circuit(qubits, gates)
        joined = [first.compose(circuit(qubits, other, row).inverse()) for row in range(batch)]
        return np.array([counts.get(0, 0) / self.shots for counts in self._counts(joined)])
