"""SP 800-22 revision 1a, section 2.5."""

from itertools import product

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.rank import exact_probabilities
from qrng.errors import ParameterError

rank = TESTS["rank"]


def test_example_2_5_4() -> None:
    """Two 3 x 3 matrices, of ranks 2 and 3. The document takes the limits of 32 x 32: .741948 instead of .820961."""
    outcome = rank(Sequence.from_string("01011001001010101101"), "nist", rows=3, columns=3)
    assert outcome.statistics["F"] == [1, 1, 0]
    assert outcome.p_values[0] == pytest.approx(0.820961625686, rel=1e-11)


def test_example_2_5_8(e_bits: bytes) -> None:
    outcome = rank(Sequence(e_bits, 100_000), "nist")
    assert outcome.statistics["F"] == [23, 60, 14]
    assert outcome.p_values[0] == pytest.approx(0.532069, abs=5e-7)


def test_probabilities_count_every_matrix_of_two_by_three() -> None:
    def binary_rank(top: tuple[int, ...], bottom: tuple[int, ...]) -> int:
        return 0 if not any(top + bottom) else 2 if any(top) and any(bottom) and top != bottom else 1

    ranks = [binary_rank(m[:3], m[3:]) for m in product((0, 1), repeat=6)]
    assert exact_probabilities(2, 3) == pytest.approx((ranks.count(2) / 64, ranks.count(1) / 64, ranks.count(0) / 64))
    assert exact_probabilities(3, 3) == pytest.approx((21 / 64, 147 / 256, 25 / 256))


def test_rows_that_repeat_are_found() -> None:
    """Each 32-bit row of half of the matrices is the sum of the two before it."""
    words = np.random.default_rng(4).integers(0, 2**32, 32 * 1000, dtype=np.uint32).reshape(1000, 32)
    words[::2, 31] = words[::2, 30] ^ words[::2, 29]
    assert rank(Sequence(words.astype(">u4").tobytes())).p_values[0] < 1e-12


def test_sizes_out_of_range_are_refused(example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match=r"must be 2 to 64"):
        rank(example_100, columns=65)
