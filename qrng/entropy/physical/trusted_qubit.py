"""A trusted qubit whose readout noise an adversary knows.

Of each shot he knows whether the readout reads the qubit, always gives 1 (probability p01) or always gives 0
(probability p10); the qubit itself he can only guess, with max(q, 1 − q). In the observed frequencies that is

    H = −log2 max(P(1) + p10, P(0) + p01),

each frequency replaced by its upper confidence limit. For a qubit entangled with the outside replace max(q, 1 − q) as
in Fiorentino et al., Phys. Rev. A 75, 032334 (2007); that is not done here, and said in the assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import check_error, check_probability, guessing, lower_limit, share, upper_limit
from qrng.errors import EntropyError, ParameterError
from qrng.samples import Samples

__all__ = ["Calibration", "LaneBound", "TrustedLanes", "trusted_lanes", "trusted_qubit"]

Calibration = float | tuple[int, int]
"""A readout error: a probability taken as exact, or (flips, shots) of a calibration run."""

_MAX_GROUP = 12  # qubits conditioned on each other: 2^11 cells of counts for the last
_REFERENCE = "trusted qubit, readout noise as classical side information; Clopper-Pearson limits"


def _error_limit(name: str, error: Calibration, log2_error: float) -> float:
    if isinstance(error, tuple):
        return upper_limit(error[0], error[1], log2_error)
    return check_probability(name, error)


def _guess(ones: int, shots: int, p01: float, p10: float, log2_error: float) -> float:
    """Upper limit of the guessing probability; the two frequencies take `log2_error` each."""
    return max(upper_limit(ones, shots, log2_error) + p10, upper_limit(shots - ones, shots, log2_error) + p01)


def _assumptions(p01: Calibration, p10: Calibration) -> tuple[str, ...]:
    given = "taken as exact" if isinstance(p01, float | int) and isinstance(p10, float | int) else "bounded by counts"
    return (
        "the qubit is prepared and rotated as told and is not entangled with the outside",
        "the measurement is a fixed qubit measurement followed by classical bit flips",
        f"the readout errors are those of the same job, {given}",
        "shots are independent given the side information",
    )


def trusted_qubit(ones: int, shots: int, p01: Calibration, p10: Calibration, log2_error: float = -64.0) -> EntropyClaim:
    """Min-entropy of a bit of one trusted qubit.

    Args:
        ones: shots that read 1.
        shots: all shots.
        p01, p10: P(read 1 | 0) and P(read 0 | 1), exact or as calibration counts.
        log2_error: log2 of the probability that a limit fails, split equally over all limits used.

    Raises:
        EntropyError: nothing is left.
        ParameterError: counts or probabilities out of range.
    """
    parts = 2 + isinstance(p01, tuple) + isinstance(p10, tuple)
    each = share(check_error(log2_error), parts)
    guess = _guess(ones, shots, _error_limit("p01", p01, each), _error_limit("p10", p10, each), each)
    return EntropyClaim(guessing(guess, "trusted qubit"), log2_error, _assumptions(p01, p10), _REFERENCE)


@dataclass(frozen=True)
class LaneBound:
    """What is known of one lane.

    Attributes:
        lane: its number.
        ones, symbols: counts.
        p1_low, p1_high: confidence limits of P(1), at the error that this lane has a share of.
        min_entropy: bits a symbol given the lanes before it in its group; 0 where nothing is left.
    """

    lane: int
    ones: int
    symbols: int
    p1_low: float
    p1_high: float
    min_entropy: float


@dataclass(frozen=True)
class TrustedLanes:
    """Bounds of all lanes, and the claim that they add up to.

    Attributes:
        lanes: one a lane.
        claim: mean over the lanes, per symbol; it holds for whole shots.
    """

    lanes: tuple[LaneBound, ...]
    claim: EntropyClaim


def trusted_lanes(
    samples: Samples,
    p01: Calibration | Sequence[Calibration],
    p10: Calibration | Sequence[Calibration],
    log2_error: float = -64.0,
    groups: Sequence[Sequence[int]] | None = None,
) -> TrustedLanes:
    """Min-entropy of the qubits of a multiplexed capture, lane by lane.

    Args:
        samples: one-bit symbols, lanes = qubits, whole shots.
        p01, p10: readout errors, one for all lanes or one for each. A tuple (flips, shots) is one calibration.
        log2_error: split equally over every limit of every lane.
        groups: lanes coupled by crosstalk; each lane not named is a group of its own. In a group, each lane counts
            given the worst pattern of the lanes before it, so that the group's entropies add by the chain rule.

    Raises:
        EntropyError: no lane has any min-entropy.
        ParameterError: samples that aren't whole shots of bits, or groups that overlap.
    """
    n = samples.lanes
    if samples.bits_per_symbol != 1 or samples.first % n or samples.count % n or not samples.count:
        raise ParameterError("trusted qubits need one-bit symbols in whole shots of all lanes")
    flips01, flips10 = _each("p01", p01, n), _each("p10", p10, n)
    before = _before(groups or [], n)
    limits = sum(2 << len(earlier) for earlier in before) + sum(isinstance(e, tuple) for e in (*flips01, *flips10))
    each = share(check_error(log2_error), limits + 2 * n)  # two more a lane for its printed interval
    shots = samples.symbols().reshape(-1, n)
    bounds = []
    for k in range(n):
        e01, e10 = _error_limit("p01", flips01[k], each), _error_limit("p10", flips10[k], each)
        guess = max(_guess(ones, total, e01, e10, each) for ones, total in _cells(shots, k, before[k]))
        ones = int(np.count_nonzero(shots[:, k]))
        low, high = lower_limit(ones, len(shots), each), upper_limit(ones, len(shots), each)
        bounds.append(LaneBound(k, ones, len(shots), low, high, guessing(guess, "lane") if guess < 1 else 0.0))
    mean = sum(bound.min_entropy for bound in bounds) / n
    if not mean:
        raise EntropyError("trusted qubits: no lane has any min-entropy left")
    coupled = "groups of coupled qubits are" if groups else "the qubits are"
    assumptions = (
        *_assumptions(flips01[0], flips10[0]),
        f"{coupled} independent of each other given the side information",
        "entropy is counted over whole shots",
    )
    weakest = min(mean, min(bound.min_entropy for bound in bounds if bound.min_entropy > 0))
    claim = EntropyClaim(mean, log2_error, assumptions, _REFERENCE, weakest_lane=weakest)
    return TrustedLanes(tuple(bounds), claim)


def _each(name: str, errors: Calibration | Sequence[Calibration], n: int) -> list[Calibration]:
    if isinstance(errors, float | int):
        return [float(errors)] * n
    if isinstance(errors, tuple) and len(errors) == 2 and isinstance(errors[0], int) and isinstance(errors[1], int):
        return [(errors[0], errors[1])] * n
    found = list(errors)
    if len(found) != n:
        raise ParameterError(f"{name}: {len(found)} readout errors for {n} lanes")
    return found


def _before(groups: Sequence[Sequence[int]], n: int) -> list[list[int]]:
    """For each lane, the lanes of its group that come before it."""
    before: list[list[int]] = [[] for _ in range(n)]
    named = [lane for group in groups for lane in group]
    if len(set(named)) != len(named) or any(not 0 <= lane < n for lane in named):
        raise ParameterError(f"groups must name lanes from 0 to {n - 1}, each at most once")
    for group in groups:
        if len(group) > _MAX_GROUP:
            raise ParameterError(f"a group has at most {_MAX_GROUP} lanes, not {len(group)}")
        for position, lane in enumerate(sorted(group)):
            before[lane] = sorted(group)[:position]
    return before


def _cells(shots: npt.NDArray[np.unsignedinteger[Any]], lane: int, before: list[int]) -> list[tuple[int, int]]:
    """Ones and shots of a lane for each pattern of the lanes before it."""
    pattern = np.zeros(len(shots), np.int64)
    for earlier in before:
        pattern = 2 * pattern + shots[:, earlier]
    total = np.bincount(pattern, minlength=2 ** len(before))
    ones = np.bincount(pattern[shots[:, lane] == 1], minlength=2 ** len(before))
    return [(int(a), int(b)) for a, b in zip(ones, total, strict=True)]
