"""Exact states against dense matrices, gradients against the parameter-shift rule."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from qrng.errors import ParameterError
from qrng.quantum import born
from qrng.quantum.circuits import MOST_QUBITS, Gate, gradient, signs, states

PAULI = {
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]).astype(complex),
}


def dense(gate: Gate, qubits: int) -> np.ndarray:
    """The gate's matrix, qubit 0 the least significant, from Kronecker products and the exponential's closed form."""

    def on(matrices: dict[int, np.ndarray]) -> np.ndarray:
        parts = [matrices.get(q, np.eye(2)) for q in reversed(range(qubits))]
        return functools.reduce(np.kron, parts)

    one = np.eye(2**qubits)
    if gate.name == "h":
        return on({gate.qubits[0]: np.array([[1, 1], [1, -1]]) / np.sqrt(2)})
    if gate.name == "cz":
        down = np.diag([0, 1])
        return one - 2 * on(dict.fromkeys(gate.qubits, down))
    pauli = on(dict.fromkeys(gate.qubits, PAULI[gate.name[1]]))
    angle = float(np.ravel(gate.angle)[0])
    return np.cos(angle / 2) * one - 1j * np.sin(angle / 2) * pauli


def some_gates(qubits: int, seed: int) -> list[Gate]:
    rng = np.random.default_rng(seed)
    out = []
    for name in rng.choice(["h", "ry", "rz", "rzz", "cz"], 30):
        count = 2 if name in ("rzz", "cz") else 1
        out.append(Gate(str(name), tuple(map(int, rng.permutation(qubits)[:count])), float(rng.normal(0, 2))))
    return out


@pytest.mark.parametrize("seed", range(5))
def test_states_are_those_of_dense_matrices(seed: int) -> None:
    gates = some_gates(4, seed)
    expected = np.eye(16)[0].astype(complex)
    for gate in gates:
        expected = dense(gate, 4) @ expected
    assert states(4, gates)[0] == pytest.approx(expected, abs=1e-12)


def test_two_hadamards_and_a_cz_make_a_bell_pair() -> None:
    pair = states(2, [Gate("h", (0,)), Gate("h", (1,)), Gate("cz", (0, 1)), Gate("h", (1,))])[0]
    assert pair == pytest.approx(np.array([1, 0, 0, 1]) / np.sqrt(2), abs=1e-15)


def test_a_batch_is_its_circuits_one_by_one() -> None:
    angles = np.random.default_rng(1).normal(size=(3, 5))
    batch = [Gate("h", (0,)), Gate("ry", (1,), angles[0]), Gate("rzz", (0, 1), angles[1]), Gate("ry", (0,), angles[2])]
    together = states(2, batch, 5)
    for row in range(5):
        alone = [g if np.ndim(g.angle) == 0 else g._replace(angle=float(np.ravel(g.angle)[row])) for g in batch]
        assert together[row] == pytest.approx(states(2, alone)[0], abs=1e-15)


def test_the_gradient_is_that_of_the_parameter_shift_rule() -> None:
    gates = [Gate("h", (q,)) for q in range(3)] + some_gates(3, 9)
    of = [k for k, gate in enumerate(gates) if gate.name in ("ry", "rz", "rzz")]
    assert len(of) > 10
    observable = np.random.default_rng(2).normal(size=8)
    values, slope = gradient(3, gates, observable, np.array([0.7]), of)

    def expected(changed: list[Gate]) -> float:
        return float(np.abs(states(3, changed)[0]) ** 2 @ observable)

    assert values[0] == pytest.approx(expected(gates))
    for k, index in enumerate(of):
        up, down = (
            [g._replace(angle=g.angle + s) if j == index else g for j, g in enumerate(gates)]
            for s in (np.pi / 2, -np.pi / 2)
        )
        assert slope[k] == pytest.approx(0.7 * (expected(up) - expected(down)) / 2, abs=1e-12)


def test_signs_are_products_over_qubits_of_the_index() -> None:
    assert signs(2, 0).tolist() == [1, -1, 1, -1]
    assert signs(2, 1).tolist() == [1, 1, -1, -1]
    assert signs(2, 0, 1).tolist() == [1, -1, -1, 1]


def test_what_is_no_circuit_is_refused() -> None:
    with pytest.raises(ParameterError, match="no gate named"):
        states(2, [Gate("cnot", (0,))])
    for qubits in (0, MOST_QUBITS + 1):
        with pytest.raises(ParameterError, match="1 to 12"):
            states(qubits, [])
    with pytest.raises(ParameterError, match="no angle"):
        gradient(1, [Gate("h", (0,))], np.ones(2), np.ones(1), [0])


def test_a_born_machine_without_angles_is_fair_and_words_are_read_most_significant_bit_first() -> None:
    angles = np.zeros(2 * born.LAYERS * 3)
    assert born.probabilities(3, angles) == pytest.approx(np.full(8, 1 / 8))
    assert born.words(np.array([1, 0, 0, 1, 1]), 1, 2).tolist() == [2, 1]
    assert born.words(np.array([5, 7]), 3, 1).tolist() == [5, 7]
    assert [born.word_bits(*shape) for shape in ((1, 1), (1, 2), (1, 10), (1, 11), (4, 20))] == [8, 2, 10, 8, 4]
    assert len(born.angle_gates(3)) == len(angles)
