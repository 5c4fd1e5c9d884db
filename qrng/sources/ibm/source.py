"""`ibm:BACKEND`: IBM Quantum hardware as a live source: jobs are submitted and waited for as bits are needed."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

from qrng.errors import ParameterError, SourceError
from qrng.samples import Samples
from qrng.sources.blocks import BlockSource
from qrng.sources.ibm import client, jobs
from qrng.sources.ibm.learned import choose_learned, learned_count
from qrng.sources.ibm.ledger import Entry, Ledger
from qrng.sources.ibm.plans import JobPlan, choose_qubits, limits_of, make_plans
from qrng.sources.options import Options
from qrng.sources.protocols import PROTOCOLS

__all__ = ["IbmSource", "open_spec"]


class IbmSource(BlockSource):
    """Hadamard circuits, or a protocol's, on a backend of IBM Quantum.

    Args:
        backend: its name, as ibm_fez.
        qubits: "all", physical qubits as "0,4,7", or "learned:N" for N of them (couplers with chsh, chains of three
            with mermin) that calibration and past jobs speak for, chosen anew for each submission. Each qubit is a
            lane, of a protocol each unit.
        shots: shots of noise that are submitted at a time; with each job come two known-answer circuits.
        rep_delay: seconds between shots, None for the backend's default.
        instance: CRN or name of the service instance, None for the account's.
        timeout: seconds to wait for a job; one that takes longer stays in the ledger.
        ledger: the file of jobs, None for the default.
        circuit: "hadamard", or a name in PROTOCOLS, whose units are the qubits in order, with settings as side data.
        mode: "job" for one job at a time, "batch" for as many jobs at a time as the shots need.
        group: with a protocol, shots that share their settings; None for 64 circuits a job.
        test_share: with "source-independent", the share of X, a multiple of 1/256.
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
        mode: str = "job",
        group: int | None = None,
        test_share: float = 0.0625,
        service: Any = None,
    ) -> None:
        self.service = service if service is not None else client.connect(instance)
        client.retried(self.service.usage, "connecting to IBM Quantum")  # the client passes over a refusal until here
        self.backend = client.retried(lambda: self.service.backend(backend), f"opening the backend {backend}")
        self.ledger = Ledger(ledger)
        self._limits = limits_of(self.backend)
        self._asked, self._shots, self._delay, self._circuit = qubits, shots, rep_delay, circuit
        self._mode, self._group, self._share = mode, group, test_share
        self.plans = self._plan()
        self.bits_per_symbol = PROTOCOLS[circuit].qubits if circuit in PROTOCOLS else 1
        self.side_names = ("settings",) if circuit in PROTOCOLS else ()
        self.lanes = len(self.plans[0].qubits) // self.bits_per_symbol
        self._timeout, self._instance = timeout, instance
        given = {"qubits": qubits, "shots": shots, "rep_delay": rep_delay, "instance": instance, "timeout": timeout}
        given.update(circuit=circuit, mode=mode, group=group)
        given["test_share"] = test_share if circuit == "source-independent" else None
        self.spec = f"ibm:{backend}?" + urlencode({k: v for k, v in given.items() if v is not None}, safe=",:")
        self._pending: list[Entry] = []
        self._facts: dict[str, Any] = {}

    def _plan(self) -> list[JobPlan]:
        """Plans of the next submission; learned qubits are chosen anew, by past data only."""
        learned = learned_count(self._asked)
        if learned is None:
            qubits = choose_qubits(self.backend, self._asked, self._circuit)
        else:
            qubits = choose_learned(self.backend, learned, self._circuit, self.ledger)
        return make_plans(
            qubits, self._shots, self._delay, self._circuit, self._mode, self._limits, self._group, self._share
        )

    def submit(self) -> list[Entry]:
        """Send the jobs of the plan and note them; `jobs.collect` brings their bits later."""
        batch = self._mode == "batch"
        return jobs.submit(self.service, self.backend, self.plans, self.ledger, self._instance, batch)

    def _block(self) -> Samples:
        """The bits of the next job. One that fails or is rejected raises; nothing of it is given out."""
        if not self._pending:  # a job that was waited for in vain is collected, not paid for again
            self._pending = self.submit()
            self.plans = self._plan()
        entry = self._pending[0]
        try:
            samples = jobs.collect(self.service, entry, self.ledger, self._timeout)
        except SourceError:
            if self.ledger.entry(entry.tag).state not in ("sending", "submitted"):
                self._pending.pop(0)  # it came to nothing, and must not stand in the way of the others
            raise
        self._pending.pop(0)
        if not self.ledger.close(entry.tag, "collected", "used by a live source"):
            samples.wipe()
            raise SourceError(f"job {entry.job} was collected by another process: its bits are not used twice")
        self._facts = dict(samples.provenance)
        return samples

    def provenance(self) -> dict[str, Any]:
        """As in `Source`: of the latest job, and of the plan before the first."""
        return self._facts or {
            "source": "ibm",
            "device": self.backend.name,
            "simulated": False,
            "reproducible": False,
            "true_shot_order": True,
            "qubits": list(self.plans[0].qubits),
            "rep_delay": self._delay,
        }

    def reopen(self) -> None:
        """As in `Source`: the child drops the bits that the parent holds and submits jobs of its own."""
        super().reopen()
        self._pending = []


def open_spec(target: str, options: Options) -> IbmSource:
    """Open `ibm:BACKEND?qubits=…&shots=…&rep_delay=…&instance=…&timeout=…&circuit=…&mode=…&group=…&test_share=…`."""
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
        mode=options.text("mode", "job") or "",
        group=options.integer("group"),
        test_share=options.number("test_share", 0.0625),
    )
