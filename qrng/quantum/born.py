"""A Born machine: a circuit whose measured index is a word of bits, with the probabilities that its angles set.

Liu, Wang, "Differentiable learning of quantum circuit Born machines", Phys. Rev. A 98, 062324 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.quantum.circuits import Floats, Gate, states

__all__ = ["LAYERS", "MODEL_SCHEMA", "WIDEST", "angle_gates", "circuit", "probabilities", "word_bits", "words"]

LAYERS = 4
WIDEST = 10
"""Bits of a word, at most."""

MODEL_SCHEMA = "qrng.model/1"
"""Of the files that hold such a circuit (and those of other models), written by `qrng health train`."""


def circuit(qubits: int, angles: Sequence[float] | Floats) -> list[Gate]:
    """Hadamards, then LAYERS of ry and rz on each qubit and cz on a ring; 2 LAYERS qubits angles."""
    gates, k = [Gate("h", (q,)) for q in range(qubits)], 0
    for _ in range(LAYERS):
        for q in range(qubits):
            gates += [Gate("ry", (q,), float(angles[k])), Gate("rz", (q,), float(angles[k + 1]))]
            k += 2
        gates += [Gate("cz", (q, (q + 1) % qubits)) for q in range(qubits if qubits > 2 else qubits - 1)]
    return gates


def angle_gates(qubits: int) -> list[int]:
    """Indices in `circuit` of the gates that take the angles, in their order."""
    return [k for k, gate in enumerate(circuit(qubits, np.zeros(2 * LAYERS * qubits))) if gate.name in ("ry", "rz")]


def probabilities(qubits: int, angles: Sequence[float] | Floats) -> Floats:
    """Probability of each word, (2^qubits,), exact."""
    return np.asarray(np.abs(states(qubits, circuit(qubits, angles))[0]) ** 2, np.float64)


def word_bits(bits_per_symbol: int, lanes: int) -> int:
    """Bits of a word: one symbol of 2 bits or more, a shot of 2 to WIDEST one-bit lanes, else 8 bits in a row."""
    if bits_per_symbol > 1:
        return bits_per_symbol
    return lanes if 2 <= lanes <= WIDEST else 8


def words(symbols: npt.NDArray[Any], bits_per_symbol: int, lanes: int) -> npt.NDArray[np.int64]:
    """Words of symbols (…, n) in order, (…, n / symbols a word), the first bit the most significant; a rest is left."""
    if bits_per_symbol > 1:
        return symbols.astype(np.int64)
    bits = word_bits(1, lanes)
    whole = symbols[..., : symbols.shape[-1] // bits * bits]
    return np.asarray(whole.reshape(*symbols.shape[:-1], -1, bits) @ 2 ** np.arange(bits, dtype=np.int64)[::-1])
