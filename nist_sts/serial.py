"""Serial test, SP 800-22 section 2.11: are all patterns of m bits equally frequent?"""

from __future__ import annotations

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import chi_square_tail
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError


def _check(parameters: Parameters) -> None:
    if not 2 <= parameters["pattern_length"] <= 24:
        raise ParameterError("serial.pattern_length must be 2 to 24")


def _psi_squared(sequence: Sequence, m: int) -> float:
    """2^m/n sum of squared counts - n, 0 for m = 0."""
    return float((2**m * sequence.squares(m) - sequence.n**2) / sequence.n)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    m = parameters["pattern_length"]
    if sequence.n < m:
        raise NotApplicable(f"needs n ≥ {m}")
    psi = [_psi_squared(sequence, k) for k in (m, m - 1, m - 2)]
    first, second = psi[0] - psi[1], psi[0] - 2 * psi[1] + psi[2]
    p_values = (chi_square_tail(max(first, 0.0), 2 ** (m - 1)), chi_square_tail(max(second, 0.0), 2 ** (m - 2)))
    return Outcome(p_values, {"psi2": psi, "del1": first, "del2": second})


TEST = StatisticalTest(
    name="serial",
    section="2.11",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 1 << (parameters["pattern_length"] + 3),  # 2.11.7: m < floor(log2 n) - 2
    parameters={"pattern_length": 16},
    check=_check,
    labels=lambda parameters: ("del1", "del2"),
    requests=lambda n, mode, parameters: (kernels.patterns(parameters["pattern_length"], 0),),
)
