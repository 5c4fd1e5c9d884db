"""`sim:`: n qubits, each put into superposition by a Hadamard gate and measured, simulated with numpy alone.

The model of shot t, qubit k, in the order in which the bits are given out (all qubits of a shot, then the next shot):

    q = 1/2 + bias[k] + drift · sin(2π (t / drift_period + k / qubits)) + crosstalk · (±1, the sign of qubit k-1's bit)
    P(read 1) = p01 + q (1 − p01 − p10)

with p01 = P(read 1 | 0) and p10 = P(read 0 | 1). Drift is held for _STEP shots; qubit 0 has no neighbour before it.
Shot noise comes from the operating system's generator, unless a seed makes the whole run repeatable.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng._native import wipe
from qrng.claim import EntropyClaim
from qrng.errors import ClosedError, EntropyError, ParameterError
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.calibration import readout_errors
from qrng.sources.options import Options

__all__ = ["SimulatorSource", "open_spec"]

_STEP = 4096  # shots in which the drift stands still
_BLOCK = 1 << 21  # about this many bits are simulated at a time
_MAX_QUBITS = 4096
_RESOLUTION = 40  # bits of a probability; the lowest 32 are drawn only where the highest 8 are tied

PerQubit = float | Sequence[float]


class SimulatorSource(Source):
    """A simulated n-qubit Hadamard device.

    Args:
        qubits: number of qubits, 1 to 4096; each is a lane.
        bias: deviation of P(1) from 1/2 before readout; one number, or one for each qubit.
        readout_error: sets both p01 and p10.
        p01, p10: P(read 1 | 0) and P(read 0 | 1); one number, or one for each qubit.
        drift: amplitude of a slow sine in P(1).
        drift_period: shots of one period of it.
        crosstalk: shift of P(1) towards (negative: away from) the bit of the qubit before.
        seed: makes the run repeatable, and the source marked so. None: the operating system's generator.

    Raises:
        ParameterError: a probability would leave [0, 1], or p01 + p10 would reach 1.
    """

    simulated = True

    def __init__(
        self,
        qubits: int = 8,
        bias: PerQubit = 0.01,
        readout_error: PerQubit = 0.01,
        p01: PerQubit | None = None,
        p10: PerQubit | None = None,
        drift: float = 0.002,
        drift_period: float = 1e7,
        crosstalk: float = 0.002,
        seed: int | None = None,
    ) -> None:
        if not 1 <= qubits <= _MAX_QUBITS:
            raise ParameterError(f"sim: qubits must be from 1 to {_MAX_QUBITS}, not {qubits}")
        if not drift_period >= _STEP:
            raise ParameterError(f"sim: drift_period must be at least {_STEP} shots, not {drift_period}")
        if seed is not None and seed < 0:
            raise ParameterError("sim: the seed must not be negative")
        self.lanes = qubits
        self._bias = _per_qubit("bias", bias, qubits, -0.5, 0.5)
        self._p01 = _per_qubit("p01", readout_error if p01 is None else p01, qubits, 0, 1)
        self._p10 = _per_qubit("p10", readout_error if p10 is None else p10, qubits, 0, 1)
        self._drift, self._period, self._crosstalk = drift, drift_period, crosstalk
        self._seed = seed
        if (self._p01 + self._p10 >= 1).any():
            raise ParameterError("sim: p01 + p10 must be below 1: such a readout says nothing of the qubit")
        if math.isnan(drift + crosstalk):
            raise ParameterError("sim: drift and crosstalk must be finite")
        if (self._farthest() > 0.5).any():
            raise ParameterError("sim: bias, drift and crosstalk together take a probability out of [0, 1]")
        self.reproducible = seed is not None
        self.spec = self._spec()
        self._restart()

    def _restart(self) -> None:
        self._noise: Callable[[int], bytes] = (
            os.urandom if self._seed is None else np.random.default_rng(self._seed).bytes
        )
        self._shot = 0
        self._held: bits.Bytes | None = np.zeros(0, np.uint8)
        self._position = 0  # bits of _held that were given out
        self._given = 0

    def _farthest(self) -> npt.NDArray[np.float64]:
        """Largest distance of each qubit's P(1) before readout from 1/2, over drift and neighbour."""
        neighbour = np.where(np.arange(self.lanes) > 0, abs(self._crosstalk), 0.0)
        return np.abs(self._bias) + abs(self._drift) + neighbour

    def _model(self) -> dict[str, Any]:
        return {
            "qubits": self.lanes,
            "bias": _short(self._bias),
            "p01": _short(self._p01),
            "p10": _short(self._p10),
            "drift": self._drift,
            "drift_period": self._period,
            "crosstalk": self._crosstalk,
        }

    def _spec(self) -> str:
        def text(value: Any) -> str:
            return ",".join(map(repr, value)) if isinstance(value, list) else repr(value)

        facts = {name: text(value) for name, value in self._model().items()}
        if self._seed is not None:
            facts["seed"] = str(self._seed)
        return "sim:?" + urlencode(facts, safe=",")

    def read(self, count: int) -> Samples:
        """As in `Source`; one symbol is one bit of one qubit."""
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        out = np.zeros(bits.bytes_for(count), np.uint8)
        done = 0
        while done < count:
            held = self._held
            if held is None:
                raise ClosedError(f"{self.spec}: is closed")
            have = 8 * held.size - self._position
            if not have:
                self._held, self._position = self._simulate(), 0
                continue
            n = min(have, count - done)
            bits.copy(out, done, held, self._position, n)
            done += n
            self._position += n
        samples = Samples(out, count, 1, self.lanes, self._given, provenance=self.provenance())
        self._given += count
        return samples

    def _simulate(self) -> bits.Bytes:
        """The next block of whole steps, packed."""
        steps = max(1, _BLOCK // (_STEP * self.lanes))
        at = (self._shot + _STEP * np.arange(steps)) / self._period
        self._shot += _STEP * steps
        block = np.empty((steps, _STEP, self.lanes), np.uint8)
        before: npt.NDArray[np.uint8] | None = None
        for k in range(self.lanes):
            centre = 0.5 + self._bias[k] + self._drift * np.sin(2 * math.pi * (at + k / self.lanes))
            shift = self._crosstalk if before is not None else 0.0
            quiet, loud = self._threshold(centre - shift, k), self._threshold(centre + shift, k)
            drawn = np.frombuffer(self._noise(steps * _STEP), np.uint8).reshape(steps, _STEP)
            before = self._compare(drawn, quiet, loud, before)
            block[:, :, k] = before
        return bits.pack(block.reshape(-1))

    def _threshold(self, q: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.uint64]:
        read_one = self._p01[k] + q * (1 - self._p01[k] - self._p10[k])
        scaled = np.rint(np.clip(read_one, 0, 1) * 2.0**_RESOLUTION)
        threshold: npt.NDArray[np.uint64] = np.minimum(scaled, 2.0**_RESOLUTION - 1).astype(np.uint64)
        return threshold

    def _compare(
        self,
        drawn: npt.NDArray[np.uint8],
        quiet: npt.NDArray[np.uint64],
        loud: npt.NDArray[np.uint64],
        before: npt.NDArray[np.uint8] | None,
    ) -> npt.NDArray[np.uint8]:
        """1 where a uniform 40-bit number lies below its threshold: `loud` after a one, `quiet` after a zero.

        Eight bits decide all but one case in 256; those that are tied draw the other 32.
        """
        low = 2 ** (_RESOLUTION - 8)
        high_quiet, high_loud = (quiet // low).astype(np.uint8)[:, None], (loud // low).astype(np.uint8)[:, None]
        high = high_quiet
        if before is not None and (high_quiet != high_loud).any():
            high = high_quiet + before * (high_loud - high_quiet)  # modulo 256, which comes out right
        below: npt.NDArray[np.uint8] = (drawn < high).view(np.uint8)
        tied = np.flatnonzero(drawn == high)
        rest = np.frombuffer(self._noise(4 * tied.size), np.uint32)
        step = tied // _STEP
        limit = quiet[step] % low
        if before is not None:
            limit = np.where(before.reshape(-1)[tied], loud[step] % low, limit)
        below.reshape(-1)[tied] = rest < limit
        return below

    def claim(self) -> EntropyClaim:
        """Min-entropy of a bit of the worst qubit, in its worst state of drift and neighbour.

        H = −log2 max(P(1) + p10, P(0) + p01), where the adversary knows of each shot whether the readout reads
        the qubit, 0 or 1: he guesses with probability p01 + p10 + (1 − p01 − p10) max(q, 1 − q).

        Raises:
            EntropyError: a qubit that always gives the same bit.
        """
        noise = self._p01 + self._p10
        guess = float((noise + (1 - noise) * (0.5 + self._farthest())).max()) + 2.0**-_RESOLUTION
        if guess >= 1:
            raise EntropyError(f"{self.spec}: a qubit of this device always gives the same bit: it has no entropy")
        return EntropyClaim(
            -math.log2(guess),
            -math.inf,
            (
                "simulated: the numbers are computed, no quantum device took part",
                f"shot noise from {self._noise_name()} is unpredictable",
                "the adversary knows the model, its drift, all earlier bits and the readout noise of each shot",
            ),
            "trusted qubit with readout noise as classical side information; worst state over drift and neighbours",
        )

    def _noise_name(self) -> str:
        return "os.urandom" if self._seed is None else "a seeded PCG64 generator"

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        return {
            "source": "sim",
            "spec": self.spec,
            "device": f"Hadamard and measurement on {self.lanes} qubits, simulated with numpy",
            "simulated": True,
            "reproducible": self.reproducible,
            "true_shot_order": True,
            "shot_noise": self._noise_name(),
            "model": self._model(),
        }

    def reopen(self) -> None:
        """As in `Source`: fresh shots in the child, nothing of what the parent had simulated."""
        super().reopen()
        self._restart()

    def close(self) -> None:
        """As in `Source`."""
        if self._held is not None:
            wipe(self._held)
        self._held = None


def _per_qubit(name: str, value: PerQubit, qubits: int, low: float, high: float) -> npt.NDArray[np.float64]:
    array = np.atleast_1d(np.asarray(value, np.float64))
    if array.size not in (1, qubits) or not np.isfinite(array).all():
        raise ParameterError(f"sim: {name} takes one number, or one for each of the {qubits} qubits")
    if (array < low).any() or (array > high).any():
        raise ParameterError(f"sim: {name} must lie from {low} to {high}")
    return np.broadcast_to(array, (qubits,)).copy()


def _short(array: npt.NDArray[np.float64]) -> float | list[float]:
    return float(array[0]) if (array == array[0]).all() else [float(x) for x in array]


def open_spec(target: str, options: Options) -> Source:
    """Open `sim:?qubits=…&bias=…&readout_error=…&p01=…&p10=…&drift=…&drift_period=…&crosstalk=…&seed=…`.

    `circuit=` opens a protocol instead (see `qrng.sources.protocol_simulator`).

    `calibration=FILE` takes p01 and p10 of each qubit from a calibration file (see `qrng.sources.calibration`).
    """
    if target:
        raise ParameterError(f"sim: takes options only, as in sim:?qubits=8, not {target!r}")
    circuit = options.text("circuit", "hadamard") or ""
    if circuit != "hadamard":
        from qrng.sources.protocol_simulator import open_protocol

        return open_protocol(circuit, options)
    both = options.numbers("readout_error", 0.01)
    calibration = options.text("calibration")
    fitted = readout_errors(calibration) if calibration else None
    return SimulatorSource(
        options.integer("qubits", len(fitted[0]) if fitted else 8) or 0,
        options.numbers("bias", 0.01),
        both,
        options.numbers("p01", fitted[0] if fitted else both),
        options.numbers("p10", fitted[1] if fitted else both),
        options.number("drift", 0.002),
        options.number("drift_period", 1e7),
        options.number("crosstalk", 0.002),
        options.integer("seed"),
    )
