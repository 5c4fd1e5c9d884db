"""Circuits for one job, and the bits in its results.

A job holds two known-answer circuits (an asymmetric pattern of X gates, and its complement) and then those that make
the raw bits: Hadamard gates on all qubits, or Bell pairs measured at random settings. The known answers show a backend
that returns zeros, swaps qubits or has lost one; their flips are the readout errors of the same job: P(read 1 | 0) and
P(read 0 | 1) of every qubit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError, SourceError

__all__ = [
    "CHSH_A",
    "CHSH_B",
    "KNOWN_ANSWERS",
    "WRONG_ANSWERS",
    "Shots",
    "WrongAnswersError",
    "build",
    "build_chsh",
    "columns",
    "known_pattern",
    "read_results",
    "right_answers",
]

KNOWN_ANSWERS = 2
"""Circuits at the start of a job whose results are known."""
WRONG_ANSWERS = 0.25
"""Share of wrong answers of any qubit above which a job is rejected: no working qubit is that far off."""

CHSH_A = (0.0, math.pi / 2)
CHSH_B = (math.pi / 4, -math.pi / 4)
"""Angles in the plane of X and Z of the settings x and y, which reach S = 2√2 on (|00⟩ + |11⟩)/√2."""

Bits = npt.NDArray[np.uint8]


class WrongAnswersError(SourceError):
    """A known-answer circuit came out wrong; holds how often each lane was right, of so many shots."""

    def __init__(self, text: str, right: list[int], answers: int) -> None:
        super().__init__(text)
        self.right, self.answers = right, answers

    def outcomes(self, qubits: list[int]) -> dict[str, tuple[int, int]]:
        """Right answers and answers of each physical qubit."""
        return {str(q): (k, self.answers) for q, k in zip(qubits, self.right, strict=True)}


def known_pattern(qubits: int) -> Bits:
    """Bits 1, 0, 1, 1, 1, 0, 0, 0 over and over, the last one turned if reversal would map the pattern to itself."""
    pattern = np.resize(np.array([1, 0, 1, 1, 1, 0, 0, 0], np.uint8), qubits)
    if qubits > 1 and (pattern == pattern[::-1]).all():
        pattern[-1] ^= 1
    return pattern


def build(backend: Any, qubits: list[int], hadamards: int) -> list[Any]:
    """Circuits of one job, compiled for these physical qubits; classical bit k is lane k."""
    from qiskit import QuantumCircuit

    n = len(qubits)
    noise = QuantumCircuit(n, n)
    noise.h(range(n))
    noise.measure(range(n), range(n))
    *known, compiled = _compile(backend, qubits, [*_known_answers(n), noise])
    return [*known, *[compiled] * hadamards]


def build_chsh(backend: Any, qubits: list[int], settings: list[list[int]]) -> list[Any]:
    """Known-answer circuits, then Bell pairs (0, 1), (2, 3), … measured at the settings 2x + y of each pair.

    Raises:
        ParameterError: a pair whose qubits are not coupled on this backend.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    n = len(qubits)
    coupled = {frozenset(edge) for edge in backend.coupling_map.get_edges()} if backend.coupling_map else None
    pairs = list(zip(qubits[::2], qubits[1::2], strict=True))
    for pair in pairs:
        if coupled is not None and frozenset(pair) not in coupled:
            raise ParameterError(f"ibm: qubits {pair[0]} and {pair[1]} are not coupled on {backend.name}: no Bell pair")
    angles = ParameterVector("angle", n)
    bell = QuantumCircuit(n, n)
    for k in range(0, n, 2):
        bell.h(k)
        bell.cx(k, k + 1)
        bell.ry(-angles[k], k)
        bell.ry(-angles[k + 1], k + 1)
    bell.measure(range(n), range(n))
    *known, compiled = _compile(backend, qubits, [*_known_answers(n), bell])
    circuits = []
    for row in settings:
        values = [angle for setting in row for angle in (CHSH_A[setting // 2], CHSH_B[setting % 2])]
        circuits.append(compiled.assign_parameters(dict(zip(angles, values, strict=True))))
    return [*known, *circuits]


def _known_answers(n: int) -> list[Any]:
    """The pattern of X gates and its complement."""
    from qiskit import QuantumCircuit

    pattern = known_pattern(n)
    circuits = []
    for wanted in (pattern, 1 - pattern):
        circuit = QuantumCircuit(n, n)
        for k in np.flatnonzero(wanted).tolist():
            circuit.x(k)
        circuit.measure(range(n), range(n))
        circuits.append(circuit)
    return circuits


def _compile(backend: Any, qubits: list[int], circuits: list[Any]) -> list[Any]:
    from qiskit.transpiler import generate_preset_pass_manager

    passes = generate_preset_pass_manager(
        optimization_level=1, backend=backend, initial_layout=qubits, seed_transpiler=0
    )
    return list(passes.run(circuits))


@dataclass(frozen=True)
class Shots:
    """What one job brought.

    Attributes:
        bits: array (shots, qubits) of the Hadamard circuits, in order.
        flips01, flips10: wrong answers of each qubit prepared in 0 and in 1.
        answers: shots of each known-answer circuit.
    """

    bits: Bits
    flips01: list[int]
    flips10: list[int]
    answers: int


def read_results(result: Any, qubits: int, hadamards: int, shots: int) -> Shots:
    """Bits of a job's results.

    Raises:
        SourceError: results that are cut short, of another shape, sorted, or with wrong known answers.
    """
    try:
        arrays = [np.asarray(item.data.c.array) for item in result]
    except (AttributeError, TypeError, KeyError) as error:
        raise SourceError(f"the job's results are not per-shot bits of one register ({type(error).__name__})") from None
    if len(arrays) != KNOWN_ANSWERS + hadamards:
        raise SourceError(f"the job has results of {len(arrays)} circuits, not {KNOWN_ANSWERS + hadamards}: truncated")
    tables = [columns(array, qubits, shots) for array in arrays]
    pattern = known_pattern(qubits)
    wrong = np.stack([(tables[0] != pattern).sum(axis=0), (tables[1] == pattern).sum(axis=0)])
    worst = wrong.max(axis=0) / shots
    if (worst > WRONG_ANSWERS).any():
        lanes = ", ".join(map(str, np.flatnonzero(worst > WRONG_ANSWERS)[:10]))
        text = (
            f"the known-answer circuits came out wrong (up to {worst.max():.0%}) in lanes {lanes}: the job is "
            "rejected. Leave those qubits out, or look whether the backend returns real shots"
        )
        raise WrongAnswersError(text, [int(k) for k in (2 * shots - wrong.sum(axis=0))], 2 * shots)
    for table in tables[KNOWN_ANSWERS:]:
        _refuse_sorted(table)
    ones, zeros = wrong[0], wrong[1]  # of the pattern circuit, of its complement
    flips10 = np.where(pattern == 1, ones, zeros)
    flips01 = np.where(pattern == 1, zeros, ones)
    return Shots(np.concatenate(tables[KNOWN_ANSWERS:]), [int(k) for k in flips01], [int(k) for k in flips10], shots)


def columns(array: Any, qubits: int, shots: int) -> Bits:
    """Array (shots, qubits), column = classical bit, from big-endian bytes whose high bits are padding.

    Raises:
        SourceError: another shape, or padding that is not zero.
    """
    width = -(-qubits // 8)
    if array.dtype != np.uint8 or array.shape != (shots, width):
        raise SourceError(
            f"the job's results have shape {array.shape}, expected {(shots, width)}: truncated, or not shot by shot"
        )
    bits = np.unpackbits(array, axis=-1)
    if bits[:, : 8 * width - qubits].any():
        raise SourceError("the padding of the job's results is not zero: they are not the bits of this circuit")
    return np.ascontiguousarray(bits[:, 8 * width - qubits :][:, ::-1])


def right_answers(shots: Shots, qubits: list[int]) -> dict[str, tuple[int, int]]:
    """How often each physical qubit gave the known answer, of so many."""
    both = 2 * shots.answers
    flips = zip(qubits, shots.flips01, shots.flips10, strict=True)
    return {str(q): (both - a - b, both) for q, a, b in flips}


def _refuse_sorted(table: Bits) -> None:
    """Raise SourceError for shots that are sorted, or grouped by outcome, as counts that were expanded again have them.

    Shots that don't depend on each other come in each order with the same probability: with c_i shots of the d
    outcomes, N!/Π c_i! orders, of which d! are grouped and 4 sorted (up or down, from the first or the last bit).
    Refused is what has a probability of at most 2⁻⁴⁰ by chance.
    """
    for bits in (table, table[:, ::-1]):
        packed = np.packbits(bits, axis=1)
        words = packed.view(f"S{packed.shape[1]}").reshape(-1)
        _, ids, counts = np.unique(words, return_inverse=True, return_counts=True)
        log_orders = math.lgamma(len(ids) + 1) - sum(math.lgamma(c + 1) for c in counts.tolist())
        steps = np.diff(ids)
        grouped = np.count_nonzero(steps) == counts.size - 1
        ordered = (steps >= 0).all() or (steps <= 0).all()
        log_chance = math.lgamma(counts.size + 1) if not ordered else math.log(4)
        if (grouped or ordered) and log_chance - log_orders <= -40 * math.log(2):
            raise SourceError(
                "the shots come in sorted order or grouped by outcome, not in the order in which they were taken: the "
                "job is rejected"
            )
