"""`aer:FAKE_BACKEND`: circuits on a fake backend of IBM's, simulated by Qiskit Aer with its readout errors.

The stabilizer method takes Hadamard, Bell and GHZ circuits on all qubits of the largest chips. Gate errors and
relaxation are left out: the full noise model is too much for it. The bits are pseudo-random (Aer's Mersenne Twister, a
new seed from the operating system for each block unless one is given), so that this source has no claim: it is there to
try a pipeline on.
"""

from __future__ import annotations

import os
import warnings
from typing import Any
from urllib.parse import urlencode

import numpy as np

from qrng.errors import ClosedError, ParameterError, SourceError
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.options import Options

__all__ = ["CIRCUITS", "AerSource", "open_spec"]

CIRCUITS = ("hadamard", "bell", "ghz")
"""Each qubit alone; qubits in pairs (0, 1), (2, 3), …; all qubits together."""
NOISE = ("readout", "none")
_BLOCK = 1 << 18  # about this many bits are simulated at a time


class AerSource(Source):
    """A fake backend in Aer.

    Args:
        backend: its name, as fake_torino.
        qubits: "all", or physical qubits as "0,4,7"; each is a lane.
        circuit: one of CIRCUITS.
        noise: "readout" for the backend's readout errors, "none" for an ideal device.
        seed: makes the run repeatable, and the source marked so.

    Raises:
        ParameterError: no such backend, circuit or qubits.
    """

    simulated = True

    def __init__(
        self,
        backend: str,
        qubits: str = "all",
        circuit: str = "hadamard",
        noise: str = "readout",
        seed: int | None = None,
    ) -> None:
        if circuit not in CIRCUITS:
            raise ParameterError(f"aer: the circuit is one of {', '.join(CIRCUITS)}, not {circuit!r}")
        if noise not in NOISE:
            raise ParameterError(f"aer: the noise is one of {', '.join(NOISE)}, not {noise!r}")
        self._device = _fake_backend(backend)
        self._qubits = _choose(qubits, self._device.num_qubits)
        self.lanes = len(self._qubits)
        if circuit == "bell" and self.lanes % 2:
            raise ParameterError(f"aer: Bell pairs need an even number of qubits, not {self.lanes}")
        self._circuit_name, self._noise, self._seed = circuit, noise, seed
        self.reproducible = seed is not None
        facts: dict[str, Any] = {"qubits": qubits, "circuit": circuit, "noise": noise}
        if seed is not None:
            facts["seed"] = seed
        self.spec = f"aer:{backend}?" + urlencode(facts, safe=",")
        self._name = backend
        self._circuit, self._options = self._prepare()
        self._shots = max(1, _BLOCK // self.lanes)
        self._runs = 0
        self._held: Samples | None = None
        self._used = 0
        self._given = 0
        self._closed = False

    def _prepare(self) -> tuple[Any, dict[str, Any]]:
        """The circuit, and the options of the simulator."""
        from qiskit import QuantumCircuit
        from qiskit_aer.noise import NoiseModel

        circuit = QuantumCircuit(self._device.num_qubits, self.lanes)
        for k, qubit in enumerate(self._qubits):
            partner = {"hadamard": None, "bell": k - 1 if k % 2 else None, "ghz": k - 1 if k else None}
            before = partner[self._circuit_name]
            if before is None:
                circuit.h(qubit)
            else:
                circuit.cx(self._qubits[before], qubit)
        circuit.measure(self._qubits, range(self.lanes))
        options: dict[str, Any] = {"method": "stabilizer"}
        if self._noise == "readout":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                options["noise_model"] = NoiseModel.from_backend(
                    self._device, thermal_relaxation=False, gate_error=False
                )
        return circuit, {"backend_options": options}

    def read(self, count: int) -> Samples:
        """As in `Source`; one symbol is one bit of one qubit."""
        if self._closed:
            raise ClosedError(f"{self.spec}: is closed")
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        parts: list[Samples] = []
        missing = count
        while missing:
            if self._held is None or self._used == self._held.count:
                self._held, self._used = self._simulate(), 0
            part = self._held.slice(self._used, self._used + missing)
            self._used += part.count
            missing -= part.count
            parts.append(part)
        samples = Samples.join(parts)
        samples.first = self._given
        self._given += count
        return samples

    def _simulate(self) -> Samples:
        from qiskit_aer.primitives import SamplerV2

        from qrng.sources.ibm.circuits import columns

        if self._seed is None:
            seed = int.from_bytes(os.urandom(4), "big") // 2  # Aer takes 31 bits
        else:
            seed = int(np.random.default_rng([self._seed, self._runs]).integers(2**31))
        self._runs += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                array = (
                    SamplerV2(seed=seed, options=self._options)
                    .run([self._circuit], shots=self._shots)
                    .result()[0]
                    .data.c.array
                )
        except Exception as error:  # noqa: BLE001 - Aer raises errors of several libraries
            text = " ".join(str(error).split())[:200]
            raise SourceError(f"{self.spec}: the simulation failed: {text}") from None
        bits = columns(array, self.lanes, self._shots)
        return Samples.from_symbols(bits.reshape(-1), lanes=self.lanes, provenance=self.provenance())

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        return {
            "source": "aer",
            "device": f"{self._name}, simulated by Qiskit Aer, noise: {self._noise}",
            "simulated": True,
            "reproducible": self.reproducible,
            "true_shot_order": True,
            "shot_noise": "pseudo-random numbers of Qiskit Aer",
            "circuit": self._circuit_name,
            "qubits": list(self._qubits),
        }

    def reopen(self) -> None:
        """As in `Source`."""
        super().reopen()
        self._held, self._used, self._given = None, 0, 0

    def close(self) -> None:
        """As in `Source`."""
        if self._held is not None:
            self._held.wipe()
        self._held, self._closed = None, True


def _fake_backend(name: str) -> Any:
    from qiskit_ibm_runtime.fake_provider import FakeProviderForBackendV2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backends = {backend.name: backend for backend in FakeProviderForBackendV2().backends()}
    if name not in backends:
        large = ", ".join(sorted(n for n, b in backends.items() if b.num_qubits >= 127))
        raise ParameterError(f"aer: no fake backend named {name!r}; among those of 127 qubits and more are {large}")
    return backends[name]


def _choose(asked: str, total: int) -> tuple[int, ...]:
    if asked == "all":
        return tuple(range(total))
    try:
        found = tuple(int(part) for part in asked.split(","))
    except ValueError:
        raise ParameterError(f'aer: qubits takes "all" or numbers with commas between them, not {asked!r}') from None
    if len(set(found)) != len(found) or any(not 0 <= q < total for q in found):
        raise ParameterError(f"aer: qubits must be different numbers from 0 to {total - 1}")
    return found


def open_spec(target: str, options: Options) -> AerSource:
    """Open `aer:FAKE_BACKEND?qubits=…&circuit=…&noise=…&seed=…`."""
    if not target:
        raise ParameterError("aer: needs a fake backend, as in aer:fake_torino")
    return AerSource(
        target,
        options.text("qubits", "all") or "",
        options.text("circuit", "hadamard") or "",
        options.text("noise", "readout") or "",
        options.integer("seed"),
    )
