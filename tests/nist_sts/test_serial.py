"""SP 800-22 revision 1a, section 2.11."""

import numpy as np
import pytest

from nist_sts import TESTS, Sequence, kernels
from qrng.errors import ParameterError

serial = TESTS["serial"]


def test_example_2_11_4() -> None:
    """Step 5 of the document prints .9057 and .8805 for these two."""
    outcome = serial(Sequence.from_string("0011011101"), "nist", pattern_length=3)
    assert outcome.statistics["psi2"] == pytest.approx([2.8, 1.2, 0.4])
    assert (outcome.statistics["del1"], outcome.statistics["del2"]) == pytest.approx((1.6, 0.8))
    assert outcome.p_values == pytest.approx((0.808792, 0.670320), abs=5e-7)


def test_example_2_11_8(e_bits: bytes) -> None:
    outcome = serial(Sequence(e_bits), "nist", pattern_length=2)
    assert outcome.statistics["del1"] == pytest.approx(0.339764, abs=5e-7)
    assert outcome.p_values == pytest.approx((0.843764, 0.561915), abs=5e-7)


def test_patterns_are_those_of_the_ring() -> None:
    bits = np.random.default_rng(18).integers(0, 2, 501)
    sequence = Sequence(np.packbits(bits), 501)
    for m in (7, 5, 3, 9, 1, 0):  # longer after shorter and the reverse
        ring = np.concatenate([bits, bits[:m]])
        values = np.zeros(501, np.int64)
        for k in range(m):
            values = 2 * values + ring[k : k + 501]
        counts = np.bincount(values, minlength=2**m)
        assert sequence.patterns(m).tolist() == counts.tolist()
        assert sequence.squares(m) == np.sum(counts**2)


def test_squares_of_a_longest_constant_sequence_are_exact() -> None:
    """2^32 zeros: one count of 2^32, whose square is 0 modulo 2^64."""
    sequence = Sequence(bytes(8))
    found = sequence.measured(kernels.patterns(3, 0))
    found.counts[:4] = 0
    assert [sequence.squares(k) for k in range(4)] == [1 << 64] * 4


def test_a_missing_pattern_is_found() -> None:
    """No run of five ones."""
    bits = np.random.default_rng(19).integers(0, 2, 600_000)
    for k in range(4, bits.size):
        if bits[k - 4 : k + 1].all():
            bits[k] = 0
    assert serial(Sequence(np.packbits(bits))).p_values[0] < 1e-12


def test_parameters_out_of_range_are_refused(example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="2 to 24"):
        serial(example_100, pattern_length=25)
