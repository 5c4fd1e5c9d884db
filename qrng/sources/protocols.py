"""Protocols whose outcomes bound their own randomness: what is prepared, what is measured, at which random settings.

A unit of a protocol (one qubit, a pair, a triple) is a lane. In each run it gets a setting, gives one symbol (the first
qubit's outcome is the most significant bit), and the setting is kept as side data beside the symbol.

==================  =========================  ==============================================  ==================
protocol            unit                       setting                                         bound
==================  =========================  ==============================================  ==================
source-independent  plus state, one qubit      0 Z (raw bits), 1 X (where 1 is an error)       Cao et al. 2016
chsh                Bell pair (00 + 11)/√2     2x + y; angles 0, π/2 and ±π/4 in the plane XZ  CHSH, three ways
mermin              GHZ triple (000 + 111)/√2  0 XXX, 1 XYY, 2 YXY, 3 YYX                      Mermin
dimension-witness   1, 0, minus, plus by x     2x + y; y = 0 Z, 1 X                            Lunghi et al. 2015
==================  =========================  ==============================================  ==================

Simulators and hardware take the same protocols: `distribution` is what quantum mechanics predicts, `circuit` the same
as a Qiskit circuit whose angles `angles` gives for a row of settings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError

__all__ = ["PROTOCOLS", "Protocol", "angles", "circuit", "disjoint", "distribution", "draw_settings", "symbols"]

Settings = npt.NDArray[np.uint8]
Angles = tuple[float, float, float]
"""Of one qubit: it is turned by Ry(first) where it is prepared, and measured along (polar, azimuth)."""

_Z, _X, _Y = (0.0, 0.0), (math.pi / 2, 0.0), (math.pi / 2, math.pi / 2)


def _measured(*directions: tuple[float, float]) -> tuple[Angles, ...]:
    return tuple((0.0, polar, azimuth) for polar, azimuth in directions)


@dataclass(frozen=True)
class Protocol:
    """One row of the table above.

    Attributes:
        name: as specs have it.
        qubits: of a unit, which are also the bits of a symbol.
        about: what a setting means, in words, for provenance.
        settings: for each setting, the angles of each qubit.
        entangled: units start as a GHZ state (a Bell pair for two); otherwise each qubit starts as `superposed` says.
        superposed: a qubit alone starts in the plus state, not in 0.
        group: runs that share their settings unless told otherwise.
    """

    name: str
    qubits: int
    about: str
    settings: tuple[tuple[Angles, ...], ...]
    entangled: bool = False
    superposed: bool = False
    group: int = 1


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "source-independent", 1, "0 measures Z, 1 measures X", (_measured(_Z), _measured(_X)), superposed=True
        ),
        Protocol(
            "chsh",
            2,
            "2x + y",
            tuple(_measured((a, 0.0), (b, 0.0)) for a in (0.0, math.pi / 2) for b in (math.pi / 4, -math.pi / 4)),
            entangled=True,
            group=16,
        ),
        Protocol(
            "mermin",
            3,
            "0 XXX, 1 XYY, 2 YXY, 3 YYX",
            tuple(_measured(*row) for row in ((_X, _X, _X), (_X, _Y, _Y), (_Y, _X, _Y), (_Y, _Y, _X))),
            entangled=True,
            group=16,
        ),
        Protocol(
            "dimension-witness",
            1,
            "2x + y, preparation x of 4, measurement y of 2",
            tuple(((turn, *along),) for turn in (math.pi, 0.0, -math.pi / 2, math.pi / 2) for along in (_Z, _X)),
        ),
    )
}
"""By name."""


def distribution(protocol: Protocol, setting: int) -> npt.NDArray[np.float64]:
    """P(symbol | setting) of an ideal unit: array of 2^qubits probabilities."""
    n = protocol.qubits
    state = np.zeros((2,) * n, np.complex128)
    if protocol.entangled:
        state[(0,) * n] = state[(1,) * n] = 1 / math.sqrt(2)
    else:
        one = np.array([1, 1]) / math.sqrt(2) if protocol.superposed else np.array([1, 0])
        state = _product([one] * n)
    for qubit, (turn, polar, azimuth) in enumerate(protocol.settings[setting]):
        phase = np.diag([np.exp(0.5j * azimuth), np.exp(-0.5j * azimuth)])
        gate = _ry(-polar) @ phase @ _ry(turn)
        state = np.moveaxis(np.tensordot(gate, state, (1, qubit)), 0, qubit)
    return np.asarray(np.abs(state.reshape(-1)) ** 2)


def _product(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.complex128]:
    state = np.ones((), np.complex128)
    for part in parts:
        state = np.multiply.outer(state, part)
    return state


def _ry(angle: float) -> npt.NDArray[np.float64]:
    c, s = math.cos(angle / 2), math.sin(angle / 2)
    return np.array([[c, -s], [s, c]])


def circuit(protocol: Protocol, units: int) -> tuple[Any, list[Any]]:
    """A Qiskit circuit of `units` units beside each other, and its parameters, in the order of `angles`.

    Qubits k·n … k·n + n − 1 are unit k; classical bit i measures qubit i. A barrier keeps a compiler from joining what
    is prepared with what is measured.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    n = protocol.qubits * units
    parameters = ParameterVector("angle", 3 * n)
    made = QuantumCircuit(n, n)
    for k in range(n):
        if protocol.entangled and k % protocol.qubits:
            made.cx(k - 1, k)
        elif protocol.entangled or protocol.superposed:
            made.h(k)
    for k in range(n):
        made.ry(parameters[3 * k], k)
    made.barrier()
    for k in range(n):
        made.rz(-parameters[3 * k + 2], k)
        made.ry(-parameters[3 * k + 1], k)
    made.measure(range(n), range(n))
    return made, list(parameters)


