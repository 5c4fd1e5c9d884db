"""SP 800-90B section 4.5: what tests other than RCT and APT must detect, of any of them and of all together.

(a) A value that comes more than ⌈100/H⌉ times in a row, with a probability of at least 99 %.
(b) A value whose probability has risen from at most 2^-H to 2^(-H/2), within 50,000 samples with one of at least half.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import HealthError
from qrng.health import Gate, Setting
from qrng.health.base import Piece
from qrng.health.cutoffs import rct_cutoff
from qrng.health.registry import build

Symbols = npt.NDArray[np.uint32]


def source(n: int, width: int, p: float, value: int, rng: np.random.Generator) -> Symbols:
    """`value` with probability p, the others equally often."""
    others = (value + rng.integers(1, 1 << width, n)) % (1 << width)
    return np.where(rng.random(n) < p, value, others).astype(np.uint32)


@pytest.mark.parametrize("alpha_log2", [-20, -40])
def test_a_is_met_by_rct_with_certainty_at_every_claim(alpha_log2: int) -> None:
    for claim in np.concatenate([np.arange(1, 1000) / 1000, np.arange(10, 321) / 10]):
        assert rct_cutoff(float(claim), alpha_log2) <= math.ceil(100 / claim) + 1


@pytest.mark.parametrize(
    ("width", "lanes", "claim"),
    [(1, 1, 1.0), (1, 1, 0.5), (1, 1, 0.1), (1, 20, 0.9), (3, 1, 1.5), (8, 1, 7.0), (8, 4, 2.0), (16, 1, 12.0)],
)
def test_a_whatever_the_width_lanes_and_place(width: int, lanes: int, claim: float) -> None:
    stuck = math.ceil(100 / claim) + 1
    for seed in range(20):
        rng = np.random.default_rng(seed)
        value = int(rng.integers(1 << width))
        stream = source(4096 + stuck + 64, width, 2.0**-claim, value, rng)
        at = int(rng.integers(1100, 4000))
        stream[at : at + stuck] = value
        with pytest.raises(HealthError):
            Gate(width, lanes, claim).push(Samples.from_symbols(stream, width, lanes=lanes))


ALONE = [("bank", 1, (1.0, 0.9, 0.5, 0.1)), ("learned", 1, (1.0, 0.9, 0.5, 0.1))]
ALONE += [("histogram", width, (1.0 * width, 0.7 * width, 1.0)) for width in (2, 4, 8)]


@pytest.mark.parametrize(("name", "width", "claims"), ALONE)
def test_b_is_met_by_each_of_these_alone(name: str, width: int, claims: tuple[float, ...]) -> None:
    for claim in claims:
        found = 0
        for seed in range(12):
            rng = np.random.default_rng([seed, width])
            value = int(rng.integers(1 << width))
            good = source(4096, width, 2.0**-claim, value, rng)
            worse = source(50_000, width, 2.0 ** (-claim / 2), value, rng)
            test = next(test for test in build(Setting.of(width, 1, claim)) if test.name == name)
            at = test.update(Piece(Samples.from_symbols(np.concatenate([good, worse]), width)), 0)
            assert at is None or at >= 4096
            found += at is not None
        assert found == 12  # half would do


@pytest.mark.parametrize(
    ("width", "lanes", "claim"), [(1, 20, 0.9), (1, 20, 0.1), (8, 4, 6.0), (12, 1, 8.0), (16, 3, 9.0)]
)
def test_b_by_all_together_in_lanes_and_where_apt_is_the_only_one(width: int, lanes: int, claim: float) -> None:
    for seed in range(6):
        rng = np.random.default_rng([seed, width, lanes])
        value = int(rng.integers(1 << width))
        gate = Gate(width, lanes, claim)
        good = source(4000 * lanes, width, 2.0**-claim, value, rng)
        gate.push(Samples.from_symbols(good, width, lanes=lanes))
        worse = source(50_000, width, 2.0 ** (-claim / 2), value, rng)
        with pytest.raises(HealthError):
            gate.push(Samples.from_symbols(worse, width, lanes=lanes, first=good.size))


def test_b_is_not_met_by_apt_alone_at_low_claims_so_that_the_bank_is_needed_there() -> None:
    rng = np.random.default_rng(1)
    stream = source(50_000, 1, 2.0**-0.05, 1, rng)
    alarms = {
        test.name
        for test in build(Setting.of(1, 1, 0.1))
        if test.update(Piece(Samples.from_symbols(stream)), 0) is not None
    }
    assert "apt" not in alarms
    assert {"bank", "learned"} <= alarms
