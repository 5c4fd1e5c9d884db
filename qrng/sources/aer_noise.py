"""Noise of a fake backend, from its calibration, for Aer: which model, by which method, on how many qubits.

| noise | what | method | how many qubits |
|---|---|---|---|
| none | nothing | the caller's | the caller's |
| readout | P(read 1 | 0) and P(read 0 | 1) of each qubit | the caller's | 156 by the stabilizer method |
| gates | and depolarizing errors of each gate | density matrix to 12 qubits, else stabilizer: Clifford circuits | 156 |
| full | and relaxation (T1, T2) during gates | density matrix, exact | 12 that are entangled |

With `gates` and `full` the circuit is first compiled for the device: its gates, its couplings (two qubits that are not
coupled are brought together by swaps, whose errors count), its calibrated errors.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

from qrng.errors import ParameterError

__all__ = ["FULL_NOISE_QUBITS", "NOISE", "noisy", "simulator_options"]

NOISE = ("readout", "gates", "full", "none")
FULL_NOISE_QUBITS = 12
"""Most entangled qubits, routing included, whose density matrix is computed: 2²⁴ complex numbers, 256 MiB."""


def simulator_options(device: Any, qubits: tuple[int, ...], method: str, noise: str) -> dict[str, Any]:
    """Options of Aer's sampler for a circuit whose qubit k is physical qubit qubits[k]: "readout" or "none"."""
    from qiskit_aer.noise import NoiseModel

    options: dict[str, Any] = {"method": method}
    if noise == "readout":
        model = NoiseModel()
        _add_readout(model, device, qubits)
        options["noise_model"] = model
    return {"backend_options": options}


def noisy(device: Any, circuit: Any, qubits: tuple[int, ...], method: str, noise: str) -> tuple[Any, dict[str, Any]]:
    """The circuit as it is simulated, and the options of Aer's sampler.

    Args:
        circuit: on as many qubits as `qubits` names, its qubit k being physical qubit qubits[k].
        method: for the noises that leave the choice.

    Raises:
        ParameterError: a circuit that is too large for the noise.
    """
    if noise not in ("gates", "full"):
        return circuit, simulator_options(device, qubits, method, noise)
    small, places = _compiled(device, circuit, qubits)
    if noise == "full" and len(places) > FULL_NOISE_QUBITS:
        raise ParameterError(
            f"aer: noise=full takes at most {FULL_NOISE_QUBITS} entangled qubits, swaps included, not {len(places)}; "
            "noise=gates leaves out relaxation and takes all"
        )
    return small, {
        "backend_options": {
            "method": "density_matrix" if len(places) <= FULL_NOISE_QUBITS else "stabilizer",
            "noise_model": _model(device, places, relaxation=noise == "full"),
        }
    }


def _compiled(device: Any, circuit: Any, qubits: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """The circuit in the device's gates, on the qubits that it uses alone, and their physical numbers."""
    from qiskit import QuantumCircuit
    from qiskit.transpiler import generate_preset_pass_manager

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        passes = generate_preset_pass_manager(
            optimization_level=1, backend=device, initial_layout=list(qubits), seed_transpiler=0
        )
        wide = passes.run(circuit)
    places = tuple(sorted({wide.find_bit(q).index for step in wide.data for q in step.qubits}))
    small = QuantumCircuit(len(places), wide.num_clbits)
    for step in wide.data:
        if step.operation.name == "barrier":
            continue
        at = [places.index(wide.find_bit(q).index) for q in step.qubits]
        small.append(step.operation, at, [wide.find_bit(c).index for c in step.clbits])
    return small, places


def _model(device: Any, places: tuple[int, ...], relaxation: bool) -> Any:
    """Gate and readout errors of these physical qubits, numbered from 0."""
    from qiskit_aer.noise import NoiseModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = NoiseModel(basis_gates=list(device.operation_names))
        place = {qubit: k for k, qubit in enumerate(places)}
        for gate, qubits, error in _gate_errors(device, relaxation):
            if all(qubit in place for qubit in qubits):
                model.add_quantum_error(error, gate, [place[qubit] for qubit in qubits], warnings=False)
        _add_readout(model, device, places)
    return model


@functools.lru_cache(maxsize=2)
def _gate_errors(device: Any, relaxation: bool) -> list[tuple[str, tuple[int, ...], Any]]:
    """Gate, physical qubits and error of everything on the device: seconds for a large one, so once for all parts."""
    from qiskit_aer.noise.device import basic_device_gate_errors

    found = basic_device_gate_errors(target=device.target, thermal_relaxation=relaxation)
    return [(gate, tuple(qubits), error) for gate, qubits, error in found if gate not in ("measure", "reset")]


def _add_readout(model: Any, device: Any, qubits: tuple[int, ...]) -> None:
    from qiskit_aer.noise import ReadoutError

    properties = device.properties()
    for k, qubit in enumerate(qubits):
        known = properties.qubit_property(qubit)
        p01, p10 = float(known["prob_meas1_prep0"][0]), float(known["prob_meas0_prep1"][0])
        model.add_readout_error(ReadoutError([[1 - p01, p01], [p10, 1 - p10]]), [k])
