"""t-Tuple and LRS estimates against counts of all tuples."""

from collections import Counter

import numpy as np
import pytest

from qrng.entropy.sp800_90b import lrs, repeats, t_tuple
from qrng.entropy.sp800_90b.estimate import NotApplicable, upper_bound
from qrng.entropy.sp800_90b.sequence import literal
from qrng.errors import ParameterError
from qrng.samples import Samples


def counts(symbols: list[int], length: int) -> Counter:
    return Counter(tuple(symbols[i : i + length]) for i in range(len(symbols) - length + 1))


def sequences() -> dict[str, list[int]]:
    rng = np.random.default_rng(4)
    return {
        "uniform bits": rng.integers(0, 2, 1500).tolist(),
        "biased bits": (rng.random(1500) < 0.9).astype(int).tolist(),
        "five symbols": rng.integers(0, 5, 1500).tolist(),
        "bytes, repeated": 2 * rng.integers(0, 256, 200).tolist() + rng.integers(0, 8, 700).tolist(),
        "periodic": [0, 1, 1, 0, 2] * 150,
        "two in a wide word": (7 * rng.integers(0, 2, 1000)).tolist(),
    }


@pytest.mark.parametrize("name", sequences())
def test_estimates_follow_the_definition(name):
    symbols = sequences()[name]
    n = len(symbols)
    sequence = literal(Samples.from_symbols(symbols, 8))
    t, most = 0, 0.0
    while (common := max(counts(symbols, t + 1).values())) >= 35:
        t += 1
        most = max(most, (common / (n - t + 1)) ** (1 / t))
    tuples = t_tuple.estimate(sequence)
    assert tuples.details["t"] == t
    assert tuples.details["p_hat_max"] == pytest.approx(most, abs=1e-13)
    assert tuples.details["p_u"] == pytest.approx(upper_bound(most, n), abs=1e-13)

    length, most = t + 1, 0.0
    while pairs := sum(c * (c - 1) // 2 for c in counts(symbols, length).values()):
        positions = n - length + 1
        most = max(most, (pairs / (positions * (positions - 1) / 2)) ** (1 / length))
        length += 1
    repeated = lrs.estimate(sequence)
    assert (repeated.details["u"], repeated.details["v"]) == (t + 1, length - 1)
    assert repeated.details["p_hat"] == pytest.approx(most, abs=1e-13)


def test_no_tuple_estimate_where_no_symbol_occurs_35_times():
    with pytest.raises(NotApplicable, match="35"):
        t_tuple.estimate(literal(Samples.from_symbols(np.arange(256).repeat(34), 8)))


def test_no_repeat_estimate_where_nothing_rare_is_repeated():
    with pytest.raises(NotApplicable, match="repeated"):
        lrs.estimate(literal(Samples.from_symbols([0, 1, 2, 3], 2)))


def test_a_suffix_array_beyond_memory_is_refused_with_what_to_do(monkeypatch):
    symbols = np.tile(np.random.default_rng(1).integers(0, 2, 5000), 2)
    monkeypatch.setattr(repeats, "_SUFFIX_BYTES", 10_000)
    with pytest.raises(ParameterError, match=r"10000 symbols with a repeat of 64 bits .*--segment"):
        repeats.find(symbols.astype(np.uint8), None, symbols.size, 1)
