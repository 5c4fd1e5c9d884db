"""`aer:FAKE_BACKEND?circuit=chsh` and its like: protocols on a fake backend, with random settings, in Qiskit Aer.

The qubits of the list, taken in pairs or triples, are the units of `qrng.sources.protocols`, each a lane; "all" takes
as many disjoint couplers (or chains of three) of the chip as are found. The settings, drawn anew for each unit and
group of shots, are side data.
"""

from __future__ import annotations

import os

import numpy as np

from qrng.errors import ParameterError
from qrng.samples import Samples
from qrng.sources.aer import AerDevice, choose_qubits, fake_backend
from qrng.sources.aer_noise import noisy
from qrng.sources.protocols import (
    PROTOCOLS,
    angles,
    check_group,
    check_share,
    circuit,
    disjoint,
    draw_settings,
    symbols,
)

__all__ = ["AerProtocolSource"]

_BLOCK = 1 << 16  # about this many runs of a unit are simulated at a time


class AerProtocolSource(AerDevice):
    """Units of a protocol on a fake backend.

    Args:
        backend, noise, seed: as in `AerSource`.
        protocol: a name in PROTOCOLS.
        qubits: physical qubits as "0,1,4,7", unit after unit; "all" for disjoint couplers or chains.
        group: shots that share their settings; None for what the protocol suggests.
        test_share: as in `draw_settings`.

    Raises:
        ParameterError: as in `AerSource`, or a list that makes no whole units.
    """

    side_names = ("settings",)

    def __init__(
        self,
        backend: str,
        protocol: str,
        qubits: str = "all",
        noise: str = "readout",
        seed: int | None = None,
        group: int | None = None,
        test_share: float = 0.0625,
    ) -> None:
        self._protocol = PROTOCOLS[protocol]
        size = self._protocol.qubits
        self._group = check_group("aer", self._protocol.group if group is None else group)
        self._share = check_share("aer", test_share)
        device = fake_backend(backend)
        if qubits == "all":
            chosen = tuple(q for unit in disjoint(device.coupling_map.get_edges(), size) for q in unit)
        else:
            chosen = choose_qubits(qubits, device.num_qubits)
        if len(chosen) % size:
            raise ParameterError(f"aer: {protocol} takes a multiple of {size} qubits, not {len(chosen)}")
        super().__init__(backend, chosen, device, noise, seed)
        self.lanes, self.bits_per_symbol = len(chosen) // size, size
        self._groups = max(1, _BLOCK // (self._group * self.lanes))
        self.spec = self._describe(
            qubits=qubits, circuit=protocol, noise=noise, group=self._group, test_share=test_share
        )
        self._noise_bytes = os.urandom if seed is None else np.random.default_rng(seed).bytes
        made, parameters = circuit(self._protocol, 1)
        values = [
            dict(zip(parameters, angles(self._protocol, [setting]), strict=True))
            for setting in range(len(self._protocol.settings))
        ]
        self._units = []
        for unit in zip(*(chosen[k::size] for k in range(size)), strict=True):
            compiled, options = noisy(device, made, unit, "statevector", noise)
            self._units.append(([compiled.assign_parameters(each) for each in values], options))

    def _block(self) -> Samples:
        """As in `BlockSource`: each unit's shots of one setting are one circuit."""
        from qrng.sources.ibm.circuits import columns

        drawn = draw_settings(self._protocol, (self._groups, self.lanes), self._share, self._noise_bytes)
        settings = np.repeat(drawn, self._group, axis=0)
        found = np.empty(settings.shape, np.uint8)
        for unit, (circuits, options) in enumerate(self._units):
            shots = [np.flatnonzero(settings[:, unit] == setting) for setting in range(len(circuits))]
            wanted = [setting for setting, places in enumerate(shots) if places.size]
            arrays = self._run([(circuits[s], None, shots[s].size) for s in wanted], options)
            for setting, array in zip(wanted, arrays, strict=True):
                bits = columns(array, self.bits_per_symbol, shots[setting].size)
                found[shots[setting], unit] = symbols(self._protocol, bits)[:, 0]
        side = {"settings": np.ascontiguousarray(settings).reshape(-1)}
        return Samples.from_symbols(
            found.reshape(-1), self.bits_per_symbol, lanes=self.lanes, side_data=side, provenance=self.provenance()
        )

    def provenance(self) -> dict[str, object]:
        """As in `Source`."""
        protocol = self._protocol
        facts = self._facts(protocol.name)
        facts["settings"] = f"random, {protocol.about}, {self._group} shots a group"
        if protocol.name == "source-independent":
            facts["test_share"] = self._share
        return facts
