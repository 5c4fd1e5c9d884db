"""Submit and collect, each on its own: between them a queue of hours, a crash or a closed laptop does no harm."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from qrng._native import wipe
from qrng.errors import SourceError
from qrng.samples import Samples
from qrng.sources.ibm.circuits import Shots, WrongAnswersError, build, build_chsh, read_results, right_answers
from qrng.sources.ibm.client import TransientError, check_quota, guarded, retried
from qrng.sources.ibm.ledger import Entry, Ledger
from qrng.sources.ibm.plans import JobPlan

__all__ = ["calibration", "cancel", "collect", "reconcile", "submit", "wait"]

_POLL = (1.0, 30.0)  # seconds between questions about a job: at first, and at most
_NEVER = timedelta(days=1)  # after which a job that was being sent has not arrived


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


def submit(
    service: Any,
    backend: Any,
    plans: list[JobPlan],
    ledger: Ledger,
    instance: str | None = None,
    batch: bool = False,
) -> list[Entry]:
    """Send jobs and note them, with the `instance` that they belong to; returns their entries.

    Args:
        batch: send them as one batch, which the platform compiles together and runs one after another. Jobs that were
            sent before something broke stay in the ledger, and are collected like any other.

    Raises:
        SourceError: the plan's time is spent, or the platform refuses a job (noted as failed).
    """
    if any(entry.state == "sending" for entry in ledger.entries()):
        reconcile(service, ledger)  # an earlier run broke off while it sent a job: that one is looked for first
    check_quota(service)
    rows = calibration(backend, plans[0].qubits)
    with _batch(backend, batch) as mode:
        return [_submit_one(service, backend, plan, ledger, instance, mode, rows) for plan in plans]


@contextmanager
def _batch(backend: Any, wanted: bool) -> Iterator[Any]:
    """A batch that is closed to further jobs at the end; None for job mode."""
    if not wanted:
        yield None
        return
    from qiskit_ibm_runtime import Batch

    batch = retried(lambda: Batch(backend=backend), "opening a batch")
    try:
        yield batch
    finally:
        # a batch that is left open costs nothing: the platform closes it, and its jobs run all the same
        with suppress(SourceError), guarded("closing the batch"):
            batch.close()


def _submit_one(
    service: Any,
    backend: Any,
    plan: JobPlan,
    ledger: Ledger,
    instance: str | None,
    batch: Any,
    rows: list[dict[str, Any]],
) -> Entry:
    facts: dict[str, Any] = {
        "qubits": list(plan.qubits),
        "hadamards": plan.hadamards,
        "shots": plan.shots,
        "rep_delay": plan.rep_delay,
        "circuit": plan.circuit,
        "instance": instance,
        "batch": None if batch is None else str(batch.session_id),
        "calibration": rows,
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
        return str(_sampler(batch or backend, plan, tag).run(circuits, shots=plan.shots).job_id())

    try:
        job = retried(send, "submitting the job", lambda: _find(service, tag))
    except TransientError:
        raise  # it may have arrived: stays "sending", and `reconcile` looks for it
    except SourceError as error:
        with suppress(SourceError), guarded("looking for the job"):  # an error that nobody knows may come after arrival
            if _find(service, tag) is None:
                ledger.close(tag, "failed", str(error))
        raise
    ledger.sent(tag, job)
    return ledger.entry(tag)


def _sampler(mode: Any, plan: JobPlan, tag: str) -> Any:
    """The executor's Sampler where the client has it (0.50), else SamplerV2."""
    execution: dict[str, Any] = {"init_qubits": True}
    if plan.rep_delay is not None:
        execution["rep_delay"] = plan.rep_delay
    options = {"environment": {"job_tags": [tag]}, "execution": execution}
    try:
        from qiskit_ibm_runtime.executor_sampler import Sampler
    except ImportError:
        from qiskit_ibm_runtime import SamplerV2 as Sampler
    return Sampler(mode=mode, options=options)


def _find(service: Any, tag: str) -> str | None:
    """Number of the job with that tag, if it has arrived."""
    found = service.jobs(limit=1, job_tags=[tag])
    return str(found[0].job_id()) if found else None


def reconcile(service: Any, ledger: Ledger) -> int:
    """Look for jobs that were being sent when something broke; the number that was found.

    One that has not arrived after a day never will, and is noted as failed.
    """
    found = 0
    for entry in ledger.entries():
        if entry.state != "sending":
            continue
        job = retried(lambda tag=entry.tag: _find(service, tag), "looking for jobs")  # type: ignore[misc]
        if job is not None:
            ledger.sent(entry.tag, job)
            found += 1
        elif datetime.now(UTC) - datetime.fromisoformat(entry.made) > _NEVER:
            ledger.close(entry.tag, "failed", "it never arrived on the platform")
    return found


def _job(service: Any, entry: Entry) -> Any:
    if entry.job is None:
        raise SourceError(
            f"{entry.tag}: the platform's number of this job isn't known; `qrng jobs --refresh` looks for it"
        )
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
    if state == "CANCELLED":
        ledger.close(entry.tag, "cancelled", "before it was collected")
        raise SourceError(f"job {entry.job} was cancelled; submit it again")
    doing = f"collecting job {entry.job}"
    try:
        result = retried(job.result, doing)
    except SourceError as error:
        if state != "DONE":
            ledger.close(entry.tag, "failed", str(error))
        raise
    if result is None or isinstance(result, str | bytes):  # what was cut on the way is not decoded by every client
        raise SourceError(f"{doing}: the results came incomplete; collect it again")
    try:
        shots = read_results(result, len(plan["qubits"]), plan["hadamards"], plan["shots"])
    except WrongAnswersError as error:
        ledger.learn(entry.tag, "answers", error.outcomes(plan["qubits"]))
        ledger.close(entry.tag, "failed", str(error))
        raise
    except SourceError as error:
        ledger.close(entry.tag, "failed", str(error))
        raise
    ledger.learn(entry.tag, "answers", right_answers(shots, plan["qubits"]))
    try:
        return _samples(entry, shots, ledger)
    finally:
        wipe(shots.bits)


def _samples(entry: Entry, shots: Shots, ledger: Ledger) -> Samples:
    """Symbols with what is known of them."""
    plan = entry.plan
    facts = {
        "source": "ibm",
        "device": entry.backend,
        "job": entry.job,
        "batch": plan.get("batch"),
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
        settings = np.repeat(np.array(plan["settings"], np.uint8), plan["shots"], axis=0)
        won = ((symbols // 2 != symbols % 2) == (settings == 3)).sum(axis=0)
        pairs = zip(plan["qubits"][::2], plan["qubits"][1::2], strict=True)
        found = {f"{a}-{b}": (int(k), len(symbols)) for (a, b), k in zip(pairs, won, strict=True)}
        ledger.learn(entry.tag, "chsh", found)
        facts["settings"] = f"random, 2x + y a symbol, {plan['shots']} shots a circuit"
        side = {"settings": settings.reshape(-1)}
        flat = np.ascontiguousarray(symbols).reshape(-1)
        samples = Samples.from_symbols(flat, 2, lanes=symbols.shape[1], side_data=side, provenance=facts)
        wipe(flat)
        return samples
    return Samples.from_symbols(shots.bits.reshape(-1), lanes=len(plan["qubits"]), provenance=facts)


def cancel(service: Any, entry: Entry, ledger: Ledger) -> None:
    """Cancel a job that hasn't run."""
    job = _job(service, entry)
    retried(job.cancel, f"cancelling job {entry.job}")
    ledger.close(entry.tag, "cancelled")
