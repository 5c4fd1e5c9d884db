import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.entropy.sp800_90b.collision import estimate
from qrng.entropy.sp800_90b.estimate import NotApplicable
from qrng.entropy.sp800_90b.sequence import bit_string
from qrng.samples import Samples


def collision_times(symbols: list[int]) -> list[int]:
    """Steps 1 to 4 of section 6.3.2 as written: the least t for which the next t bits hold two equal ones."""
    times, start = [], 0
    while True:
        for t in (2, 3):
            if start + t <= len(symbols) and len(set(symbols[start : start + t])) < t:
                times.append(t)
                start += t
                break
        else:
            return times


@given(st.lists(st.integers(0, 1), min_size=6, max_size=300))
def test_counts_and_moments_follow_the_definition(symbols):
    times = collision_times(symbols)
    if len(times) < 2:
        return
    result = estimate(bit_string(Samples.from_symbols(symbols)))
    assert (result.details["v"], result.details["sum_t"]) == (len(times), sum(times))
    assert result.details["x_bar"] == pytest.approx(np.mean(times), rel=1e-13)
    assert result.details["sigma_hat"] == pytest.approx(np.std(times, ddof=1), rel=1e-12, abs=1e-12)


def test_constant_bits_have_no_entropy():
    assert estimate(bit_string(Samples.from_symbols([1] * 100))).min_entropy == 0.0


def test_bits_that_always_differ_reach_the_upper_end_of_the_method():
    # 0101… never repeats a bit at once: every collision takes three bits, more than a fair coin's 2.5 on average.
    result = estimate(bit_string(Samples.from_symbols([0, 1] * 500)))
    assert result.details["x_bar"] == 3.0
    assert (result.details["p"], result.min_entropy) == (0.5, 1.0)


def test_one_collision_is_too_few():
    with pytest.raises(NotApplicable, match="2 collisions"):
        estimate(bit_string(Samples.from_symbols([0, 1, 0])))