def angles(protocol: Protocol, row: Iterable[int]) -> list[float]:
    """Values of the parameters of `circuit` for one setting of each unit."""
    return [value for setting in row for qubit in protocol.settings[int(setting)] for value in qubit]


def symbols(protocol: Protocol, bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Symbols, array (shots, units), of measured bits, array (shots, qubits)."""
    shots = bits.shape[0]
    weights = 2 ** np.arange(protocol.qubits - 1, -1, -1)
    return np.asarray(bits.reshape(shots, -1, protocol.qubits) @ weights, np.uint8)


def draw_settings(
    protocol: Protocol, shape: tuple[int, ...], test_share: float, noise: Callable[[int], bytes]
) -> Settings:
    """Settings, each by itself: uniform, but for "source-independent", which measures X with probability `test_share`.

    Args:
        test_share: a multiple of 1/256 above 0 and below 1.
        noise: n random bytes, one for each setting.
    """
    drawn = np.frombuffer(noise(math.prod(shape)), np.uint8).reshape(shape)
    if protocol.name == "source-independent":
        return (drawn < round(256 * test_share)).astype(np.uint8)
    return drawn % len(protocol.settings)


def check_share(scheme: str, test_share: float) -> float:
    """`test_share` itself, if a byte can decide it."""
    if not 1 / 256 <= test_share <= 255 / 256 or 256 * test_share != round(256 * test_share):
        raise ParameterError(f"{scheme}: test_share is a multiple of 1/256 from 1/256 to 255/256, not {test_share}")
    return test_share


def check_group(scheme: str, group: int) -> int:
    """`group` itself, if so many runs may share their settings."""
    if not 1 <= group <= 10_000:
        raise ParameterError(f"{scheme}: a group has from 1 to 10000 shots, not {group}")
    return group


def disjoint(edges: Iterable[tuple[int, int]], size: int) -> list[tuple[int, ...]]:
    """Chains of `size` coupled qubits (1 to 3) that share no qubit, as many as a greedy choice finds.

    Qubits with fewest free neighbours are served first. In a chain of three the middle one is coupled to both others.
    """
    neighbours: dict[int, set[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    if size == 1:
        return [(q,) for q in sorted(neighbours)]
    free = set(neighbours)
    found: list[tuple[int, ...]] = []

    def few(qubit: int) -> tuple[int, int]:
        return len(neighbours[qubit] & free), qubit

    while free:
        chain = [min(free, key=few)]
        while len(chain) < size:
            options = neighbours[chain[-1]] & free - set(chain)
            if not options:
                break
            chain.append(min(options, key=few))
        if len(chain) == size:
            free -= set(chain)
            found.append(tuple(chain))
        else:
            free.discard(chain[0])
    return found
