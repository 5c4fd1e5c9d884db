"""Permutation tests for IID, SP 800-90B section 5.1: 11 statistics, 19 values, ranked among shuffles of the data.

A value that is among the 5 most extreme of 10,000 fails. Three things are left out, and the verdict is that of all
values in all rounds all the same:

- A value stops being computed once it can no longer fail, because both of its counts exceed 5: they only grow.
- One failed value fails the data. That takes (nearly) all rounds to say, so the values that are still open after some
  rounds are pursued one by one, the cheapest first, and the first that fails ends the test. Compression, the costliest,
  comes last. A round is named by its number, so that a value gets the same rank whenever it is computed.
- Nothing is ranked where another test of section 5 has failed the data already.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from qrng import bits
from qrng._native import ffi, lib, readable, writable
from qrng.entropy.sp800_90b.sequence import Sequence
from qrng.parallel import ordered

__all__ = ["ROUNDS", "PermutationTest", "Ranked", "Setting", "permutation_test", "setting_of", "statistics"]

ROUNDS = 10_000
MARGIN = 5  # step 4: a value fails if C0 + C1 or C1 + C2 is at most this
LAGS = (1, 2, 8, 16, 32)
BZIP2_LEVEL = 5  # the reference tool's block size
TOGETHER = (
    1000  # rounds after which values that are still open are pursued one by one; any number gives the same verdict
)

GROUPS: dict[str, tuple[str, ...]] = {
    "excursion": ("excursion",),
    "directional_runs": ("directional_runs", "longest_directional_run", "increases_decreases"),
    "median_runs": ("median_runs", "longest_median_run"),
    "collision": ("average_collision", "maximum_collision"),
    "periodicity": tuple(f"periodicity_{lag}" for lag in LAGS),
    "covariance": tuple(f"covariance_{lag}" for lag in LAGS),
    "compression": ("compression",),
}
"""Values that are found in one pass, by the name of the pass."""

CHEAPEST_FIRST = (
    "median_runs",
    "directional_runs",
    "periodicity",
    "covariance",
    "excursion",
    "collision",
    "compression",
)

Values = dict[str, float]


@dataclass(frozen=True)
class Ranked:
    """One value: of the data, and how many shuffles gave a larger, equal and smaller one until it stopped.

    `complete` says that no more rounds were left for it; it settles a value that has not passed by then.
    """

    name: str
    value: float
    larger: int
    equal: int
    smaller: int
    complete: bool = True

    @property
    def passed(self) -> bool | None:
        """Is the value not among the most extreme? None where it was left open, the verdict being known without."""
        if self.larger + self.equal > MARGIN and self.equal + self.smaller > MARGIN:
            return True
        return False if self.complete else None


@dataclass(frozen=True)
class PermutationTest:
    """Result of the permutation tests: the seed repeats it.

    Attributes:
        seed: names the shuffles.
        rounds: shuffles that the value ranked longest was compared with.
        ranked: one entry a value.
    """

    seed: int
    rounds: int
    ranked: tuple[Ranked, ...]

    @property
    def passed(self) -> bool | None:
        """Did every value pass? None if that was left open, another test having failed."""
        verdicts = {value.passed for value in self.ranked}
        return False if False in verdicts else None if None in verdicts else True


@dataclass(frozen=True)
class Setting:
    """What the statistics need besides the order of the symbols, and shuffles don't change."""

    binary: bool
    mean: float
    upper: int
    low: int
    step: int


