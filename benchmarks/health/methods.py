"""The methods compared, each with an average run length of 2^L to a false alarm by derivation, none by fitting."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qrng import Samples
from qrng.health import HealthTest, Setting
from qrng.health.apt import AdaptiveProportionTest
from qrng.health.bank import BankTest
from qrng.health.base import Piece
from qrng.health.context import LOOK, ContextTest
from qrng.health.coupling import LOOK as COUPLING_LOOK
from qrng.health.coupling import CouplingTest
from qrng.health.edetector import EDetector
from qrng.health.learned.bettor import LearnedTest
from qrng.health.rct import RepetitionCountTest
from qrng.health.registry import build
from qrng.health.side import columns
from qrng.health.sine import SineTest

Finder = Callable[[Samples], int | None]


@dataclass(frozen=True)
class Method:
    """A name, and where in a stream it alarms first."""

    name: str
    find: Finder


def first_of(tests: list[HealthTest], samples: Samples, side: tuple[str, ...] = ()) -> int | None:
    piece = Piece(samples, side=columns(samples, side, 0, samples.count) if side else None)
    hits = [at for test in tests if (at := test.update(piece, 0)) is not None]
    return min(hits, default=None)


def compliance(log2: int, *, per_lane: bool, claim: float = 1.0) -> Finder:
    """RCT and APT, half of the false alarms each: P(RCT at a symbol) <= 2^-(L+1), P(APT in a window) <= W 2^-(L+1)."""

    def find(samples: Samples) -> int | None:
        lanes = samples.lanes
        return first_of(
            [
                RepetitionCountTest(Setting.of(1, lanes, claim, -log2 - 1), per_lane=per_lane),
                AdaptiveProportionTest(Setting.of(1, lanes, claim, -log2 - 1 + 10), per_lane=per_lane),
            ],
            samples,
        )

    return find


def monobit(log2: int, block: int = 1 << 12) -> Finder:
    """Ones in blocks of 4096 bits against an exact binomial threshold on both sides."""
    low = int(stats.binom.ppf(block * 2.0**-log2 / 2, block, 0.5)) - 1

    def find(samples: Samples) -> int | None:
        ones = samples.symbols()[: samples.count // block * block].reshape(-1, block).sum(axis=1, dtype=np.int64)
        bad = np.flatnonzero((ones <= low) | (ones >= block - low))
        return int(bad[0] + 1) * block - 1 if len(bad) else None

    return find


def chi_square(log2: int, block: int = 1 << 16) -> Finder:
    """Pearson's statistic of the bytes in blocks of 65,536 bits."""
    limit = float(stats.chi2.isf(block * 2.0**-log2, 255))

    def find(samples: Samples) -> int | None:
        for i, part in enumerate(samples.packed[: samples.count // block * block // 8].reshape(-1, block // 8)):
            counts = np.bincount(part, minlength=256)
            expected = block / 8 / 256
            if float(((counts - expected) ** 2).sum() / expected) > limit:
                return (i + 1) * block - 1
        return None

    return find


def squares(log2: int, block: int = 1 << 12, lags: int = 64) -> Finder:
    """Sum of z² of the bias and of lags 1 to 64 in blocks of 4096 bits, against chi-square (65 degrees of freedom)."""
    limit = float(stats.chi2.isf(block * 2.0**-log2, lags + 1))

    def find(samples: Samples) -> int | None:
        x = samples.symbols()
        blocks = len(x) // block
        total = np.zeros(blocks)
        for k in range(lags + 1):
            y = x[: blocks * block].copy()
            if k:
                y[k:] ^= x[: blocks * block - k]
            ones = y.reshape(blocks, block).sum(axis=1, dtype=np.int64)
            total += (2.0 * ones - block) ** 2 / block
        bad = np.flatnonzero(total > limit)
        return int(bad[0] + 1) * block - 1 if len(bad) else None

    return find


def detector(
    kind: Callable[..., HealthTest], log2: int, claim: float = 1.0, side: tuple[str, ...] = (), **options: int
) -> Finder:
    """One detector alone, with all false alarms to itself."""

    def find(samples: Samples) -> int | None:
        setting = Setting.of(1, samples.lanes, claim, run_length_log2=log2, side_data=side)
        return first_of([kind(setting, **options)], samples, side)

    return find


def everything(
    log2: int,
    width: int = 1,
    claim: float = 1.0,
    side: tuple[str, ...] = (),
    *,
    without: str = "",
    every_bit: bool = False,
) -> Finder:
    """What `Gate` runs, the false alarms shared: of one lane's bits half to RCT, else an eighth; the rest to evidence.

    RCT alarms at a symbol with probability at most α, on the stream and again in its lane: C − 1 symbols repeat the one
    before. With one-bit symbols the run has to begin with a change, too, of probability at most g. APT alarms with
    probability at most α in a window of 512 symbols or more, and gets 1/256, which is more. Without one test
    the evidence's part is shared among those that are left.
    """

    def find(samples: Samples) -> int | None:
        of_runs = 1 if width == samples.lanes == 1 else 3
        bound = log2 + of_runs + (samples.lanes > 1) - (claim if width == 1 else 0)
        tests = build(Setting.of(width, samples.lanes, claim, -math.ceil(bound), log2, side, every_bit))
        tests = [test for test in tests if test.name != without]
        detectors = [test for test in tests if isinstance(test, EDetector)]
        for test in detectors:
            test.share = test.weight / sum(other.weight for other in detectors) * (1 - 2.0**-of_runs - 2.0**-8)
        return first_of(tests, samples, side)

    return find


def methods(log2: int, lanes: int) -> list[Method]:
    """The methods for a stream of so many lanes."""
    found = [
        Method("RCT+APT", compliance(log2, per_lane=False)),
        Method("monobit", monobit(log2)),
        Method("chi2", chi_square(log2)),
        Method("Σz²", squares(log2)),
        Method("bank", detector(BankTest, log2)),
        Method("learned", detector(LearnedTest, log2)),
        Method("sine", detector(SineTest, log2)),
        Method("context", detector(ContextTest, log2, every=LOOK)),
        Method("all", everything(log2)),
    ]
    if lanes > 1:
        found[1:1] = [Method("RCT+APT lanes", compliance(log2, per_lane=True))]
        found[-4:-4] = [Method("bank lanes", detector(BankTest, log2, per_lane=True))]
        found[-1:-1] = [Method("coupling", detector(CouplingTest, log2, every=COUPLING_LOOK))]
    return found


def for_hidden(log2: int, lanes: int) -> list[Method]:
    """What is compared where structure is hidden from fixed parities: with and without what mixes beliefs."""
    found = [
        Method("bank", detector(BankTest, log2)),
        Method("learned", detector(LearnedTest, log2)),
        Method("context, every bit", detector(ContextTest, log2, every=LOOK)),
        Method("all but context", everything(log2, without="context")),
        Method("all", everything(log2)),
        Method("all, every bit", everything(log2, every_bit=True)),
    ]
    if lanes > 1:
        found[1:1] = [Method("bank lanes", detector(BankTest, log2, per_lane=True))]
        found[-3:-3] = [Method("coupling, every bit", detector(CouplingTest, log2, every=COUPLING_LOOK))]
    return found
