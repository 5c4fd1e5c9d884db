"""SP 800-22 revision 1a, sections 2.14 and 2.15."""

from fractions import Fraction

import numpy as np
import pytest

from nist_sts import TESTS, Sequence
from nist_sts.base import NotApplicable
from nist_sts.distributions import goodness_of_fit
from nist_sts.random_excursions import p_value, probabilities
from nist_sts.random_excursions_variant import p_value as variant_p_value

excursions, variant = TESTS["random_excursions"], TESTS["random_excursions_variant"]


def test_example_2_14_4() -> None:
    """x = +1, J = 3. The document's chi-square, 4.333033, is from rounded probabilities."""
    cycles = Sequence.from_string("0110110101").cycles
    assert cycles.number == 3
    nu = cycles.classes[1 + 4].tolist()
    assert nu == [1, 1, 0, 1, 0, 0]
    assert p_value(3, nu, 1, "nist") == pytest.approx((13 / 3, 0.502487515436))


def test_example_2_15_4() -> None:
    cycles = Sequence.from_string("0110110101").cycles
    assert cycles.visits[1 + 9] == 4
    assert variant_p_value(4, cycles.number, 1) == pytest.approx(0.683091, abs=5e-7)


def test_examples_2_14_8_and_2_15_8(constants: dict[str, Sequence]) -> None:
    outcome = excursions(constants["e"], "nist")
    assert outcome.statistics["J"] == 1490
    printed = (0.573306, 0.197996, 0.164011, 0.007779, 0.786868, 0.440912, 0.797854, 0.778186)
    assert outcome.p_values == pytest.approx(printed, abs=5e-7)
    visits = [
        1450,
        1435,
        1380,
        1366,
        1412,
        1475,
        1480,
        1468,
        1502,
        1409,
        1369,
        1396,
        1479,
        1599,
        1628,
        1619,
        1620,
        1610,
    ]
    outcome = variant(constants["e"], "nist")
    assert outcome.statistics["xi"] == visits
    assert outcome.p_values[:4] == pytest.approx((0.858946, 0.794755, 0.576249, 0.493417), abs=5e-7)


def test_probabilities_sum_to_one() -> None:
    for x in range(1, 8):
        assert sum(probabilities(x)) == 1
    assert probabilities(-4)[1:3] == (Fraction(1, 64), Fraction(7, 512))


def test_thin_classes_are_pooled_below_a_thousand_cycles() -> None:
    nu = [500, 20, 10, 4, 6, 60]
    law = [float(p) for p in probabilities(3)]
    pooled = ([500, 30, 10, 60], [law[0], law[1] + law[2], law[3] + law[4], law[5]])
    assert p_value(600, nu, 3, "corrected") == goodness_of_fit(*pooled)
    assert p_value(1000, nu, 3, "corrected") == goodness_of_fit(nu, law)
    assert p_value(600, nu, 2, "corrected") == goodness_of_fit(nu, [float(p) for p in probabilities(2)])


@pytest.mark.parametrize("test", [excursions, variant])
def test_few_cycles_are_not_judged(test, generated: dict[str, Sequence]) -> None:
    """Normal for good data: 38 % of good megabits have fewer than 500 cycles."""
    with pytest.raises(NotApplicable, match="needs J ≥ 500 cycles of the walk, found "):
        test(generated["bits_fair"])


def test_cycles_without_end_are_too_many_for_nist_excursions_only() -> None:
    alternating = Sequence(b"\xaa" * 12_500)
    with pytest.raises(NotApplicable, match="holds 1,000 cycles, found 50,000"):
        excursions(alternating, "nist")
    for found in (
        excursions(alternating, "corrected"),
        variant(alternating, "corrected"),
        variant(alternating, "nist"),
    ):
        assert min(found.p_values) < 1e-100


def test_a_walk_that_is_drawn_back_is_found() -> None:
    """Returns to zero come too often: the walk leaves no farther than two."""
    generator = np.random.default_rng(20)
    bits, s = [], 0
    for step in generator.integers(0, 2, 20_000):
        step = 0 if s == 2 else 1 if s == -2 else int(step)
        s += 2 * step - 1
        bits.append(step)
    sequence = Sequence(np.packbits(bits))
    assert max(excursions(sequence).p_values[k] for k in (0, 1, 6, 7)) < 1e-12
    assert max(variant(sequence).p_values[k] for k in (7, 10)) < 1e-12
