import math

import numpy as np
import pytest

from qrng.entropy.sp800_90b.estimate import NotApplicable
from qrng.entropy.sp800_90b.most_common_value import estimate
from qrng.entropy.sp800_90b.sequence import literal
from qrng.samples import Samples


def test_the_example_of_the_standard():
    # SP 800-90B section 6.3.1, worked example: 20 samples of {0, 1, 2}, mode 8 of 20, p_u = 0.6895, H = 0.5363.
    symbols = [0, 1, 1, 2, 0, 1, 2, 2, 0, 1, 0, 1, 1, 0, 2, 2, 1, 0, 2, 1]
    result = estimate(literal(Samples.from_symbols(symbols, 2)))
    assert result.details["mode"] == 8
    assert result.details["p_hat"] == 0.4
    assert result.details["p_u"] == pytest.approx(0.6895, abs=5e-5)
    assert result.min_entropy == pytest.approx(0.5363, abs=1e-4)  # printed from p_u rounded to four digits


@pytest.mark.parametrize("width", [1, 3, 8])
def test_the_mode_is_counted_over_every_symbol(width):
    symbols = np.random.default_rng(width).integers(0, 2**width, 12_345)
    result = estimate(literal(Samples.from_symbols(symbols, width)))
    assert result.details["mode"] == np.bincount(symbols).max()


def test_a_bound_of_one_gives_no_entropy_rather_than_minus_zero():
    result = estimate(literal(Samples.from_symbols([0, 1])))
    assert result.details["p_u"] == 1.0
    assert math.copysign(1.0, result.min_entropy) == 1.0
    assert result.min_entropy == 0.0


def test_one_symbol_is_too_short():
    with pytest.raises(NotApplicable, match="2 symbols"):
        estimate(literal(Samples.from_symbols([1])))
