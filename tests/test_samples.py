"""Samples hold together: widths, lanes, slices, joins, wiping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng import EntropyClaim, Samples
from qrng.errors import ParameterError


@given(st.integers(1, 16), st.integers(1, 7), st.integers(0, 20), st.integers(0, 200), st.data())
def test_slices_and_lanes_follow_the_whole_stream(
    width: int, lanes: int, first: int, count: int, data: st.DataObject
) -> None:
    symbols = np.random.default_rng(count).integers(0, 1 << width, count)
    whole = Samples.from_symbols(symbols, width, lanes=lanes, first=first)
    assert whole.symbols().tolist() == symbols.tolist()
    for lane in range(lanes):
        assert whole.lane(lane).tolist() == [int(s) for i, s in enumerate(symbols, first) if i % lanes == lane]
    cut = data.draw(st.integers(0, count))
    left, right = whole.slice(0, cut), whole.slice(cut, count)
    assert right.first == first + cut
    assert Samples.join([left, right]).symbols().tolist() == symbols.tolist()


def test_parts_that_do_not_fit_are_refused() -> None:
    good = Samples.from_symbols([1, 0, 1])
    for change in ({"count": 9}, {"bits_per_symbol": 0}, {"lanes": 0}, {"first": -1}, {"count": -1}):
        with pytest.raises(ParameterError):
            Samples(**{"packed": good.packed, "count": 3, **change})
    with pytest.raises(ParameterError):
        good.lane(1)
    with pytest.raises(ParameterError):
        Samples.join([])
    with pytest.raises(ParameterError):
        Samples.join([good, Samples.from_symbols([1], 2)])


def test_wiping_leaves_zeros() -> None:
    samples = Samples.from_symbols([255] * 9, 8)
    samples.wipe()
    assert not samples.packed.any()


def test_a_claim_is_refused_without_assumptions_or_out_of_range() -> None:
    good = {"bits_per_sample": 0.5, "log2_error": None, "assumptions": ("a",), "reference": "r", "bits_per_symbol": 1}
    EntropyClaim(**good)
    for change in (
        {"bits_per_sample": 0.0},
        {"bits_per_sample": 1.5},
        {"bits_per_sample": math.nan},
        {"log2_error": 0.5},
        {"log2_error": math.nan},
        {"assumptions": ()},
        {"reference": ""},
    ):
        with pytest.raises(ParameterError):
            EntropyClaim(**{**good, **change})


def test_a_claim_multiplies_out_over_whole_symbols_only() -> None:
    claim = EntropyClaim(2.5, None, ("a",), "r", 4)
    assert claim.min_entropy(4 * 100 + 3) == 250
    assert claim.as_dict()["bits_per_sample"] == 2.5
    assert EntropyClaim(0.5, -math.inf, ("a",), "r").as_dict()["log2_error"] == "-inf"
