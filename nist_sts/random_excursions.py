"""Random excursions test, SP 800-22 section 2.14: how often does the walk visit a place between its returns to 0?"""

from __future__ import annotations

import functools
import math
from fractions import Fraction

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import goodness_of_fit
from nist_sts.sequence import Sequence

_PLACES = (-4, -3, -2, -1, 1, 2, 3, 4)
_THIN = 1000
"""Cycles below which the classes of places with |x| >= 3 are pooled."""


_STS_PROBABILITIES = {  # as STS 2.1.2 has them, to ten or eleven digits; those of |x| = 1 and 2 are exact
    3: (0.8333333333, 0.02777777778, 0.02314814815, 0.01929012346, 0.01607510288, 0.0803755143),
    4: (0.8750000000, 0.01562500000, 0.01367187500, 0.01196289063, 0.01046752930, 0.0732727051),
}


@functools.cache
def probabilities(x: int) -> tuple[Fraction, ...]:
    """P(0, 1, 2, 3, 4, >= 5 visits to x in a cycle), section 3.14."""
    leave = Fraction(1, 2 * abs(x))
    return (1 - leave, *(leave**2 * (1 - leave) ** (k - 1) for k in range(1, 5)), leave * (1 - leave) ** 4)


@functools.cache
def _law(x: int, mode: Mode) -> tuple[float, ...]:
    exact = tuple(float(p) for p in probabilities(x))
    return _STS_PROBABILITIES.get(abs(x), exact) if mode == "nist" else exact


def require_cycles(sequence: Sequence) -> int:
    """J, the number of cycles, where it is enough for the two excursion tests: max(0.005 sqrt n, 500), 2.14.4 (3)."""
    count, n = sequence.cycles.number, sequence.n
    least = math.ceil(max(0.005 * math.sqrt(n), 500))
    if count < least:
        raise NotApplicable(f"needs J ≥ {least:,} cycles of the walk, found {count:,}")
    return count


def p_value(cycles: int, nu: list[int], x: int, mode: Mode) -> tuple[float, float]:
    """Chi-square of the classes of one place and its p-value."""
    law = _law(x, mode)
    if mode == "corrected" and abs(x) >= 3 and cycles < _THIN:
        nu = [nu[0], nu[1] + nu[2], nu[3] + nu[4], nu[5]]
        law = (law[0], law[1] + law[2], law[3] + law[4], law[5])
    return goodness_of_fit(nu, law)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    cycles, most = require_cycles(sequence), max(1000, sequence.n // 100)
    if mode == "nist" and cycles > most:
        raise NotApplicable(f"NIST's program holds {most:,} cycles, found {cycles:,}")
    classes = sequence.cycles.classes.tolist()
    nu = [classes[x + 4] for x in _PLACES]
    found = [p_value(cycles, counts, x, mode) for counts, x in zip(nu, _PLACES, strict=True)]
    return Outcome(tuple(p for _, p in found), {"J": cycles, "nu": nu, "chi2": [chi2 for chi2, _ in found]})


TEST = StatisticalTest(
    name="random_excursions",
    section="2.14",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 1000,  # the fewest that hold 500 cycles
    requests=lambda n, mode, parameters: (kernels.CYCLES,),
    labels=lambda parameters: tuple(f"x = {x:+d}" for x in _PLACES),
    correction="exact class probabilities, thin classes of |x| ≥ 3 pooled below 1000 cycles",
)
