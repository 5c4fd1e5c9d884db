"""`aer:FAKE_BACKEND`: circuits on a fake backend of IBM's, simulated by Qiskit Aer with its calibrated errors.

The stabilizer method takes Hadamard, Bell and GHZ circuits on all qubits of the largest chips, with readout errors and,
if asked for, gate errors; relaxation on top goes as far as a density matrix of what is entangled. The bits are
pseudo-random: Aer's Mersenne Twister, with a new seed of 31 bits from the operating system for each block unless one is
given, which is all the entropy that a block has. So this source has no claim: it is there to try a pipeline on.
"""

from __future__ import annotations

import os
import warnings
from typing import Any
from urllib.parse import urlencode

import numpy as np

from qrng.errors import ParameterError, SourceError
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.aer_noise import NOISE, noisy
from qrng.sources.blocks import BlockSource
from qrng.sources.options import Options
from qrng.sources.protocols import PROTOCOLS

__all__ = [
    "CIRCUITS",
    "NOISE",
    "AerDevice",
    "AerSource",
    "choose_qubits",
    "fake_backend",
    "open_spec",
]

CIRCUITS = ("hadamard", "bell", "ghz")
"""Each qubit alone; qubits in pairs (0, 1), (2, 3), …; all qubits together."""
_BLOCK = 1 << 18  # about this many bits are simulated at a time


class AerDevice(BlockSource):
    """A fake backend in Aer: the qubits chosen, their noise, and the seeds of the runs."""

    simulated = True

    def __init__(self, backend: str, qubits: tuple[int, ...], device: Any, noise: str, seed: int | None) -> None:
        if noise not in NOISE:
            raise ParameterError(f"aer: the noise is one of {', '.join(NOISE)}, not {noise!r}")
        self._name, self._qubits, self._device, self._noise, self._seed = backend, qubits, device, noise, seed
        self.reproducible = seed is not None
        self._runs = 0

    def _describe(self, **facts: Any) -> str:
        """The spec that opens this source again."""
        if self._seed is not None:
            facts["seed"] = self._seed
        return f"aer:{self._name}?" + urlencode(facts, safe=",")

    def _next_seed(self) -> int:
        """31 bits, which is what Aer takes."""
        self._runs += 1
        if self._seed is None:
            return int.from_bytes(os.urandom(4), "big") // 2
        return int(np.random.default_rng([self._seed, self._runs]).integers(2**31))

    def _run(self, pubs: list[Any], options: dict[str, Any]) -> list[Any]:
        """Packed bits of each circuit, as Aer gives them."""
        from qiskit_aer.primitives import SamplerV2

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = SamplerV2(seed=self._next_seed(), options=options).run(pubs).result()
                return [item.data.c.array for item in result]
        except Exception as error:  # noqa: BLE001 - Aer raises errors of several libraries
            text = " ".join(str(error).split())[:200]
            raise SourceError(f"{self.spec}: the simulation failed: {text}") from None

    def _facts(self, circuit: str) -> dict[str, Any]:
        return {
            "source": "aer",
            "device": f"{self._name}, simulated by Qiskit Aer, noise: {self._noise}",
            "simulated": True,
            "reproducible": self.reproducible,
            "true_shot_order": True,
            "shot_noise": "pseudo-random numbers of Qiskit Aer",
            "circuit": circuit,
            "qubits": list(self._qubits),
        }


