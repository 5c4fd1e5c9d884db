"""Live bounds: known values, validity at every look, and how soon they see a change."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from qrng.entropy.live import LiveEstimate, mixture_upper, window_upper
from qrng.errors import ParameterError
from qrng.samples import Samples


def coin(p: float, n: int, seed: int = 1) -> Samples:
    return Samples.from_symbols((np.random.default_rng(seed).random(n) < p).astype(np.uint8))


# Computed independently: n, x, Clopper-Pearson at .005, Beta mixture at .005.
BOUNDS = [
    (1000, 500, 0.5411474466929551, 0.5667012292059664),
    (1000, 4, 0.012540077368524577, 0.019132789473754595),
    (10_000, 6000, 0.6126187364647218, 0.6219041624580214),
    (1_000_000, 500_000, 0.5012884121911262, 0.5024931616169641),
]


@pytest.mark.parametrize(("n", "x", "window", "mixture"), BOUNDS)
def test_bounds_have_their_exact_values(n, x, window, mixture):
    assert window_upper(x, n, 0.005) == pytest.approx(window, abs=1e-9)
    assert mixture_upper(x, n, 0.005) == pytest.approx(mixture, abs=1e-8)


def test_every_row_of_the_optional_table():
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: the table is not here")
    for row in json.loads((Path(folder) / "golden" / "sp800_90b_exact.json").read_text())["mcv_bounds"]:
        x = round(row["n"] * row["p_hat"])
        assert window_upper(x, row["n"], 0.005) == pytest.approx(row["clopper_pearson_.995"], abs=1e-9)
        assert mixture_upper(x, row["n"], 0.005) == pytest.approx(row["mixture_time_uniform_.005"], abs=1e-8)


def test_nothing_seen_or_only_that_bounds_nothing():
    assert mixture_upper(0, 0, 0.01) == mixture_upper(7, 7, 0.01) == window_upper(7, 7, 0.01) == 1.0
    assert 0 < mixture_upper(0, 100, 0.01) < 0.2


def test_the_bound_since_the_start_holds_at_every_look():
    # 200 runs of 40 looks each: a bound for one look at 5 % would be wrong somewhere in many of them.
    wrong = 0
    for seed in range(200):
        flips = np.cumsum(np.random.default_rng(seed).random(4000) < 0.6)
        wrong += any(mixture_upper(int(flips[n - 1]), n, 0.05) < 0.6 for n in range(100, 4001, 100))
    assert wrong <= 20  # binomial, 200 runs at 5 %: above 20 once in 1000


def test_bounds_lie_below_the_truth_and_close_in_on_it():
    live = LiveEstimate(window=1 << 14)
    truth = -np.log2(0.6)
    found = []
    for seed in range(16):
        live.update(coin(0.6, 1 << 14, seed))
        found.append(live.since_start.most_common_value)
    assert all(h < truth for h in found)
    assert found[0] < found[-1]
    assert truth - found[-1] < 0.02
    assert live.since_start.min_entropy <= live.since_start.most_common_value


def test_pieces_of_any_size_give_the_same_windows():
    data = coin(0.5, 50_000)
    whole, pieces = LiveEstimate(window=8192), LiveEstimate(window=8192)
    expected = whole.update(data)
    found, start = [], 0
    for size in (1, 8191, 8192, 8193, 20_000, 50_000):
        found += pieces.update(data.slice(start, start + size))
        start += size
    assert found == expected
    assert len(found) == whole.windows == 50_000 // 8192
    assert whole.since_start == pieces.since_start


def test_a_change_shows_in_the_window_and_not_in_the_average():
    live = LiveEstimate(window=1 << 13)
    for seed in range(20):
        live.update(coin(0.5, 1 << 13, seed))
    live.update(coin(0.9, 1 << 13, 99))
    assert live.last_window.min_entropy < 0.2
    assert live.since_start.min_entropy > 3 * live.last_window.min_entropy


def test_sticking_bits_show_in_the_markov_bound_alone():
    flips = np.random.default_rng(1).random(1 << 15) < 0.2
    live = LiveEstimate(window=1 << 15)
    bound = live.update(Samples.from_symbols((np.cumsum(flips) % 2).astype(np.uint8)))[0]
    assert bound.most_common_value > 0.85
    assert bound.markov < 0.36


def test_wide_symbols_have_the_most_common_value_alone():
    live = LiveEstimate(8, window=1 << 14)
    bound = live.update(Samples.from_symbols(np.random.default_rng(1).integers(0, 256, 1 << 14), 8))[0]
    assert (bound.collision, bound.markov) == (None, None)
    assert 5 < bound.min_entropy < 8


def test_a_stuck_source_is_worth_nothing():
    live = LiveEstimate(window=1000)
    live.update(Samples.from_symbols(np.zeros(1000, np.uint8)))
    assert live.since_start.min_entropy == live.last_window.min_entropy == 0.0


def test_before_the_first_window_there_is_no_bound():
    live = LiveEstimate(window=1000)
    assert live.update(coin(0.5, 999)) == []
    assert live.since_start is None
    assert live.last_window is None


def test_impossible_settings_and_other_widths_are_refused():
    for settings in ({"bits_per_symbol": 9}, {"window": 1}, {"alpha": 0.0}, {"alpha": 1.0}):
        with pytest.raises(ParameterError):
            LiveEstimate(**settings)
    with pytest.raises(ParameterError, match="2 bits a symbol"):
        LiveEstimate(1).update(Samples.from_symbols([0, 1], 2))


@pytest.mark.parametrize("width", [1, 3])
def test_the_error_is_shared_by_windows_statistics_and_symbols(width):
    """Window k gets 6/(π²k²) of it, so that all windows together get the whole: Σ 1/k² = π²/6."""
    live = LiveEstimate(bits_per_symbol=width, window=1000, alpha=0.05)
    symbols = np.random.default_rng(2).integers(0, 2**width, 3000)
    bounds = live.update(Samples.from_symbols(symbols, width))
    statistics = 3 if width == 1 else 1
    for k, bound in enumerate(bounds, start=1):
        most = int(np.bincount(symbols[1000 * (k - 1) : 1000 * k]).max())
        error = 6 * 0.05 / (np.pi * k) ** 2 / statistics / 2**width
        assert bound.most_common_value == pytest.approx(-np.log2(window_upper(most, 1000, error)), abs=1e-12)
    most = int(np.bincount(symbols).max())
    since = -np.log2(mixture_upper(most, 3000, 0.05 / statistics / 2**width))
    assert live.since_start.most_common_value == pytest.approx(since, abs=1e-12)
