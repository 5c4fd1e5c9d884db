"""`ibm:BACKEND`: IBM Quantum hardware as a live source: jobs are submitted and waited for as bits are needed."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from qrng.errors import ClosedError, ParameterError
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.ibm import client, jobs
from qrng.sources.ibm.ledger import Entry, Ledger
from qrng.sources.options import Options

__all__ = ["IbmSource", "open_spec"]


class IbmSource(Source):
    """Hadamard circuits on a backend of IBM Quantum.

    Args:
        backend: its name, as ibm_fez.
        qubits: "all", or physical qubits as "0,4,7"; each is a lane.
        shots: shots of noise in one job; with each job come two known-answer circuits.
        rep_delay: seconds between shots, None for the backend's default.
        instance: CRN or name of the service instance, None for the account's.
        timeout: seconds to wait for a job; one that takes longer stays in the ledger.
        ledger: the file of jobs, None for the default.
        circuit: "hadamard", or "chsh" for Bell pairs (0, 1), (2, 3), … of the qubits, with settings as side data.
        service: a connected service, None to connect with the user's account.

    Raises:
        SourceError: no account, no such backend, no connection.
    """

    def __init__(
        self,
        backend: str,
        qubits: str | None = "all",
        shots: int = 10_000,
        rep_delay: float | None = None,
        instance: str | None = None,
        timeout: float = 3600.0,
        ledger: str | None = None,
        circuit: str = "hadamard",
        service: Any = None,
    ) -> None:
        self.service = service if service is not None else client.connect(instance)
        client.retried(self.service.usage, "connecting to IBM Quantum")  # the client passes over a refusal until here
        self.backend = client.retried(lambda: self.service.backend(backend), f"opening the backend {backend}")
        self.ledger = Ledger(ledger)
        self.plan = jobs.make_plan(jobs.choose_qubits(self.backend, qubits), shots, rep_delay, circuit)
        self.lanes = len(self.plan.qubits)
        if circuit == "chsh":
            self.lanes, self.bits_per_symbol = self.lanes // 2, 2
        self._timeout, self._instance = timeout, instance
        given = {"qubits": qubits, "shots": shots, "rep_delay": rep_delay, "instance": instance, "timeout": timeout}
        given["circuit"] = circuit
        self.spec = f"ibm:{backend}?" + urlencode({k: v for k, v in given.items() if v is not None}, safe=",")
        self._held: Samples | None = None
        self._pending: Entry | None = None
        self._used = 0
        self._given = 0
        self._facts: dict[str, Any] = {}
        self._closed = False

    def submit(self) -> Entry:
        """Send one job of the plan and note it; `jobs.collect` brings its bits later."""
        return jobs.submit(self.service, self.backend, self.plan, self.ledger, self._instance)

    def read(self, count: int) -> Samples:
        """As in `Source`. A job that fails or is rejected raises; nothing of it is given out."""
        if self._closed:
            raise ClosedError(f"{self.spec}: is closed")
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        parts: list[Samples] = []
        side: dict[str, list[npt.NDArray[Any]]] = {}
        missing = count
        while missing:
            if self._held is None or self._used == self._held.count:
                self._held, self._used = self._next(), 0
                self._facts = dict(self._held.provenance)
            part = self._held.slice(self._used, self._used + missing)
            for name, array in self._held.side_data.items():
                side.setdefault(name, []).append(array[self._used : self._used + part.count])
            self._used += part.count
            missing -= part.count
            parts.append(part)
        samples = Samples.join(parts)
        samples.first = self._given
        samples.side_data = {name: np.concatenate(pieces) for name, pieces in side.items()}
        self._given += count
        return samples

    def _next(self) -> Samples:
        if self._pending is None:  # one that was waited for in vain is collected, not paid for again
            self._pending = self.submit()
        entry = self._pending
        samples = jobs.collect(self.service, entry, self.ledger, self._timeout)
        self.ledger.close(entry.tag, "collected", "used by a live source")
        self._pending = None
        return samples

    def provenance(self) -> dict[str, Any]:
        """As in `Source`: of the latest job, and of the plan before the first."""
        return self._facts or {
            "source": "ibm",
            "device": self.backend.name,
            "simulated": False,
            "reproducible": False,
            "true_shot_order": True,
            "qubits": list(self.plan.qubits),
            "rep_delay": self.plan.rep_delay,
        }

    def reopen(self) -> None:
        """As in `Source`: the child drops the bits that the parent holds and submits jobs of its own."""
        if self._held is not None:
            self._held.wipe()
        self._held, self._pending, self._used, self._given = None, None, 0, 0

    def close(self) -> None:
        """As in `Source`."""
        if self._held is not None:
            self._held.wipe()
        self._held, self._closed = None, True


def open_spec(target: str, options: Options) -> IbmSource:
    """Open `ibm:BACKEND?qubits=…&shots=…&rep_delay=…&instance=…&timeout=…&circuit=…`."""
    if not target:
        raise ParameterError("ibm: needs a backend, as in ibm:ibm_fez")
    delay = options.number("rep_delay", -1.0)
    shots = options.integer("shots", 10_000)
    timeout = options.number("timeout", 3600.0)
    if not math.isfinite(timeout) or timeout < 0:
        raise ParameterError("ibm: the timeout must not be negative")
    return IbmSource(
        target,
        options.text("qubits", "all"),
        10_000 if shots is None else shots,
        None if delay < 0 else delay,
        options.text("instance"),
        timeout,
        circuit=options.text("circuit", "hadamard") or "",
    )