def setting_of(sequence: Sequence, raw: bits.Symbols) -> Setting:
    """From the literal sequence and the symbols before mapping."""
    values = np.flatnonzero(np.bincount(raw, minlength=256))
    mean = int(raw.sum(dtype=np.uint64)) / raw.size
    if sequence.alphabet_size == 2:  # conversions and the median see 0 and 1; the rest sees the values themselves
        return Setting(True, mean, 1, int(values[0]), int(values[-1] - values[0]))
    return Setting(False, mean, int(np.partition(raw, raw.size // 2)[raw.size // 2]), 0, 1)


def statistics(symbols: bits.Symbols, setting: Setting, groups: Iterable[str] = GROUPS) -> Values:
    """The values of the groups asked for, of symbols in this order."""
    pointer, n = readable(symbols), symbols.size
    found: Values = {}
    ones = words = symbols
    if setting.binary:
        ones, words = np.empty(bits.bytes_for(n), np.uint8), np.empty(bits.bytes_for(n), np.uint8)
        lib.qrng_entropy_conversions(writable(ones), writable(words), pointer, n)
    for group in groups:
        out = ffi.new("uint64_t[5]")
        match group:
            case "excursion":
                values: list[float] = [lib.qrng_entropy_excursion(pointer, n, setting.mean, setting.low, setting.step)]
            case "compression":
                values = [_compressed(symbols, setting)]
            case "median_runs":
                lib.qrng_entropy_median_runs(out, pointer, n, setting.upper)
                values = list(out)
            case "directional_runs":
                lib.qrng_entropy_directional_runs(out, readable(ones), ones.size)
                values = list(out)
            case "collision":
                lib.qrng_entropy_times_to_collision(out, readable(words), words.size)
                values = [out[1] / out[0] if out[0] else math.inf, out[2]]
            case "periodicity":
                lib.qrng_entropy_periodicity(out, readable(ones), ones.size)
                values = list(out)
            case _:
                lib.qrng_entropy_covariance(out, readable(ones), ones.size)
                values = list(out)
        found.update(zip(GROUPS[group], values, strict=False))
    return found


def _compressed(symbols: bits.Symbols, setting: Setting) -> int:
    """Length of bzip2 over the values in decimal, joined by spaces (5.1.11)."""
    scratch = np.empty(lib.qrng_entropy_bzip2_scratch_bytes(BZIP2_LEVEL), np.uint8)
    length = lib.qrng_entropy_decimal_bzip2_length(
        readable(symbols), symbols.size, setting.low, setting.step, BZIP2_LEVEL, writable(scratch)
    )
    return int(length)


class _Ranking:
    """Counts of every value, and the round that each pass has come to."""

    def __init__(self, symbols: bits.Symbols, setting: Setting, seed: int, exhaustive: bool) -> None:
        self.symbols, self.setting, self.seed, self.exhaustive = symbols, setting, seed, exhaustive
        self.own = statistics(symbols, setting)
        self.counts = {name: [0, 0, 0] for name in self.own}
        self.next_round = dict.fromkeys(GROUPS, 0)

    def settled(self, name: str) -> bool:
        """Can the value no longer fail?"""
        larger, equal, smaller = self.counts[name]
        return larger + equal > MARGIN and equal + smaller > MARGIN

    def open(self, group: str) -> bool:
        """Is there a value of this pass to go on with?"""
        return self.exhaustive or not all(map(self.settled, GROUPS[group]))

    def pursue(
        self, groups: Iterable[str], stop: int, pool: Executor, workers: int, progress: Callable[[int], None] | None
    ) -> None:
        """Go on to round `stop` with passes that have come to the same round, as long as they are open."""
        wanted = [group for group in groups if self.open(group)]
        if not wanted:
            return

        def shuffled(number: int) -> Values:
            order = np.empty_like(self.symbols)
            lib.qrng_entropy_shuffle(writable(order), readable(self.symbols), order.size, self.seed, number)
            return statistics(order, self.setting, tuple(wanted))

        rounds = range(self.next_round[wanted[0]], stop)
        with closing(ordered(shuffled, rounds, pool if workers > 1 else None, 2 * workers)) as results:
            for values in results:
                for group in tuple(wanted):
                    self._count(group, values)
                    if not self.open(group):
                        wanted.remove(group)
                if progress:
                    progress(sum(map(self.settled, self.own)))
                if not wanted:
                    return

    def _count(self, group: str, values: Values) -> None:
        self.next_round[group] += 1
        for name in GROUPS[group]:
            if self.exhaustive or not self.settled(name):
                value, mine = values[name], self.own[name]
                self.counts[name][0 if value > mine else 1 if value == mine else 2] += 1

    def result(self, rounds: int) -> PermutationTest:
        """The ranks so far, of `rounds` that there are."""
        ranked = []
        for group, names in GROUPS.items():
            for name in names:
                larger, equal, smaller = self.counts[name]
                complete = self.next_round[group] == rounds
                ranked.append(Ranked(name, self.own[name], larger, equal, smaller, complete))
        return PermutationTest(self.seed, max(self.next_round.values()), tuple(ranked))


def permutation_test(
    sequence: Sequence,
    raw: bits.Symbols,
    *,
    seed: int | None = None,
    rounds: int = ROUNDS,
    workers: int = 1,
    exhaustive: bool = False,
    known_to_fail: bool = False,
    progress: Callable[[int], None] | None = None,
) -> PermutationTest:
    """Rank the statistics of the data among those of random shuffles.

    Args:
        sequence: the literal sequence (symbols mapped down).
        raw: the symbols before mapping, one a byte.
        seed: 64 bits that name the shuffles; None draws one from the operating system.
        rounds: shuffles at most; the standard's 10,000.
        workers: threads; the result does not depend on their number.
        exhaustive: rank every value in all rounds, settled or not.
        known_to_fail: another test has failed the data: rank nothing, unless exhaustive.
        progress: called after each round with the number of values that can no longer fail.
    """
    seed = secrets.randbits(64) if seed is None else seed
    setting = setting_of(sequence, raw)
    ranking = _Ranking(sequence.symbols if setting.binary else raw, setting, seed, exhaustive)
    with ThreadPoolExecutor(workers) as pool:
        if exhaustive:
            ranking.pursue(GROUPS, rounds, pool, workers, progress)
        elif not known_to_fail:
            ranking.pursue(CHEAPEST_FIRST[:-1], min(TOGETHER, rounds), pool, workers, progress)
            for group in CHEAPEST_FIRST:
                ranking.pursue([group], rounds, pool, workers, progress)
                if ranking.open(group):
                    break
    return ranking.result(rounds)
