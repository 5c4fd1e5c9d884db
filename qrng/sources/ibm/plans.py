"""What one job executes, within what the platform and the backend allow, and what it costs in processor time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qrng.errors import ParameterError
from qrng.sources.ibm.circuits import KNOWN_ANSWERS
from qrng.sources.ibm.client import guarded

__all__ = [
    "CIRCUITS",
    "MODES",
    "READOUT",
    "REP_DELAY",
    "Cost",
    "JobPlan",
    "Limits",
    "choose_qubits",
    "cost",
    "limits_of",
    "make_plans",
]

CIRCUITS = ("hadamard", "chsh")
MODES = ("job", "batch")
_SHOTS = 10_000  # shots of a circuit where circuits are not scarce: the two known-answer circuits take as many
_SETTINGS = 64  # circuits of a CHSH job, each with settings of its own, where the shots a setting are not asked for

REP_DELAY = 250e-6
"""Seconds between shots: the default of the processors from 127 qubits on, as their configurations state it."""
READOUT = 1.56e-6
"""Seconds of a measurement on ibm_fez and ibm_torino, as their calibrations state it (readout_length)."""


@dataclass(frozen=True)
class Limits:
    """What one job may hold, and how shots are timed.

    Attributes:
        executions: circuits × shots of one job, as the platform limits it.
        shots: of one circuit.
        circuits: of one job, None if the backend states no limit.
        rep_delay: smallest and largest delay between shots in seconds, None if it can't be chosen.
        default_rep_delay: seconds, None if the backend doesn't say.
        readout: seconds that a measurement takes on the slowest qubit, None if the backend doesn't say.
    """

    executions: int = 10_000_000
    shots: int = 100_000
    circuits: int | None = None
    rep_delay: tuple[float, float] | None = None
    default_rep_delay: float | None = None
    readout: float | None = None


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


def limits_of(backend: Any) -> Limits:
    """What the backend states of itself; where it is silent, the platform's general limits."""
    with guarded("reading the backend's limits"):
        told = backend.configuration()
        circuits = backend.max_circuits or getattr(told, "max_experiments", None)
        span = getattr(told, "rep_delay_range", None)
        durations = [p.duration for p in backend.target["measure"].values() if p is not None and p.duration]
        return Limits(
            shots=int(getattr(told, "max_shots", None) or Limits.shots),
            circuits=int(circuits) if circuits else None,
            rep_delay=(float(span[0]), float(span[1]))
            if span and getattr(told, "dynamic_reprate_enabled", 0)
            else None,
            default_rep_delay=getattr(told, "default_rep_delay", None),
            readout=max(durations, default=None),
        )


def make_plans(
    qubits: tuple[int, ...],
    shots: int,
    rep_delay: float | None = None,
    circuit: str = "hadamard",
    mode: str = "job",
    limits: Limits | None = None,
    group: int | None = None,
) -> list[JobPlan]:
    """Plans for at least `shots` shots of noise: one in job mode, as many as are needed in batch mode, all alike.

    Args:
        group: shots that share their settings, for "chsh": more where the job's circuits don't suffice.

    Raises:
        ParameterError: more than one job holds in job mode, or what the backend can't do.
    """
    limits = limits or Limits()
    if mode not in MODES:
        raise ParameterError(f"ibm: the mode is one of {', '.join(MODES)}, not {mode!r}")
    if shots < 1:
        raise ParameterError(f"ibm: at least one shot is taken, not {shots}")
    if not qubits:
        raise ParameterError("ibm: no qubits are left to measure")
    if circuit not in CIRCUITS or (circuit == "chsh" and len(qubits) % 2):
        raise ParameterError(f"ibm: the circuit is one of {', '.join(CIRCUITS)}; chsh takes an even number of qubits")
    if group is not None and (circuit != "chsh" or group < 1):
        raise ParameterError("ibm: a group is of at least one shot, and of chsh circuits, which have settings")
    _check_delay(rep_delay, limits)
    best, most = _capacity(limits)
    jobs = math.ceil(shots / most)
    if jobs > 1 and mode == "job":
        raise ParameterError(
            f"ibm: {shots} shots are more than the {most} that one job takes beside its known-answer circuits: ask for "
            "fewer, or send several jobs with mode=batch"
        )
    share = math.ceil(shots / jobs)
    hadamards = math.ceil(share / min(_SHOTS, limits.shots))
    if circuit == "chsh":
        hadamards = max(hadamards, min(share, _SETTINGS) if group is None else math.ceil(share / group))
    if limits.circuits is not None:
        hadamards = min(hadamards, limits.circuits - KNOWN_ANSWERS)
    each = math.ceil(share / hadamards)
    if each > limits.shots or (hadamards + KNOWN_ANSWERS) * each > limits.executions:
        hadamards, each = math.ceil(share / best), best
    return [JobPlan(qubits, hadamards, each, rep_delay, circuit)] * jobs


