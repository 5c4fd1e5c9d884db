"""A source below its claim, and one that only side data betray: rows that the tables of a fair claim can't hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.health.divergence import kl
from benchmarks.health.families import Family, bias
from benchmarks.health.methods import Method, compliance, detector, everything
from qrng import Samples
from qrng.health.bank import BankTest
from qrng.health.learned.bettor import LearnedTest
from qrng.health.side import SideDataTest
from qrng.health.sine import SineTest

CLAIM, TRUE = 0.9, 0.8
BETRAYED = 0.05
NEIGHBOUR = ("neighbour",)


def below_claim() -> tuple[Family, list[str]]:
    """Independent bits with a min-entropy of 0.8 under a claim of 0.9."""
    p = 2.0**-TRUE
    return Family(f"claim {CLAIM}, true {TRUE}", False, bias(p), kl(p, 2.0**-CLAIM), TRUE), []


def claim_methods(log2: int) -> list[Method]:
    """The methods that take a claim below one bit."""
    return [
        Method("RCT+APT", compliance(log2, per_lane=False, claim=CLAIM)),
        Method("bank", detector(BankTest, log2, CLAIM)),
        Method("learned", detector(LearnedTest, log2, CLAIM)),
        Method("sine", detector(SineTest, log2, CLAIM)),
        Method("all", everything(log2, 1, CLAIM)),
    ]


def side_methods(log2: int) -> list[Method]:
    """The test of side data alone, and all tests with it."""
    return [
        Method("side", detector(SideDataTest, log2, 1.0, NEIGHBOUR)),
        Method("all", everything(log2, 1, 1.0, NEIGHBOUR)),
    ]


def at_its_claim(n: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Independent bits of the claim's min-entropy."""
    return (rng.random(n) < 2.0**-CLAIM).astype(np.uint8)


def betrayed(before: int, after: int, rng: np.random.Generator) -> Samples:
    """Fair bits, a column of other fair bits beside them, and from the onset on 1/2 + 0.05 of the bits equal to it."""
    neighbour = rng.integers(0, 2, before + after, dtype=np.uint8)
    differs = rng.random(before + after) < np.where(np.arange(before + after) < before, 0.5, 0.5 - BETRAYED)
    return Samples.from_symbols(neighbour ^ differs, 1, side_data={NEIGHBOUR[0]: neighbour.astype(np.float64)})
