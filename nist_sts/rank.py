"""Binary matrix rank test, SP 800-22 section 2.5: are rows of M x Q matrices as independent as random ones?"""

from __future__ import annotations

import functools
import math

from nist_sts import kernels
from nist_sts.base import Mode, NotApplicable, Outcome, Parameters, StatisticalTest
from nist_sts.distributions import goodness_of_fit
from nist_sts.sequence import Sequence
from qrng.errors import ParameterError


@functools.cache
def exact_probabilities(rows: int, columns: int) -> tuple[float, float, float]:
    """P(rank = m), P(m - 1), P(below) of a random binary matrix, m = min(rows, columns): section 3.5."""

    def probability(r: int) -> float:
        product = math.prod(
            (1 - 2.0 ** (i - rows)) * (1 - 2.0 ** (i - columns)) / (1 - 2.0 ** (i - r)) for i in range(r)
        )
        return float(2.0 ** (r * (rows + columns - r) - rows * columns) * product)

    full = min(rows, columns)
    first, second = probability(full), probability(full - 1)
    return first, second, 1 - (first + second)


def _check(parameters: Parameters) -> None:
    if not (2 <= parameters["rows"] <= 64 and 2 <= parameters["columns"] <= 64):
        raise ParameterError("rank.rows and rank.columns must be 2 to 64")


def _request(n: int, parameters: Parameters) -> kernels.Request:
    rows, columns = parameters["rows"], parameters["columns"]
    return kernels.ranks(n // (rows * columns), rows, columns)


def _evaluate(sequence: Sequence, mode: Mode, parameters: Parameters) -> Outcome:
    rows, columns = parameters["rows"], parameters["columns"]
    if sequence.n < rows * columns:
        raise NotApplicable(f"needs n ≥ {rows * columns:,}")
    counts = sequence.measured(_request(sequence.n, parameters)).counts[: min(rows, columns) + 1].tolist()
    classes = [counts[-1], counts[-2], sum(counts[:-2])]
    chi2, p = goodness_of_fit(classes, exact_probabilities(rows, columns))
    return Outcome((p,), {"F": classes, "chi2": chi2})


TEST = StatisticalTest(
    name="rank",
    section="2.5",
    evaluate=_evaluate,
    minimum=lambda mode, parameters: 38 * parameters["rows"] * parameters["columns"],  # 2.5.7
    parameters={"rows": 32, "columns": 32},
    check=_check,
    requests=lambda n, mode, parameters: (_request(n, parameters),),
)
