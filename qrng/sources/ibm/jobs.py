"""Submit and collect, each on its own: between them a queue of hours, a crash or a closed laptop does no harm."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from qrng.errors import ParameterError, SourceError
from qrng.samples import Samples
from qrng.sources.ibm.circuits import KNOWN_ANSWERS, build, build_chsh, read_results
from qrng.sources.ibm.client import TransientError, check_quota, guarded, retried
from qrng.sources.ibm.ledger import Entry, Ledger

__all__ = ["JobPlan", "cancel", "choose_qubits", "collect", "make_plan", "reconcile", "submit", "wait"]

_MOST_EXECUTIONS = 10_000_000  # circuits × shots in one job, as the platform limits it
_MOST_SHOTS = 10_000  # shots of a circuit: the two known-answer circuits take as many
_SETTINGS = 64  # circuits of a CHSH job, each with settings of its own
CIRCUITS = ("hadamard", "chsh")
_POLL = (1.0, 30.0)  # seconds between questions about a job: at first, and at most


@dataclass(frozen=True)
class JobPlan:
    """What one job executes.

    Attributes:
        qubits: physical qubits, lane by lane.
        hadamards: number of circuits that make raw bits.
        shots: shots of every circuit.
        rep_delay: seconds between shots, None for the backend's default.
        circuit: "hadamard", or "chsh" for Bell pairs with random settings, drawn anew for each circuit of each job.
    """

    qubits: tuple[int, ...]
    hadamards: int
    shots: int
    rep_delay: float | None = None
    circuit: str = "hadamard"


def make_plan(
    qubits: tuple[int, ...], shots: int, rep_delay: float | None = None, circuit: str = "hadamard"
) -> JobPlan:
    """Circuits and shots for at least `shots` shots of noise.

    Raises:
        ParameterError: more than the platform executes in one job.
    """
    if shots < 1:
        raise ParameterError(f"ibm: at least one shot is taken, not {shots}")
    if circuit not in CIRCUITS or (circuit == "chsh" and len(qubits) % 2):
        raise ParameterError(f"ibm: the circuit is one of {', '.join(CIRCUITS)}; chsh takes an even number of qubits")
    hadamards = math.ceil(shots / _MOST_SHOTS)
    if circuit == "chsh":
        hadamards = max(hadamards, min(shots, _SETTINGS))
    each = math.ceil(shots / hadamards)
    if (hadamards + KNOWN_ANSWERS) * each > _MOST_EXECUTIONS:
        raise ParameterError(f"ibm: {shots} shots are more than one job executes ({_MOST_EXECUTIONS} with its checks)")
    return JobPlan(qubits, hadamards, each, rep_delay, circuit)


def choose_qubits(backend: Any, asked: str | None) -> tuple[int, ...]:
    """Physical qubits from "all", a number, or a list such as "0,4,7"; qubits known as faulty are left out of "all".

    Raises:
        ParameterError: numbers that the backend doesn't have.
    """
    total = backend.num_qubits
    if asked in (None, "all"):
        with guarded("reading the calibration"):
            faulty = set(getattr(backend.properties(), "faulty_qubits", list)() or [])
        return tuple(q for q in range(total) if q not in faulty)
    try:
        found = tuple(int(part) for part in str(asked).split(","))
    except ValueError:
        raise ParameterError(f'ibm: qubits takes "all" or numbers with commas between them, not {asked!r}') from None
    if len(set(found)) != len(found) or any(not 0 <= q < total for q in found):
        raise ParameterError(f"ibm: qubits must be different numbers from 0 to {total - 1}")
    return found


def calibration(backend: Any, qubits: tuple[int, ...]) -> list[dict[str, Any]]:
    """Readout errors and coherence times of each qubit at this time, as far as the backend tells."""
    with guarded("reading the calibration"):
        properties = backend.properties(refresh=True)
        rows = []
        for qubit in qubits:
            known = properties.qubit_property(qubit) if properties else {}
            row: dict[str, Any] = {"qubit": qubit}
            for name in ("prob_meas1_prep0", "prob_meas0_prep1", "T1", "T2"):
                value = known.get(name, (None,))[0]
                row[name] = float(value) if value is not None and np.isfinite(value) else None
            rows.append(row)
    return rows


def submit(service: Any, backend: Any, plan: JobPlan, ledger: Ledger, instance: str | None = None) -> Entry:
    """Send one job and note it, with the `instance` that it belongs to; returns its entry.

    Raises:
        SourceError: the plan's time is spent, or the platform refuses the job (noted as failed).
    """
    check_quota(service)
    facts: dict[str, Any] = {
        "qubits": list(plan.qubits),
        "hadamards": plan.hadamards,
        "shots": plan.shots,
        "rep_delay": plan.rep_delay,
        "circuit": plan.circuit,
        "instance": instance,
        "calibration": calibration(backend, plan.qubits),
    }
    with guarded("compiling the circuits"):
        if plan.circuit == "chsh":
            drawn = np.frombuffer(os.urandom(plan.hadamards * len(plan.qubits) // 2), np.uint8) % 4
            facts["settings"] = drawn.reshape(plan.hadamards, -1).tolist()
            circuits = build_chsh(backend, list(plan.qubits), facts["settings"])
        else:
            circuits = build(backend, list(plan.qubits), plan.hadamards)
    tag = ledger.intend(backend.name, facts)

    def send() -> str:
        return str(_sampler(backend, plan, tag).run(circuits, shots=plan.shots).job_id())

    try:
        job = retried(send, "submitting the job", lambda: _find(service, tag))
    except TransientError:
        raise  # it may have arrived: stays "sending", and `reconcile` looks for it
    except SourceError as error:
        ledger.close(tag, "failed", str(error))
        raise
    ledger.sent(tag, job)
    return ledger.entry(tag)


def _sampler(backend: Any, plan: JobPlan, tag: str) -> Any:
    """The executor's Sampler where the client has it (0.50), else SamplerV2."""
    execution: dict[str, Any] = {"init_qubits": True}
    if plan.rep_delay is not None:
        execution["rep_delay"] = plan.rep_delay
    options = {"environment": {"job_tags": [tag]}, "execution": execution}
    try:
        from qiskit_ibm_runtime.executor_sampler import Sampler
    except ImportError:
        from qiskit_ibm_runtime import SamplerV2 as Sampler
    return Sampler(mode=backend, options=options)


