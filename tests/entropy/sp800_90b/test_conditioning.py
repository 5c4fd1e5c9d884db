from decimal import Decimal

import pytest

from qrng.entropy.sp800_90b.conditioning import conditioned_entropy, output_entropy
from qrng.errors import ParameterError

# SP 800-90B reference tool, version 1.1.7: ea_conditioning -v n_in n_out nw h_in.
VETTED = [
    (512, 256, 256, "300", 255.9999999999999179961),
    (256, 256, 256, "256", 251.689764568727055119),
    (512, 256, 256, "256", 255.0),
    (2048, 256, 256, "1024", 256.0),
    (128, 128, 128, "64", 64.0),
    (384, 256, 512, "256.5", 255.2284466968363880329),
    (1024, 512, 512, "512", 511.0),
    (8, 4, 4, "3", 2.474717184015645167179),
]


@pytest.mark.parametrize(("n_in", "n_out", "nw", "h_in", "h_out"), VETTED)
def test_vetted_components_get_the_reference_tools_entropy(n_in, n_out, nw, h_in, h_out):
    result = conditioned_entropy(n_in, n_out, nw, h_in)
    assert float(result.h_out) == pytest.approx(h_out, abs=1e-12)
    assert result.vetted


@pytest.mark.parametrize(("n_in", "n_out", "nw", "h_in", "h_out"), VETTED)
def test_the_result_stays_below_what_goes_in_and_out(n_in, n_out, nw, h_in, h_out):
    entropy = output_entropy(n_in, n_out, nw, h_in)
    assert entropy < n_out
    assert entropy < Decimal(h_in)


@pytest.mark.parametrize(("h_in", "log2_epsilon"), [("300", -51.471233627055144), ("1024", -775.471233627055103)])
def test_the_distance_to_full_entropy_is_the_reference_tools(h_in, log2_epsilon):
    result = conditioned_entropy(512 if h_in == "300" else 2048, 256, 256, h_in)
    assert result.log2_epsilon == pytest.approx(log2_epsilon, abs=1e-9)
    assert result.full_entropy is (log2_epsilon <= -64)


def test_what_is_wider_than_the_input_does_not_count():
    assert output_entropy(384, 256, 512, "256.5") == output_entropy(384, 256, 384, "256.5")


def test_a_component_that_is_not_vetted_is_capped():
    plain = conditioned_entropy(2048, 256, 256, "1024", h_prime=1.0)
    assert float(plain.h_out) == pytest.approx(0.999 * 256, abs=1e-12)
    assert not plain.vetted
    assert not plain.full_entropy
    poor = conditioned_entropy(2048, 256, 256, "1024", h_prime=0.5)
    assert float(poor.h_out) == 128.0


def test_more_digits_only_lower_the_loss_to_rounding():
    # Rounding goes against the claim, so that the result is never above what exact arithmetic gives.
    coarse, fine = output_entropy(512, 256, 256, "300"), Decimal("255.99999999999991799233")
    assert abs(coarse - fine) < Decimal("1e-19")


@pytest.mark.parametrize(
    ("n_in", "n_out", "nw", "h_in", "h_prime"),
    [
        (0, 8, 8, 4, None),
        (8, 0, 8, 4, None),
        (8, 8, 0, 4, None),
        (8, 8, 8, 0, None),
        (8, 8, 8, 9, None),
        (8, 8, 8, "NaN", None),
        (8, 8, 8, 4, 0.0),
        (8, 8, 8, 4, 1.1),
    ],
)
def test_numbers_out_of_range_are_refused(n_in, n_out, nw, h_in, h_prime):
    with pytest.raises(ParameterError, match="outside"):
        conditioned_entropy(n_in, n_out, nw, h_in, h_prime=h_prime)
