"""Frequency test within a block, SP 800-22 section 2.2: is the share of ones near 1/2 in each block?"""

from __future__ import annotations

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import chi_square_tail
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError


def _check(parameters: Parameters) -> None:
    if not 2 <= parameters["block_length"] < 1 << 32:
        raise ParameterError(f"block_frequency.block_length must be 2 to 2^32 - 1, not {parameters['block_length']}")


def _request(n: int, parameters: Parameters) -> kernels.Request:
    return kernels.block_squares(n // parameters["block_length"], parameters["block_length"])


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    length = parameters["block_length"]
    blocks = sequence.n // length
    if blocks == 0:
        raise NotApplicable(f"needs n ≥ {length}")
    # 4 M sum (pi_i - 1/2)^2, with pi_i - 1/2 = (2 ones - M) / 2M
    chi2 = sequence.measured(_request(sequence.n, parameters)).value / length
    return Outcome((chi_square_tail(chi2, blocks),), {"chi2": chi2, "N": blocks})


TEST = StatisticalTest(
    name="block_frequency",
    section="2.2",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: max(100, parameters["block_length"]),  # 2.2.7
    parameters={"block_length": 128},
    check=_check,
    requests=lambda n, mode, parameters: (_request(n, parameters),),
)
