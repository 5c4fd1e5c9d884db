import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.entropy.sp800_90b.estimate import NotApplicable
from qrng.entropy.sp800_90b.markov import estimate
from qrng.entropy.sp800_90b.sequence import bit_string
from qrng.samples import Samples


@given(st.lists(st.integers(0, 1), min_size=2, max_size=200))
def test_probabilities_are_relative_frequencies(symbols):
    details = estimate(bit_string(Samples.from_symbols(symbols))).details
    pairs = list(itertools.pairwise(symbols))
    for a in (0, 1):
        assert details[f"p_{a}"] == pytest.approx(symbols.count(a) / len(symbols))
        leaving = sum(1 for first, _ in pairs if first == a)
        for b in (0, 1):
            want = pairs.count((a, b)) / leaving if leaving else 0.0
            assert details[f"p_{a}{b}"] == pytest.approx(want)


def test_no_path_of_the_chain_is_likelier_than_the_one_found():
    # The likeliest path by dynamic programming over all 2^128 of them; section 6.3.3 compares six.
    rng = np.random.default_rng(5)
    for stay_0, stay_1 in ((0.5, 0.5), (0.9, 0.2), (0.1, 0.15), (0.3, 0.8)):
        bit, symbols = 0, []
        for u in rng.random(20_000):
            bit ^= int(u >= (stay_1 if bit else stay_0))
            symbols.append(bit)
        result = estimate(bit_string(Samples.from_symbols(symbols)))
        d = result.details
        best = [math.log2(d["p_0"]), math.log2(d["p_1"])]
        for _ in range(127):
            best = [max(best[a] + math.log2(d[f"p_{a}{b}"]) for a in (0, 1)) for b in (0, 1)]
        assert result.min_entropy == pytest.approx(min(1.0, -max(best) / 128), abs=1e-12)


def test_a_strictly_alternating_sequence_has_next_to_no_entropy():
    result = estimate(bit_string(Samples.from_symbols([0, 1] * 1000)))
    assert result.details["p_01"] == result.details["p_10"] == 1.0
    assert result.min_entropy == pytest.approx(1 / 128)


def test_one_bit_is_too_short():
    with pytest.raises(NotApplicable, match="2 symbols"):
        estimate(bit_string(Samples.from_symbols([0])))
