"""What a weak bias may hide: the formula by hand, the tests in force, and a bias that does it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from qrng import EntropyClaim, Samples
from qrng.errors import ParameterError
from qrng.health import Gate, Setting, registry
from qrng.health.allowance import Allowance, evidence_needed, less
from qrng.health.bank import BankTest
from qrng.health.base import Piece
from qrng.health.histogram import HistogramTest


@pytest.mark.parametrize(
    ("claim", "evidence", "symbols", "bits"),
    [
        (1.0, 70.0, 1 << 16, 3639),  # sqrt(2.88539 * 70 * 65536) = 3638.24
        (1.0, 64.0, 1 << 20, 13916),  # sqrt(2.88539 * 64 * 1048576) = 13915.29
        (0.9, 70.0, 1 << 16, 3386),  # the first, times sqrt(2^0.9 - 1) = 0.93063
        (8.0, 70.0, 1 << 13, 20541),  # bytes: sqrt(2.88539 * 255 * 70 * 8192) = 20540.75
        (0.1, 70.0, 100, 10),  # never more than is claimed
    ],
)
def test_the_formula_by_hand(claim: float, evidence: float, symbols: int, bits: int) -> None:
    assert Allowance.of(claim, symbols, evidence).bits == bits


def test_the_evidence_needed_is_that_of_a_bet_on_the_bias() -> None:
    tests = registry.build(Setting.of(1, 1, 1.0))
    (bank,) = (test for test in tests if isinstance(test, BankTest))
    # An eighth of the bank's prior is the bias's, of which the smallest bet has 5/64 (csrc/health/bets.c).
    assert evidence_needed(tests) == pytest.approx(64 - math.log2(bank.share) + math.log2(8 * 64 / 5))
    assert evidence_needed(registry.build(Setting.of(12, 1, 6.0))) is None
    # Wider symbols: one of nine equal experts, three streams at three speeds, is the histogram of symbols.
    (histogram,) = (test for test in registry.build(Setting.of(8, 1, 6.0)) if isinstance(test, HistogramTest))
    assert evidence_needed([histogram]) == pytest.approx(64 - math.log2(histogram.share) + math.log2(9))
    assert Gate(1, 1, 1.0).status()["allowance_log2_evidence"] == evidence_needed(tests)


def test_a_bias_at_its_alarm_has_hidden_about_the_allowance() -> None:
    p, ratios = 0.55, []
    for seed in range(9):
        bits = (np.random.default_rng(seed).random(1 << 15) < p).astype(np.uint8)
        test = BankTest(Setting.of(1, 1, 1.0))
        at = test.update(Piece(Samples.from_symbols(bits)), 0)
        assert at is not None
        needed = evidence_needed([test])
        assert needed is not None
        ratios.append(at * (1 + math.log2(p)) / Allowance.of(1.0, at, needed).bits)
    assert 0.7 < np.median(ratios) < 1.2


def test_it_is_taken_off_from_2_to_the_16_on_unless_said_otherwise() -> None:
    def taken(block: int, wanted: bool | None = None) -> bool:
        found = Allowance.for_block(block, claim_bits=0.9, bits_per_symbol=1, lanes=1, taken_off=wanted)
        assert found is not None
        return found.taken_off

    assert taken(1 << 16)
    assert not taken((1 << 16) - 1)
    assert taken(4096, True)
    assert not taken(1 << 20, False)


def test_the_claim_less_the_allowance_is_exact() -> None:
    claim = EntropyClaim(0.9, -80.0, ("a test",), "a test")
    hidden = Allowance(3639, 70.0, 65_537, taken_off=True)
    left = less(claim, 65_537, hidden)
    assert left.min_entropy(65_537) == 65_537 * Fraction(0.9) - 3639
    assert left.log2_error == -80
    assert "less 3639 bits" in left.assumptions[-1]
    assert less(claim, 65_537, Allowance(3639, 70.0, 65_537)) is claim
    assert less(claim, 65_537, None) is claim


def test_a_block_of_which_it_leaves_nothing_is_refused() -> None:
    claim = EntropyClaim(0.01, None, ("a test",), "a test")
    with pytest.raises(ParameterError, match="longer blocks"):
        less(claim, 1000, Allowance(11, 70.0, 1000, taken_off=True))
