"""Random excursions variant test, SP 800-22 section 2.15: how often does the walk visit a place in all?"""

from __future__ import annotations

import math

from nist_sts import kernels
from nist_sts.base import Mode, Outcome, Parameters, StatisticalTest
from nist_sts.random_excursions import require_cycles
from nist_sts.sequence import Sequence

_PLACES = tuple(x for x in range(-9, 10) if x)


def p_value(visits: int, cycles: int, x: int) -> float:
    """Section 2.15.4 (4)."""
    return math.erfc(abs(visits - cycles) / math.sqrt(2 * cycles * (4 * abs(x) - 2)))


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    cycles = require_cycles(sequence)
    found = sequence.cycles.visits.tolist()
    visits = [found[x + 9] for x in _PLACES]
    p_values = tuple(p_value(count, cycles, x) for count, x in zip(visits, _PLACES, strict=True))
    return Outcome(p_values, {"J": cycles, "xi": visits})


TEST = StatisticalTest(
    name="random_excursions_variant",
    section="2.15",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 1000,  # the fewest that hold 500 cycles
    requests=lambda n, mode, parameters: (kernels.CYCLES,),
    labels=lambda parameters: tuple(f"x = {x:+d}" for x in _PLACES),
)