def _capacity(limits: Limits) -> tuple[int, int]:
    """Shots of a circuit with which a job takes most shots of noise, and that number."""
    circuits = limits.executions if limits.circuits is None else limits.circuits
    each = min(limits.shots, max(_SHOTS, limits.executions // circuits))
    most = each * (min(circuits, limits.executions // each) - KNOWN_ANSWERS)
    if most < 1:
        raise ParameterError("ibm: this backend's jobs have no room for known-answer circuits beside the noise")
    return each, most


def _check_delay(rep_delay: float | None, limits: Limits) -> None:
    if rep_delay is None:
        return
    if not (math.isfinite(rep_delay) and rep_delay >= 0):
        raise ParameterError(f"ibm: rep_delay is in seconds and not negative, not {rep_delay}")
    if limits.rep_delay is None:
        return
    low, high = limits.rep_delay
    if not low <= rep_delay <= high:
        raise ParameterError(f"ibm: rep_delay must lie from {low:g} to {high:g} s on this backend, not {rep_delay:g}")


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
        raise ParameterError(
            f'ibm: qubits takes "all", "learned:N" or numbers with commas between them, not {asked!r}'
        ) from None
    if len(set(found)) != len(found) or any(not 0 <= q < total for q in found):
        raise ParameterError(f"ibm: qubits must be different numbers from 0 to {total - 1}")
    return found


@dataclass(frozen=True)
class Cost:
    """An estimate of what plans cost; the platform's own count of a job's usage is what is paid.

    Attributes:
        executions: circuits × shots, known-answer circuits included.
        shot: seconds of one shot: delay, readout and gates.
        seconds: processor time of all executions, without the time that the platform takes to load a job.
        raw_bits: bits that come of it.
        per_raw_megabit: seconds for 10⁶ raw bits.
        per_megabit: seconds for 10⁶ bits of output, None without a claim.
    """

    executions: int
    shot: float
    seconds: float
    raw_bits: int
    per_raw_megabit: float
    per_megabit: float | None


def cost(
    plans: list[JobPlan], rep_delay: float, readout: float, gates: float = 0.0, min_entropy: float | None = None
) -> Cost:
    """Processor time of plans: executions × (rep_delay + readout + gates).

    Args:
        rep_delay: seconds between shots; a plan's own delay goes before it.
        readout, gates: seconds of the measurement, and of the gates before it.
        min_entropy: bits of output for each raw bit.

    Raises:
        ParameterError: times or a min-entropy out of range.
    """
    if not (rep_delay >= 0 and readout >= 0 and gates >= 0 and 0 < rep_delay + readout + gates < math.inf):
        raise ParameterError("the times of a shot are in seconds, not negative, and not all zero")
    if min_entropy is not None and not 0 < min_entropy <= 1:
        raise ParameterError(f"the min-entropy of a raw bit lies above 0 and up to 1, not {min_entropy}")
    if not plans:
        raise ParameterError("no plans to cost")
    delay = rep_delay if plans[0].rep_delay is None else plans[0].rep_delay
    shot = delay + readout + gates
    executions = sum((plan.hadamards + KNOWN_ANSWERS) * plan.shots for plan in plans)
    raw = sum(plan.hadamards * plan.shots * len(plan.qubits) for plan in plans)
    seconds = executions * shot
    each = 1e6 * seconds / raw
    return Cost(executions, shot, seconds, raw, each, each / min_entropy if min_entropy else None)
