"""SP 800-22 revision 1a, section 2.8."""

from itertools import product

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.distributions import goodness_of_fit
from nist_sts.overlapping_template import compound_poisson, exact_probabilities
from qrng.errors import ParameterError

overlapping_template = TESTS["overlapping_template"]


def test_example_2_8_4() -> None:
    """The document counts two matches in the second block, which has one, and prints p = .274932."""
    sequence = Sequence.from_string("10111011110010110100011100101110111110000101101001")
    outcome = overlapping_template(sequence, "corrected", template_length=2, block_length=10)
    assert outcome.statistics["nu"] == [0, 2, 0, 1, 1, 1]
    assert outcome.p_values[0] == pytest.approx(0.642474, abs=5e-7)
    printed = (0.324652, 0.182617, 0.142670, 0.106645, 0.077147, 0.166269)
    assert goodness_of_fit([0, 1, 1, 1, 1, 1], printed) == pytest.approx((3.167729, 0.674145), abs=5e-7)


def test_probabilities_count_every_block_of_ten() -> None:
    blocks = ("".join(bits) for bits in product("01", repeat=10))
    counts = [min(5, sum(b[k : k + 2] == "11" for k in range(9))) for b in blocks]
    assert exact_probabilities(2, 10) == tuple(counts.count(k) / 1024 for k in range(6))


def test_exact_and_limit_probabilities() -> None:
    """Hamano and Kaneko's table is the exact one; the limit law is what NIST's program overwrites it with."""
    assert exact_probabilities(9, 1032) == pytest.approx(
        (0.364091, 0.185659, 0.139381, 0.100571, 0.0704323, 0.139865), abs=6e-7
    )
    assert compound_poisson(9, 1032) == pytest.approx(
        (
            0.3678794411714423,
            0.1839397205857212,
            0.1379547904392909,
            0.0996340153172656,
            0.0699354145976961,
            0.1406566178885840,
        ),
        rel=1e-12,
    )


def test_correction_shows_on_pi_and_e(constants: dict[str, Sequence]) -> None:
    for name, nist, corrected in (("pi", 0.296897, 0.260718), ("e", 0.110434, 0.159037)):
        assert overlapping_template(constants[name], "nist").p_values[0] == pytest.approx(nist, abs=5e-7)
        assert overlapping_template(constants[name], "corrected").p_values[0] == pytest.approx(corrected, abs=5e-7)


def test_clusters_of_ones_are_found() -> None:
    bits = np.random.default_rng(13).integers(0, 2, 500_000)
    for k in range(12):
        bits[k::1032] = 1
    assert overlapping_template(Sequence(np.packbits(bits))).p_values[0] < 1e-12


@pytest.mark.parametrize("wrong", [{"template_length": 1}, {"template_length": 65}, {"block_length": 13}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, int], example_100: Sequence) -> None:
    with pytest.raises(ParameterError, match="must be"):
        overlapping_template(example_100, **wrong)
