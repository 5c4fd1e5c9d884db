"""Qubits and couplers chosen by calibration and by what came of past jobs: `ibm:BACKEND?qubits=learned:N`.

Arms are qubits (share of known answers that came out right), or couplers for CHSH (share of trials won). The backend's
calibration is the prior; the ledger holds the past. Arms that are known not to work are dropped: faulty ones, those
whose readout errs more than a job may, and those of which past known answers say so. A choice looks at past data only,
and each claim is computed from the job that came after it (`qrng.sources.selection`).
"""

from __future__ import annotations

import math
from typing import Any

from qrng.errors import ParameterError
from qrng.sources.ibm.circuits import WRONG_ANSWERS
from qrng.sources.ibm.client import guarded
from qrng.sources.ibm.ledger import Ledger
from qrng.sources.selection import ThompsonSelector

__all__ = ["choose_learned", "coupler_prior", "learned_count", "qubit_prior"]

PRIOR_TRIALS = 500.0
"""Trials that a calibration of unknown age is worth."""
MEMORY = 200_000.0
"""Trials of an arm after which older ones count 1/e: some twenty jobs of 10,000 shots."""
_ALIVE = 1 - WRONG_ANSWERS / 2  # share of known answers of a qubit that errs in one of its two states as a job may
_BEST_WIN = 0.5 + math.sqrt(2) / 4


def learned_count(asked: str | None) -> int | None:
    """N of "learned:N"; None if something else is asked for.

    Raises:
        ParameterError: N is no number above 0.
    """
    name, _, count = (asked or "").partition(":")
    if name != "learned":
        return None
    if not count.isdecimal() or int(count) < 1:
        raise ParameterError(f"ibm: learned qubits are asked for as learned:N, N of them, not {asked!r}")
    return int(count)


def choose_learned(backend: Any, count: int, circuit: str, ledger: Ledger, seed: int | None = None) -> tuple[int, ...]:
    """Physical qubits for the next job: `count` of them, or both qubits of each of `count` couplers for "chsh".

    Raises:
        ParameterError: fewer arms work than are asked for.
    """
    arms = coupler_prior(backend) if circuit == "chsh" else qubit_prior(backend)
    uses = {arm: tuple(map(int, arm.split("-"))) for arm in arms}
    answers: dict[int, tuple[int, int]] = {}
    for arm, wins, trials in ledger.outcomes(backend.name, "answers"):
        answers[int(arm)] = (wins, trials)  # the latest counts: a qubit may have been repaired
    dead = {q for q, (wins, trials) in answers.items() if trials and wins / trials < _ALIVE}
    working = [arm for arm in arms if not dead & set(uses[arm])]
    if len(working) < count:
        raise ParameterError(f"ibm: {len(working)} of {backend.name} work by calibration and past jobs, not {count}")
    selector = ThompsonSelector(
        [arms[arm] for arm in working], PRIOR_TRIALS, MEMORY, [uses[arm] for arm in working], seed
    )
    place = {arm: k for k, arm in enumerate(working)}
    for arm, wins, trials in ledger.outcomes(backend.name, "chsh" if circuit == "chsh" else "answers"):
        if arm in place and trials:
            selector.update(place[arm], wins, trials)
    chosen = selector.choose(count)
    if len(chosen) < count:
        raise ParameterError(f"ibm: only {len(chosen)} couplers that share no qubit were found, not {count}")
    return tuple(qubit for k in chosen for qubit in uses[working[k]])


def qubit_prior(backend: Any) -> dict[str, float]:
    """Share of known answers that each working qubit should get right, by the calibration."""
    return {str(qubit): _clip(1 - error) for qubit, error in _readout_errors(backend).items()}


def coupler_prior(backend: Any) -> dict[str, float]:
    """Share of CHSH trials that each working coupler should win, by the calibration.

    A gate of average infidelity e, taken as depolarizing (parameter 4e/3 for two qubits), leaves the correlations with
    a factor 1 − 4e/3, a readout error r with 1 − 2r: ω = 1/2 + √2/4 · (1 − 4e/3)(1 − 2 r_a)(1 − 2 r_b).
    """
    errors = _readout_errors(backend)
    found: dict[str, float] = {}
    with guarded("reading the calibration"):
        for name in backend.operation_names:
            for qubits, properties in backend.target[name].items() if name in backend.target else ():
                if qubits is None or len(qubits) != 2 or properties is None or properties.error is None:
                    continue
                a, b = sorted(qubits)
                if a not in errors or b not in errors or not 0 <= properties.error < WRONG_ANSWERS:
                    continue
                kept = (1 - 4 * properties.error / 3) * (1 - 2 * errors[a]) * (1 - 2 * errors[b])
                win = _clip(0.5 + (_BEST_WIN - 0.5) * kept)
                found[f"{a}-{b}"] = max(win, found.get(f"{a}-{b}", 0.0))
    return found


def _readout_errors(backend: Any) -> dict[int, float]:
    """Readout error of each qubit that is not known to be broken."""
    with guarded("reading the calibration"):
        properties = backend.properties()
        faulty = set(getattr(properties, "faulty_qubits", list)() or [])
        found = {}
        for qubit in range(backend.num_qubits):
            error = properties.qubit_property(qubit).get("readout_error", (None,))[0]
            if qubit not in faulty and error is not None and 0 <= error < WRONG_ANSWERS:
                found[qubit] = float(error)
        return found


def _clip(p: float) -> float:
    return min(max(p, 0.01), 0.9999)
