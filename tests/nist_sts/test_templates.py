"""Aperiodic words, SP 800-22 section 2.7.2, and the law of their matches."""

from itertools import product

import numpy as np
import pytest

from nist_sts.non_overlapping_template import exact_law, variance
from nist_sts.templates import aperiodic


@pytest.mark.parametrize(
    ("m", "count"),
    [(2, 2), (3, 4), (4, 6), (5, 12), (6, 20), (7, 40), (8, 74), (9, 148), (10, 284), (11, 568), (12, 1116),
     (13, 2232), (14, 4424), (15, 8848), (16, 17622)],
)  # fmt: skip
def test_number_of_aperiodic_words(m: int, count: int) -> None:
    assert aperiodic(m).size == count


def test_aperiodic_words_have_no_border() -> None:
    for m in range(2, 9):
        words = ["".join(bits) for bits in product("01", repeat=m)]
        free = [w for w in words if not any(w[:k] == w[-k:] for k in range(1, m))]
        assert [f"{w:0{m}b}" for w in aperiodic(m)] == free


@pytest.mark.parametrize(("length", "m"), [(2, 3), (3, 3), (11, 3), (13, 2), (12, 4)])
def test_all_aperiodic_words_share_the_exact_law(length: int, m: int) -> None:
    law = exact_law(length, m)
    assert law.sum() == pytest.approx(1)
    for word in aperiodic(m):
        text = f"{word:0{m}b}"
        matches = [sum("".join(s)[k : k + m] == text for k in range(length)) for s in product("01", repeat=length)]
        shares = np.bincount(matches, minlength=law.size) / 2**length
        assert law == pytest.approx(shares, abs=1e-15)


def test_variance_is_that_of_the_exact_law() -> None:
    law = exact_law(500, 5)
    w = np.arange(law.size)
    mean = np.dot(law, w)
    assert mean == pytest.approx(496 / 32, rel=1e-12)
    assert variance(500, 5) == pytest.approx(np.dot(law, (w - mean) ** 2), rel=1e-12)