class AerSource(AerDevice):
    """A fake backend in Aer, every qubit a lane.

    Args:
        backend: its name, as fake_torino.
        qubits: "all", or physical qubits as "0,4,7"; each is a lane.
        circuit: one of CIRCUITS.
        noise: "readout" for the backend's readout errors, "gates" for those of its gates too, "full" for relaxation
            on top (`qrng.sources.aer_noise`), "none" for an ideal device.
        seed: makes the run repeatable, and the source marked so.

    Raises:
        ParameterError: no such backend, circuit or qubits.
    """

    def __init__(
        self,
        backend: str,
        qubits: str = "all",
        circuit: str = "hadamard",
        noise: str = "readout",
        seed: int | None = None,
    ) -> None:
        if circuit not in CIRCUITS:
            raise ParameterError(f"aer: the circuit is one of {', '.join((*CIRCUITS, *PROTOCOLS))}, not {circuit!r}")
        device = fake_backend(backend)
        super().__init__(backend, choose_qubits(qubits, device.num_qubits), device, noise, seed)
        self.lanes = len(self._qubits)
        if circuit == "bell" and self.lanes % 2:
            raise ParameterError(f"aer: Bell pairs need an even number of qubits, not {self.lanes}")
        self._circuit_name = circuit
        self.spec = self._describe(qubits=qubits, circuit=circuit, noise=noise)
        self._parts = self._prepare()
        self._shots = max(1, _BLOCK // self.lanes)

    def _prepare(self) -> list[tuple[slice, Any, dict[str, Any]]]:
        """Lanes, circuit and options of the simulator of what is simulated on its own: all, or what is entangled."""
        from qiskit import QuantumCircuit

        entangled = {"hadamard": 1, "bell": 2, "ghz": self.lanes}[self._circuit_name]
        size = entangled if self._noise == "full" else self.lanes
        parts = []
        for start in range(0, self.lanes, size):
            circuit = QuantumCircuit(size, size)
            for k in range(size):
                if k % entangled:
                    circuit.cx(k - 1, k)
                else:
                    circuit.h(k)
            circuit.measure(range(size), range(size))
            lanes = slice(start, start + size)
            parts.append((lanes, *noisy(self._device, circuit, self._qubits[lanes], "stabilizer", self._noise)))
        return parts

    def _block(self) -> Samples:
        """As in `BlockSource`; one symbol is one bit of one qubit."""
        from qrng.sources.ibm.circuits import columns

        bits = np.empty((self._shots, self.lanes), np.uint8)
        for lanes, circuit, options in self._parts:
            (array,) = self._run([(circuit, None, self._shots)], options)
            bits[:, lanes] = columns(array, lanes.stop - lanes.start, self._shots)
        return Samples.from_symbols(bits.reshape(-1), lanes=self.lanes, provenance=self.provenance())

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        return self._facts(self._circuit_name)


def fake_backend(name: str) -> Any:
    """The fake backend of that name; ParameterError if there is none."""
    from qiskit_ibm_runtime import fake_provider

    stem = "".join(word.capitalize() for word in name.split("_"))  # fake_torino is FakeTorino, or FakeTorinoV2
    made: Any = getattr(fake_provider, stem, None) or getattr(fake_provider, f"{stem}V2", None)
    if not hasattr(made, "conf_filename"):  # what every fake backend has
        names = sorted(
            n.removeprefix("Fake").removesuffix("V2").lower()
            for n in dir(fake_provider)
            if hasattr(getattr(fake_provider, n), "conf_filename")
        )
        raise ParameterError(f"aer: no fake backend named {name!r}; there are fake_ + {', '.join(names)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made()


def choose_qubits(asked: str, total: int) -> tuple[int, ...]:
    """Physical qubits from "all" or "0,4,7"."""
    if asked == "all":
        return tuple(range(total))
    try:
        found = tuple(int(part) for part in asked.split(","))
    except ValueError:
        raise ParameterError(f'aer: qubits takes "all" or numbers with commas between them, not {asked!r}') from None
    if len(set(found)) != len(found) or any(not 0 <= q < total for q in found):
        raise ParameterError(f"aer: qubits must be different numbers from 0 to {total - 1}")
    return found


def open_spec(target: str, options: Options) -> Source:
    """Open `aer:FAKE_BACKEND?qubits=…&circuit=…&noise=…&seed=…`; of a protocol also `group=…` and `test_share=…`."""
    if not target:
        raise ParameterError("aer: needs a fake backend, as in aer:fake_torino")
    qubits = options.text("qubits", "all") or ""
    circuit = options.text("circuit", "hadamard") or ""
    noise = options.text("noise", "readout") or ""
    seed = options.integer("seed")
    if circuit in PROTOCOLS:
        from qrng.sources.aer_protocols import AerProtocolSource

        group, share = options.integer("group"), options.number("test_share", 0.0625)
        return AerProtocolSource(target, circuit, qubits, noise, seed, group, share)
    return AerSource(target, qubits, circuit, noise, seed)
