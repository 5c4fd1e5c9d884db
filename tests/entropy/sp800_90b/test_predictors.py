"""The four predictors on sequences whose right predictions can be told beforehand. (The C tests compare them with
the definitions on random data, and test_golden.py with the reference tool.)"""

import numpy as np
import pytest

from qrng.entropy.sp800_90b import lag, lz78y, multi_mcw, multi_mmc
from qrng.entropy.sp800_90b.estimate import NotApplicable
from qrng.entropy.sp800_90b.sequence import literal
from qrng.samples import Samples

LENGTH = 5000


def sequence(symbols):
    return literal(Samples.from_symbols(symbols, 8))


@pytest.mark.parametrize(
    ("predictor", "left_out", "least"), [(multi_mcw, 63, 4096), (lag, 1, 3), (multi_mmc, 2, 4), (lz78y, 17, 19)]
)
def test_the_number_of_predictions_is_the_standards(predictor, left_out, least):
    symbols = np.random.default_rng(1).integers(0, 3, LENGTH)
    assert predictor.estimate(sequence(symbols)).details["N"] == LENGTH - left_out
    assert predictor.estimate(sequence(symbols[:least])).details["N"] == least - left_out
    with pytest.raises(NotApplicable, match=f"at least {least} symbols"):
        predictor.estimate(sequence(symbols[: least - 1]))


@pytest.mark.parametrize("alphabet", [2, 5])
@pytest.mark.parametrize("period", [3, 50, 128])
def test_lag_learns_a_period_within_128(period, alphabet):
    pattern = np.random.default_rng(period).integers(0, alphabet, period)
    result = lag.estimate(sequence(np.resize(pattern, LENGTH)))
    assert result.details["C"] > LENGTH - 2 * period - 128
    assert result.min_entropy < 0.1


def test_lag_does_not_see_a_period_beyond_128():
    pattern = np.random.default_rng(3).integers(0, 4, 1000)
    assert lag.estimate(sequence(np.resize(pattern, LENGTH))).details["C"] < LENGTH / 2


@pytest.mark.parametrize("alphabet", [2, 5])
def test_long_contexts_learn_a_long_period(alphabet):
    pattern = np.random.default_rng(9).integers(0, alphabet, 300)
    assert multi_mmc.estimate(sequence(np.resize(pattern, LENGTH))).details["C"] > LENGTH - 700


@pytest.mark.parametrize("alphabet", [2, 5])
def test_the_dictionary_learns_what_one_symbol_says_of_the_next(alphabet):
    assert lz78y.estimate(sequence(np.resize(np.arange(alphabet), LENGTH))).details["C"] > LENGTH - 50


def test_the_most_common_symbol_of_a_window_follows_a_drifting_source():
    symbols = np.repeat(np.arange(5), 1000)
    assert multi_mcw.estimate(sequence(symbols)).details["C"] > 4600


def test_a_run_of_right_predictions_shows_in_r():
    symbols = np.concatenate([np.random.default_rng(2).integers(0, 2, 3000), np.ones(2000, int)])
    for predictor in (multi_mcw, lag, multi_mmc, lz78y):
        assert 1900 < predictor.estimate(sequence(symbols)).details["r"] <= 2050
