"""Claims of arrival bins and parities from captures of time tags: limits of the rate, dead time, refusals, truth."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng.accounting import account
from qrng.entropy.physical import arrival_time, poisson_parity, rate_limits
from qrng.entropy.physical.arrival_time import guess_of_arrival
from qrng.entropy.physical.poisson_parity import guess_of_parity, worst_guess_of_parity
from qrng.errors import EntropyError, ParameterError
from qrng.formats import Framing, open_capture
from qrng.samples import Samples


def detector(rate: float, dead: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """Ticks of a picosecond of `count` detections: exponential waits, each after a dead time; rates a second."""
    return np.cumsum(np.rint(1e12 * (rng.exponential(1 / rate, count) + dead))).astype(np.int64)


def capture(times: np.ndarray, framing: Framing) -> Samples:
    out = io.BytesIO()
    np.save(out, times)
    return open_capture(io.BytesIO(out.getvalue()), "timetags-npy", tags=framing).read_all()


ARRIVAL = Framing("arrival", 1.024e-6, 256, dead_time=5e-8)
PARITY = Framing("parity", 1.6e-6, dead_time=1.6e-8)


def test_the_rate_lies_between_its_limits() -> None:
    times = detector(2e6, 5e-8, 100_000, np.random.default_rng(0))
    low, high = rate_limits(times.size, float(times[-1] - times[0]) * 1e-12, 5e-8, -20)
    assert low < 2e6 < high < 1.04 * low
    with pytest.raises(EntropyError, match="don't fit"):
        rate_limits(times.size, float(times[-1] - times[0]) * 1e-12, 1e-6, -20)
    for bad in ((1, 1.0, 0.0), (5, 0.0, 0.0), (5, 1.0, -1.0)):
        with pytest.raises(ParameterError):
            rate_limits(*bad, -20)


@given(st.integers(2, 10**6), st.floats(0, 0.9), st.floats(0, 0.05), st.floats(-100, -1))
def test_limits_widen_with_less_error_and_a_dead_time_raises_them(
    n: int, dead: float, more: float, error: float
) -> None:
    low, high = rate_limits(n, 1.0, dead / n, error)
    wider = rate_limits(n, 1.0, dead / n, error - 1)
    longer = rate_limits(n, 1.0, (dead + more) / n, error)
    assert wider[0] <= low < high <= wider[1]
    assert longer[0] >= low and longer[1] >= high


def test_limits_fail_no_more_often_than_said_and_a_wrong_one_is_caught() -> None:
    from scipy.stats import binomtest

    rng = np.random.default_rng(7)
    outside = naive = 0
    for _ in range(1000):
        waits = rng.exponential(1.0, 300)
        span = float(waits[1:].sum() + 299 * 0.2)
        low, high = rate_limits(300, span, 0.2, math.log2(0.025))
        outside += not low <= 1 <= high
        naive += not low <= 299 / span <= high  # the rate as if there were no dead time
    assert binomtest(outside, 1000, 0.05, "greater").pvalue > 0.01
    assert binomtest(naive, 1000, 0.05, "greater").pvalue < 1e-6


def test_a_capture_of_arrivals_has_a_claim_near_and_below_the_truth() -> None:
    samples = capture(detector(1e6, 5e-8, 60_000, np.random.default_rng(1)), ARRIVAL)
    found = account(samples, "arrival-time:log2_error=-20")
    truth = -math.log2(guess_of_arrival(1.024, 256, 5e-8 / 1.024e-6))
    assert truth - 0.05 < found.claim.bits_per_sample < truth
    assert (found.claim.bits_per_symbol, found.claim.log2_error) == (8, -20)
    assert found.facts["detections"] == 60_000 and found.facts["most_detections_a_frame"] > 1.024
    longer = account(samples, "arrival-time:log2_error=-20,dead_time=2e-7").claim
    assert longer.bits_per_sample < found.claim.bits_per_sample
    given_mean = account(samples, "arrival-time:mean=1.2,dead_share=0.05").claim
    assert given_mean == arrival_time(1.2, 256, 0.05)


def test_a_capture_of_parities_has_a_claim_below_the_truth() -> None:
    samples = capture(detector(2e6, 1.6e-8, 60_000, np.random.default_rng(2)), PARITY)
    found = account(samples, "poisson-parity:log2_error=-20")
    truth = -math.log2(guess_of_parity(3.2, 0.01))
    assert truth - 0.05 < found.claim.bits_per_sample < truth
    assert account(samples, "poisson-parity:mean=1").claim == poisson_parity(1)
    with pytest.raises(EntropyError, match="contradict a dead time"):
        account(samples, "poisson-parity:dead_time=2e-8")


@settings(max_examples=20)
@given(st.floats(0.05, 6), st.floats(0, 2), st.floats(0, 0.4), st.floats(0, 1))
def test_the_worst_mean_of_an_interval_covers_those_inside(low: float, width: float, dead: float, at: float) -> None:
    worst = worst_guess_of_parity(low, low + width, dead)
    assert worst >= guess_of_parity(low + at * width, dead) - 1e-9 - low * dead / 512
    assert worst_guess_of_parity(low, low + width + 0.1, 0.0) == guess_of_parity(low)


def test_what_light_can_not_be_accounted_for_is_said() -> None:
    rng = np.random.default_rng(3)
    arrivals = capture(detector(1e6, 5e-8, 3000, rng), ARRIVAL)
    bits = Samples.from_symbols(rng.integers(0, 2, 100))
    for samples, bound, says in (
        (bits, "arrival-time", "needs the mean of detections"),
        (bits, "poisson-parity", "needs the mean number"),
        (arrivals, "poisson-parity", "one-bit symbols"),
        (capture(detector(2e6, 1.6e-8, 3000, rng), PARITY), "arrival-time", "made of time tags by parity"),
    ):
        with pytest.raises(ParameterError, match=says):
            account(samples, bound)


def test_the_command_line_goes_from_tags_to_a_claim(run_qrng: Any, tmp_path: Path) -> None:
    times = detector(1e6, 5e-8, 40_000, np.random.default_rng(4))
    np.save(tmp_path / "tags.npy", times)
    spec = "file:tags.npy?layout=timetags-npy&tags=arrival&frame=1.024e-6&bins=256&dead_time=5e-8"
    assert run_qrng("capture", spec, "-o", "raw.qrng").returncode == 0
    found = json.loads(run_qrng("assess", "raw.qrng", "--physical", "arrival-time", "--json").stdout)
    assert found["physical"]["claim"]["bits_per_sample"] > 7
    done = run_qrng("extract", "raw.qrng", "--physical", "arrival-time", "-o", "out.bin", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    both = record["claim"]["bits_per_sample"]
    assert both <= record["claim_made_from"]["physical"]["claim"]["bits_per_sample"]
