"""Source-independent accounting: θ, K, seed, and what is refused. Values: recomputed from the formulas of the paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.entropy.physical import source_independent
from qrng.entropy.physical.limits import binary_entropy
from qrng.entropy.physical.source_independent import deviation
from qrng.errors import EntropyError, ParameterError


@pytest.mark.parametrize(
    ("rounds", "x_rounds", "errors", "output"),
    [(10**6, 20_000, 200, 838_424), (10**6, 20_000, 600, 715_466), (10**4, 2000, 20, 5071)],
)
def test_worked_values(rounds: int, x_rounds: int, errors: int, output: int) -> None:
    """ε_θ = 2^-100, t_e = 100."""
    found = source_independent(rounds, x_rounds, errors, -100)
    assert math.floor(found.output_bits(-100)) == output
    if rounds == 10**6 and errors == 200:
        assert found.theta == pytest.approx(0.01052, abs=5e-6)
        assert found.log2_output_error(-100) == pytest.approx(-49, abs=0.5)
        assert found.claim.bits_per_sample == pytest.approx(found.min_entropy / 980_000)
        assert found.claim.log2_error == -49


def test_a_seed_that_costs_more_than_it_brings_is_refused() -> None:
    found = source_independent(10**4, 2000, 20, -100)
    assert found.seed_bits == pytest.approx(7212.6, abs=0.05)
    assert found.net_bits < 0
    with pytest.raises(EntropyError, match="net negative"):
        _ = found.claim


def test_no_error_seen_is_no_proof() -> None:
    assert source_independent(10**6, 20_000, 0).error_rate == 1 / 20_000


def test_too_many_errors_leave_nothing() -> None:
    for errors in (9_990, 10_000, 20_000):
        with pytest.raises(EntropyError, match="no min-entropy"):
            _ = source_independent(10**6, 20_000, errors).claim


@given(st.integers(2000, 10**7), st.floats(0.01, 0.5), st.floats(0, 0.2), st.integers(-200, -10))
def test_the_bound_falls_with_errors_and_with_the_failure_allowed(
    rounds: int, share: float, e: float, log2_failure: int
) -> None:
    x_rounds = max(10, int(rounds * share))
    errors = int(e * x_rounds)
    base = source_independent(rounds, x_rounds, errors, log2_failure)
    assert source_independent(rounds, x_rounds, errors + 1, log2_failure).min_entropy <= base.min_entropy + 1e-6
    assert source_independent(rounds, x_rounds, errors, log2_failure - 1).min_entropy <= base.min_entropy + 1e-6
    assert base.min_entropy <= base.z_rounds * (1 - binary_entropy(min(0.5, base.error_rate))) + 1e-6


def test_counts_that_do_not_fit_are_refused() -> None:
    for counts in ((10, 10, 1), (10, 0, 0), (10, 5, 6), (10, 5, -1)):
        with pytest.raises(ParameterError):
            source_independent(*counts)


def violations(runs: int, log2_failure: float, wrong: bool) -> int:
    """Runs in which the Z rounds hold more phase errors than e + θ; the source places as many as serve it best."""
    rng = np.random.default_rng(5)
    rounds, x_rounds = 3000, 300
    count = 0
    for _ in range(runs):
        total = int(rng.integers(100, 600))
        seen = int(rng.hypergeometric(total, rounds - total, x_rounds))
        e = max(seen, 1) / x_rounds
        theta = 0.0 if wrong else deviation(rounds, x_rounds, e, log2_failure)
        count += (total - seen) / (rounds - x_rounds) > e + theta
    return count


def test_sampling_deceives_no_more_often_than_said_and_a_wrong_bound_is_caught() -> None:
    from scipy.stats import binomtest

    assert binomtest(violations(1000, math.log2(0.05), False), 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(violations(200, math.log2(0.05), True), 200, 0.05, "greater").pvalue < 1e-6
