"""The circuits of the two quantum models, as functions of a window's features."""

from __future__ import annotations

from collections.abc import Sequence

from qrng.quantum.circuits import Floats, Gate

__all__ = ["LAYERS", "ansatz", "feature_map", "trained_angles"]

LAYERS = 3
"""Layers of the variational classifier; each reads the features anew (Pérez-Salinas et al., Quantum 4, 226, 2020)."""


def feature_map(z: Floats, bandwidth: float) -> list[Gate]:
    """Two rounds of Hadamards and phases by features and products of neighbours, a qubit for each feature.

    After Havlíček et al., Nature 567, 209 (2019), with the neighbours on a ring; `bandwidth` scales the features
    (Shaydulin, Wild, Phys. Rev. A 106, 042407, 2022).

    Args:
        z: features (batch, qubits).
        bandwidth: factor on each; with a large one all states are nearly orthogonal.
    """
    x, n = bandwidth * z, z.shape[1]
    one_round = [
        *(Gate("h", (q,)) for q in range(n)),
        *(Gate("rz", (q,), 2 * x[:, q]) for q in range(n)),
        *(Gate("rzz", (q, (q + 1) % n), 2 * x[:, q] * x[:, (q + 1) % n]) for q in range(n if n > 2 else n - 1)),
    ]
    return 2 * one_round


def ansatz(z: Floats, angles: Sequence[float] | Floats, scale: float) -> list[Gate]:
    """LAYERS of: the features as angles, a trained ry and rz on each qubit, cz on a ring.

    Args:
        z: features (batch, qubits).
        angles: 2 LAYERS qubits of them.
        scale: radians of a feature's standard deviation.
    """
    n, gates, k = z.shape[1], list[Gate](), 0
    for _ in range(LAYERS):
        gates += [Gate("ry", (q,), scale * z[:, q]) for q in range(n)]
        for q in range(n):
            gates += [Gate("ry", (q,), float(angles[k])), Gate("rz", (q,), float(angles[k + 1]))]
            k += 2
        gates += [Gate("cz", (q, (q + 1) % n)) for q in range(n)]
    return gates


def trained_angles(qubits: int) -> list[int]:
    """Indices in `ansatz` of the gates that take the angles, in their order."""
    layer = qubits + 2 * qubits + qubits
    return [layer * k + qubits + i for k in range(LAYERS) for i in range(2 * qubits)]
