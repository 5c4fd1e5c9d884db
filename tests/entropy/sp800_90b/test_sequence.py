import numpy as np
import pytest

from qrng import bits
from qrng.entropy.sp800_90b.sequence import bit_string, literal
from qrng.errors import ParameterError
from qrng.samples import Samples


def test_an_alphabet_with_gaps_is_mapped_to_ranks():
    sequence = literal(Samples.from_symbols([7, 0, 5, 2, 7], 3))
    assert sequence.alphabet_size == 4
    assert sequence.symbols.tolist() == [3, 0, 2, 1, 3]


def test_an_alphabet_that_starts_above_zero_is_mapped_to_ranks():
    assert literal(Samples.from_symbols([9, 8, 9], 4)).symbols.tolist() == [1, 0, 1]


def test_bits_come_from_the_unmapped_symbols_highest_first():
    sequence = bit_string(Samples.from_symbols([7, 0, 5], 3))
    assert sequence.length == 9
    assert sequence.symbols.tolist() == [1, 1, 1, 0, 0, 0, 1, 0, 1]


def test_two_symbols_in_a_wide_word_become_a_binary_sequence():
    sequence = literal(Samples.from_symbols([200, 3, 3, 200], 8))
    assert sequence.alphabet_size == 2
    assert bits.unpack(sequence.packed, 4).tolist() == [1, 0, 0, 1]
    assert sequence.mode == 2


def test_a_full_alphabet_is_left_as_it_is():
    symbols = np.arange(256).repeat(3)
    assert np.array_equal(literal(Samples.from_symbols(symbols, 8)).symbols, symbols)


def test_symbols_wider_than_the_standard_tests_are_refused():
    with pytest.raises(ParameterError, match="at most 8"):
        literal(Samples.from_symbols([1, 2], 9))
