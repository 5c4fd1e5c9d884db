"""SP 800-22 revision 1a, section 2.4."""

from itertools import product

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.longest_run import exact_probabilities
from qrng.errors import ParameterError

longest_run = TESTS["longest_run"]


def test_example_2_4_8() -> None:
    """The document's chi-square, 4.882605, is from probabilities of four digits."""
    bits = (
        "11001100000101010110110001001100111000000000001001001101010100010001001111010110"
        "100000001101011111001100111001101101100010110010"
    )
    outcome = longest_run(Sequence.from_string(bits), "nist")
    assert outcome.statistics["nu"] == [4, 9, 3, 0]
    assert outcome.statistics["chi2"] == pytest.approx(4.882457, abs=5e-7)
    assert outcome.p_values[0] == pytest.approx(0.180609, abs=5e-7)


def test_probabilities_count_every_block_of_eight() -> None:
    longest = [max(map(len, "".join(bits).split("0"))) for bits in product("01", repeat=8)]
    shares = [sum(n <= 1 for n in longest), longest.count(2), longest.count(3), sum(n >= 4 for n in longest)]
    assert exact_probabilities(8, 1, 4) == tuple(count / 256 for count in shares)


def test_probabilities_of_long_blocks() -> None:
    """Exact to 16 digits; NIST's program has four: .0882 .2092 .2483 .1933 .1208 .0675 .0727."""
    assert exact_probabilities(10_000, 10, 16) == pytest.approx(
        (
            0.0866323110799528,
            0.2082006483876034,
            0.2484185819416995,
            0.1939127867416569,
            0.1214584850890044,
            0.0680110893039400,
            0.0733660974561430,
        ),
        rel=1e-13,
    )


def test_four_digit_probabilities_change_the_p_value_of_pi(constants: dict[str, Sequence]) -> None:
    assert longest_run(constants["pi"], "nist").p_values[0] == pytest.approx(0.024390, abs=5e-7)
    assert longest_run(constants["pi"], "corrected").p_values[0] == pytest.approx(0.027295, abs=5e-7)


@pytest.mark.parametrize(("n", "length"), [(6271, 8), (6272, 128), (749_999, 128), (750_000, 10_000)])
def test_block_length_follows_the_sequence_length(n: int, length: int) -> None:
    sequence = Sequence(np.random.default_rng(2).bytes(n // 8 + 1), n)
    assert longest_run(sequence).statistics["M"] == length


def test_missing_long_runs_are_found() -> None:
    """Every seventh bit is zero, a one follows: no run is longer than six."""
    bits = np.random.default_rng(3).integers(0, 2, 100_000)
    bits[::7], bits[1::7] = 0, 1
    assert longest_run(Sequence(np.packbits(bits)), "corrected").p_values[0] < 1e-12


def test_other_block_lengths_are_refused(example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="0 \\(chosen by the length\\) or one of 8, 128, 512, 1000, 10000"):
        longest_run(example_100, block_length=9)
