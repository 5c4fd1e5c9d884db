"""Loading sequences from packed bytes at any bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nist_sts import Sequence
from qrng import bits
from qrng.errors import ParameterError


@given(st.binary(min_size=1, max_size=60), st.data())
def test_words_hold_the_bits_in_order(packed: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 8 * len(packed) - 1))
    n = data.draw(st.integers(1, 8 * len(packed) - start))
    sequence = Sequence(packed, n, start)
    expected = np.zeros(64 * len(sequence.words), np.uint8)
    expected[:n] = bits.unpack(packed, n, start=start)
    assert np.array_equal(np.unpackbits(sequence.words.astype(">u8").view(np.uint8)), expected)
    assert sequence.ones == int(expected.sum())
    walk = np.concatenate([[0], np.cumsum(2 * expected[:n].astype(int) - 1)])
    assert sequence.walk == (walk.max(), walk.min(), walk[-1])


def test_a_range_outside_the_buffer_is_refused() -> None:
    with pytest.raises(ParameterError, match="bits 1 to 9 asked of a buffer of 8 bits"):
        Sequence(b"\x00", 8, 1)
    with pytest.raises(ParameterError, match="1 to 2\\^32 bits, not 0"):
        Sequence(b"")
    with pytest.raises(ParameterError, match="nothing but 0 and 1"):
        Sequence.from_string("012")
