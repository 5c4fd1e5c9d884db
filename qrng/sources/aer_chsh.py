"""`aer:FAKE_BACKEND?circuit=chsh`: CHSH on pairs of qubits, with random settings, simulated by Qiskit Aer.

Qubits 0 and 1, 2 and 3, … of the list are pairs, each a lane. A pair is put into (|00⟩ + |11⟩)/√2 and measured in the
plane of X and Z, at the angles 0 and π/2 on one side, π/4 and −π/4 on the other, which reaches S = 2√2. A symbol has
two bits, the outcomes a and b. The settings, drawn anew for each pair and group of shots, are side data: "settings"
holds 2x + y for each symbol. `qrng.entropy.physical` turns both into a claim.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError
from qrng.samples import Samples
from qrng.sources.aer import AerSource, simulator_options

__all__ = ["AerChshSource"]

_BLOCK = 1 << 16  # about this many trials are simulated at a time


class AerChshSource(AerSource):
    """CHSH pairs on a fake backend.

    Args:
        backend, noise, seed: as in `AerSource`.
        qubits: as in `AerSource`, an even number.
        group: shots that share their settings.

    Raises:
        ParameterError: as in `AerSource`, or an impossible group.
    """

    def __init__(
        self, backend: str, qubits: str, noise: str = "readout", seed: int | None = None, group: int = 16
    ) -> None:
        if not 1 <= group <= 10_000:
            raise ParameterError(f"aer: a group has from 1 to 10000 shots, not {group}")
        super().__init__(backend, qubits, "bell", noise, seed)
        self.lanes //= 2
        self.bits_per_symbol = 2
        self._group = group
        self._groups = max(1, _BLOCK // (group * self.lanes))
        self._circuit_name = "chsh"
        facts: dict[str, Any] = {"qubits": qubits, "circuit": "chsh", "noise": noise, "group": group}
        if seed is not None:
            facts["seed"] = seed
        self.spec = f"aer:{backend}?" + urlencode(facts, safe=",")
        self._settings_rng = np.random.default_rng(seed) if seed is not None else None
        self._circuits = [_circuit(x, y) for x in (0, 1) for y in (0, 1)]
        pairs = zip(self._qubits[::2], self._qubits[1::2], strict=True)
        self._pairs = [simulator_options(self._device, pair, "statevector", noise) for pair in pairs]

    def _draw_settings(self) -> npt.NDArray[np.uint8]:
        """Random settings 2x + y, array (groups, pairs)."""
        shape = (self._groups, self.lanes)
        if self._settings_rng is not None:
            return self._settings_rng.integers(0, 4, shape, np.uint8)
        return np.frombuffer(os.urandom(shape[0] * shape[1]), np.uint8).reshape(shape) % 4

    def _simulate(self) -> Samples:
        from qrng.sources.ibm.circuits import columns

        settings = np.repeat(self._draw_settings(), self._group, axis=0)
        symbols = np.empty(settings.shape, np.uint8)
        for pair, options in enumerate(self._pairs):
            shots = [np.flatnonzero(settings[:, pair] == setting) for setting in range(4)]
            wanted = [setting for setting in range(4) if shots[setting].size]
            arrays = self._run([(self._circuits[s], None, shots[s].size) for s in wanted], options)
            for setting, array in zip(wanted, arrays, strict=True):
                bits = columns(array, 2, shots[setting].size)
                symbols[shots[setting], pair] = 2 * bits[:, 0] + bits[:, 1]
        side = {"settings": np.ascontiguousarray(settings).reshape(-1)}
        return Samples.from_symbols(
            symbols.reshape(-1), 2, lanes=self.lanes, side_data=side, provenance=self.provenance()
        )

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        return {**super().provenance(), "settings": f"random, 2x + y a symbol, {self._group} shots a group"}


def _circuit(x: int, y: int) -> Any:
    """A Bell pair measured at the settings x and y; classical bit 0 is a, bit 1 is b."""
    from qiskit import QuantumCircuit

    from qrng.sources.ibm.circuits import CHSH_A, CHSH_B

    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.ry(-CHSH_A[x], 0)
    circuit.ry(-CHSH_B[y], 1)
    circuit.measure([0, 1], [0, 1])
    return circuit
