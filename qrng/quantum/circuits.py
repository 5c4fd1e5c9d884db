"""Circuits of a few qubits as lists of gates, their exact states by numpy, and gradients of expectations.

Qubit q is the bit of value 2^q of an index, as Qiskit counts. Rotations are exp(−i angle P / 2) with P the gate's
Pauli operator (Nielsen, Chuang, section 4.2). One list of gates may stand for many circuits that differ in angles:
an angle is a number, or an array with one for each circuit of the batch.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError

__all__ = ["MOST_QUBITS", "Floats", "Gate", "States", "gradient", "signs", "states"]

Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.complex128]

MOST_QUBITS = 12
"""More would take a state of over 64 KiB for each circuit of a batch."""


class Gate(NamedTuple):
    """h, ry, rz, rzz or cz on one or two qubits."""

    name: str
    qubits: tuple[int, ...]
    angle: float | Floats = 0.0


@functools.cache
def signs(qubits: int, *of: int) -> Floats:
    """+1 or −1 for each of the 2^qubits indices: the product of (−1)^bit over the qubits `of`."""
    index = np.arange(2**qubits)
    out = np.ones(2**qubits)
    for q in of:
        out *= 1 - 2 * (index // 2**q % 2)
    out.flags.writeable = False
    return out


def _phase(gate: Gate, qubits: int) -> Floats | None:
    """Of a diagonal gate the phase of each index, (1 or batch, 2^qubits); None for others."""
    if gate.name in ("rz", "rzz"):
        return np.asarray(-np.reshape(gate.angle, (-1, 1)) / 2 * signs(qubits, *gate.qubits), np.float64)
    if gate.name == "cz":
        a, b = gate.qubits
        return np.asarray(np.pi / 4 * (1 - signs(qubits, a)) * (1 - signs(qubits, b)), np.float64)[None]
    return None


def _turned(state: States, gate: Gate, qubits: int, back: bool = False) -> States:
    """The state after an h or ry (its inverse if `back`)."""
    (q,) = gate.qubits
    pairs = state.reshape(len(state), -1, 2, 2**q)
    low, high = pairs[:, :, 0], pairs[:, :, 1]
    out = np.empty_like(pairs)
    if gate.name == "h":
        out[:, :, 0], out[:, :, 1] = (low + high) * np.sqrt(0.5), (low - high) * np.sqrt(0.5)
    elif gate.name == "ry":
        half = np.reshape(gate.angle, (-1, 1, 1)) / (-2.0 if back else 2.0)
        cos, sin = np.cos(half), np.sin(half)
        out[:, :, 0], out[:, :, 1] = cos * low - sin * high, sin * low + cos * high
    else:
        raise ParameterError(f"no gate named {gate.name!r}: there are h, ry, rz, rzz, cz")
    return out.reshape(state.shape)


def states(qubits: int, gates: Sequence[Gate], batch: int = 1) -> States:
    """States (batch, 2^qubits) that the gates make of all zeros.

    Raises:
        ParameterError: more than MOST_QUBITS qubits, or an unknown gate.
    """
    if not 1 <= qubits <= MOST_QUBITS:
        raise ParameterError(f"circuits of 1 to {MOST_QUBITS} qubits are simulated, not of {qubits}")
    state = np.zeros((batch, 2**qubits), np.complex128)
    state[:, 0] = 1
    waiting: Floats | None = None  # phases of diagonal gates, which commute
    for gate in gates:
        phase = _phase(gate, qubits)
        if phase is not None:
            waiting = phase if waiting is None else waiting + phase
            continue
        if waiting is not None:
            state, waiting = state * np.exp(1j * waiting), None
        state = _turned(state, gate, qubits)
    return state if waiting is None else state * np.exp(1j * waiting)


def gradient(
    qubits: int, gates: Sequence[Gate], observable: Floats, batch_weights: Floats, of: Sequence[int]
) -> tuple[Floats, Floats]:
    """Expectations of a diagonal observable, and the derivative of their weighted sum by some gates' angles.

    By the adjoint method (Jones, Gacon, arXiv 2009.02823): one pass forth, one back, whatever the number of angles.

    Args:
        qubits: number of qubits.
        gates: the circuit; a gate that is derived by has one angle for all circuits.
        observable: its value for each index, (2^qubits,), or (batch, 2^qubits).
        batch_weights: weight of each circuit's expectation in the sum, (batch,).
        of: indices of the gates (ry, rz, rzz) to derive by.

    Returns:
        expectations (batch,); derivatives (len(of),).
    """
    psi = states(qubits, gates, len(batch_weights))
    values = np.einsum("bi,bi->b", np.abs(psi) ** 2, np.broadcast_to(observable, psi.shape))
    bra = psi * observable * batch_weights[:, None]
    slot = {index: k for k, index in enumerate(of)}
    out = np.zeros(len(slot))
    for index in range(len(gates) - 1, -1, -1):
        gate = gates[index]
        if index in slot:
            out[slot[index]] = float(np.sum(np.conj(bra) * _pauli(psi, gate, qubits)).imag)
        phase = _phase(gate, qubits)
        if phase is not None:
            undo = np.exp(-1j * phase)
            psi, bra = psi * undo, bra * undo
        else:
            psi, bra = _turned(psi, gate, qubits, back=True), _turned(bra, gate, qubits, back=True)
    return values, out


def _pauli(state: States, gate: Gate, qubits: int) -> States:
    """The gate's Pauli operator on a state."""
    if gate.name in ("rz", "rzz"):
        return state * signs(qubits, *gate.qubits)
    if gate.name != "ry":
        raise ParameterError(f"the gate {gate.name} has no angle to derive by")
    (q,) = gate.qubits
    pairs = state.reshape(len(state), -1, 2, 2**q)
    return np.stack([-1j * pairs[:, :, 1], 1j * pairs[:, :, 0]], axis=2).reshape(state.shape)