def _find(service: Any, tag: str) -> str | None:
    """Number of the job with that tag, if it has arrived."""
    found = service.jobs(limit=1, job_tags=[tag])
    return str(found[0].job_id()) if found else None


def reconcile(service: Any, ledger: Ledger) -> int:
    """Look for jobs that were being sent when something broke; the number that was found."""
    found = 0
    for entry in ledger.entries():
        if entry.state == "sending":
            job = retried(lambda tag=entry.tag: _find(service, tag), "looking for jobs")  # type: ignore[misc]
            if job is not None:
                ledger.sent(entry.tag, job)
                found += 1
    return found


def _job(service: Any, entry: Entry) -> Any:
    if entry.job is None:
        raise SourceError(f"{entry.tag}: the platform's number of this job isn't known; `qrng jobs` looks for it")
    return retried(lambda: service.job(entry.job), "looking up the job")


def wait(service: Any, entry: Entry, timeout: float) -> str:
    """The job's final state: DONE, ERROR or CANCELLED.

    Raises:
        SourceError: it is still queued or running after `timeout` seconds; it stays in the ledger.
    """
    job = _job(service, entry)
    end, pause = time.monotonic() + timeout, _POLL[0]
    while (state := str(retried(job.status, "asking for the job's state"))) not in ("DONE", "ERROR", "CANCELLED"):
        if time.monotonic() + pause > end:
            raise SourceError(
                f"job {entry.job} is still {state.lower()} after {timeout:g} s; it is not lost: "
                f"qrng jobs collect {entry.job}"
            )
        time.sleep(pause)
        pause = min(1.5 * pause, _POLL[1])
    return state


def collect(service: Any, entry: Entry, ledger: Ledger, timeout: float = 0.0) -> Samples:
    """The bits of a job, shots in order.

    Hadamard circuits give one-bit symbols, lanes = qubits; Bell pairs two-bit symbols (outcomes a, b), lanes = pairs,
    with the side data "settings", 2x + y for each symbol.

    May be repeated: the platform keeps results, and the ledger keeps the job until `Ledger.close` says "collected".

    Raises:
        SourceError: not done yet or not to be had now (the job stays collectable); failed, cancelled, or results that
            are rejected (noted as the job's end).
    """
    state = wait(service, entry, timeout)
    job = _job(service, entry)
    plan = entry.plan
    doing = f"collecting job {entry.job}"
    try:
        result = retried(job.result, doing)
    except SourceError as error:
        if state != "DONE":
            ledger.close(entry.tag, "cancelled" if state == "CANCELLED" else "failed", str(error))
        raise
    try:
        shots = read_results(result, len(plan["qubits"]), plan["hadamards"], plan["shots"])
    except SourceError as error:
        ledger.close(entry.tag, "failed", str(error))
        raise
    facts = {
        "source": "ibm",
        "device": entry.backend,
        "job": entry.job,
        "submitted_at": entry.made,
        "simulated": False,
        "reproducible": False,
        "true_shot_order": True,
        "circuit": plan["circuit"],
        "qubits": plan["qubits"],
        "rep_delay": plan["rep_delay"],
        "known_answers": {"shots": shots.answers, "flips01": shots.flips01, "flips10": shots.flips10},
        "calibration": plan["calibration"],
    }
    if plan["circuit"] == "chsh":
        symbols = 2 * shots.bits[:, ::2] + shots.bits[:, 1::2]
        settings = np.repeat(np.array(plan["settings"], np.uint8), plan["shots"], axis=0).reshape(-1)
        side = {"settings": settings}
        facts["settings"] = f"random, 2x + y a symbol, {plan['shots']} shots a circuit"
        return Samples.from_symbols(symbols.reshape(-1), 2, lanes=symbols.shape[1], side_data=side, provenance=facts)
    return Samples.from_symbols(shots.bits.reshape(-1), lanes=len(plan["qubits"]), provenance=facts)


def cancel(service: Any, entry: Entry, ledger: Ledger) -> None:
    """Cancel a job that hasn't run."""
    job = _job(service, entry)
    retried(job.cancel, f"cancelling job {entry.job}")
    ledger.close(entry.tag, "cancelled")
