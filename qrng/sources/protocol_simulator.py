"""`sim:?circuit=chsh` and its like: protocols of `qrng.sources.protocols`, simulated with numpy alone.

Each unit gives P(symbol | setting) = V · ideal + (1 − V) / 2^qubits, V being the visibility, and then every bit is read
wrong with probability p01 = P(read 1 | 0) or p10 = P(read 0 | 1). Runs are independent. Outcomes and settings come from
the operating system's generator, unless a seed makes the whole run repeatable.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError
from qrng.samples import Samples
from qrng.sources.blocks import BlockSource
from qrng.sources.options import Options
from qrng.sources.protocols import PROTOCOLS, check_group, check_share, distribution, draw_settings

__all__ = ["ProtocolSimulator", "open_protocol"]

_BLOCK = 1 << 17  # about this many symbols are simulated at a time
_MAX_QUBITS = 4096
_RESOLUTION = 2.0**32


class ProtocolSimulator(BlockSource):
    """Units of a protocol, run after run, with random settings as side data.

    Args:
        circuit: a name in PROTOCOLS.
        qubits: number of qubits, a multiple of those of a unit; each unit is a lane.
        visibility: V, from 0 to 1.
        p01, p10: P(read 1 | 0) and P(read 0 | 1) of every qubit.
        group: runs that share their settings, 1 to 10,000; None for what the protocol suggests.
        test_share: probability of measuring X in "source-independent", a multiple of 1/256.
        seed: makes the run repeatable, and the source marked so.

    Raises:
        ParameterError: no such protocol, or a number out of its range.
    """

    simulated = True
    side_names = ("settings",)

    def __init__(
        self,
        circuit: str,
        qubits: int = 6,
        visibility: float = 0.99,
        p01: float = 0.0,
        p10: float = 0.0,
        group: int | None = None,
        test_share: float = 0.0625,
        seed: int | None = None,
    ) -> None:
        if circuit not in PROTOCOLS:
            raise ParameterError(f"sim: the circuit is one of hadamard, {', '.join(PROTOCOLS)}, not {circuit!r}")
        self._protocol = PROTOCOLS[circuit]
        if not 1 <= qubits <= _MAX_QUBITS or qubits % self._protocol.qubits:
            raise ParameterError(
                f"sim: {circuit} takes a multiple of {self._protocol.qubits} qubits up to {_MAX_QUBITS}, not {qubits}"
            )
        if not 0 <= visibility <= 1 or not 0 <= p01 <= 1 or not 0 <= p10 <= 1:
            raise ParameterError("sim: visibility, p01 and p10 must lie from 0 to 1")
        if seed is not None and seed < 0:
            raise ParameterError("sim: the seed must not be negative")
        self.lanes = qubits // self._protocol.qubits
        self.bits_per_symbol = self._protocol.qubits
        self._group = check_group("sim", self._protocol.group if group is None else group)
        self._share = check_share("sim", test_share)
        self._model = {"visibility": visibility, "p01": p01, "p10": p10}
        self._limits = self._cumulative()
        self.reproducible = seed is not None
        facts: dict[str, Any] = {"circuit": circuit, "qubits": qubits, **self._model, "group": self._group}
        facts["test_share"] = test_share
        if seed is not None:
            facts["seed"] = seed
        self.spec = "sim:?" + urlencode(facts)
        self._noise = os.urandom if seed is None else np.random.default_rng(seed).bytes

    def _cumulative(self) -> npt.NDArray[np.uint64]:
        """Thresholds for 32-bit numbers, array (settings, symbols − 1): a symbol is the number of those passed."""
        p01, p10 = self._model["p01"], self._model["p10"]
        readout = np.array([[1.0]])
        for _ in range(self._protocol.qubits):
            readout = np.kron(readout, np.array([[1 - p01, p10], [p01, 1 - p10]]))
        visibility, size = self._model["visibility"], 2**self._protocol.qubits
        rows = [
            readout @ (visibility * distribution(self._protocol, setting) + (1 - visibility) / size)
            for setting in range(len(self._protocol.settings))
        ]
        limits = np.rint(np.cumsum(rows, axis=1)[:, :-1] * _RESOLUTION)
        return np.asarray(np.clip(limits, 0, _RESOLUTION), np.uint64)

    def _block(self) -> Samples:
        """As in `BlockSource`: whole groups of runs."""
        groups = max(1, _BLOCK // (self._group * self.lanes))
        drawn = draw_settings(self._protocol, (groups, self.lanes), self._share, self._noise)
        settings = np.repeat(drawn, self._group, axis=0).reshape(-1)
        uniform = np.frombuffer(self._noise(4 * settings.size), np.uint32)
        symbols = np.zeros(settings.size, np.uint8)
        for column in self._limits.T:
            symbols += uniform >= column[settings]
        return Samples.from_symbols(
            symbols,
            self.bits_per_symbol,
            lanes=self.lanes,
            side_data={"settings": settings},
            provenance=self.provenance(),
        )

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        protocol, seeded = self._protocol, self.reproducible
        facts: dict[str, Any] = {
            "source": "sim",
            "spec": self.spec,
            "device": f"{self.lanes} units of {protocol.qubits} qubits, simulated with numpy",
            "simulated": True,
            "reproducible": seeded,
            "true_shot_order": True,
            "shot_noise": "a seeded PCG64 generator" if seeded else "os.urandom",
            "circuit": protocol.name,
            "settings": f"random, {protocol.about}, {self._group} shots a group",
            "model": dict(self._model),
        }
        if protocol.name == "source-independent":
            facts["test_share"] = self._share
        return facts


def open_protocol(circuit: str, options: Options) -> ProtocolSimulator:
    """Open `sim:?circuit=…&qubits=…&visibility=…&readout_error=…&p01=…&p10=…&group=…&test_share=…&seed=…`."""
    both = options.number("readout_error", 0.0)
    return ProtocolSimulator(
        circuit,
        options.integer("qubits", 6) or 0,
        options.number("visibility", 0.99),
        options.number("p01", both),
        options.number("p10", both),
        options.integer("group"),
        options.number("test_share", 0.0625),
        options.integer("seed"),
    )
