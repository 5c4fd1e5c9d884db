"""SP 800-22 revision 1a, section 2.2."""

import pytest

from nist_sts import TESTS, Sequence
from qrng.errors import ParameterError

block_frequency = TESTS["block_frequency"]


def test_example_2_2_4() -> None:
    outcome = block_frequency(Sequence.from_string("0110011010"), "nist", block_length=3)
    assert outcome.statistics == {"chi2": pytest.approx(1.0), "N": 3}
    assert outcome.p_values[0] == pytest.approx(0.801252, abs=5e-7)


def test_example_2_2_8(example_100: Sequence) -> None:
    outcome = block_frequency(example_100, "nist", block_length=10)
    assert outcome.statistics["chi2"] == pytest.approx(7.2)
    assert outcome.p_values[0] == pytest.approx(0.706438, abs=5e-7)


def test_blocks_that_swing_are_found_where_the_whole_is_balanced() -> None:
    swinging = Sequence((b"\xff" * 16 + b"\x00" * 16) * 8)
    assert TESTS["frequency"](swinging, "corrected").p_values == (1.0,)
    assert block_frequency(swinging, "corrected").p_values[0] < 1e-100


def test_a_block_of_one_bit_is_refused(example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="block_length must be 2 to"):
        block_frequency(example_100, block_length=1)
