"""Permutation tests for IID, SP 800-90B section 5.1: 11 statistics, 19 values, ranked among shuffles of the data.

A value that is among the 5 most extreme of 10,000 fails. A value stops being computed once it can no longer fail,
because both of its counts exceed 5; they only grow, so the verdict is that of all rounds.
"""

from __future__ import annotations

import bz2
import math
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from qrng import bits
from qrng._native import ffi, lib, readable, writable
from qrng.entropy.sp800_90b.sequence import Sequence

__all__ = ["ROUNDS", "PermutationTest", "Ranked", "Setting", "permutation_test", "setting_of", "statistics"]

ROUNDS = 10_000
MARGIN = 5  # step 4: a value fails if C0 + C1 or C1 + C2 is at most this
LAGS = (1, 2, 8, 16, 32)
BZIP2_LEVEL = 5  # the reference tool's block size

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

Values = dict[str, float]


@dataclass(frozen=True)
class Ranked:
    """One value: of the data, and how many shuffles gave a larger, equal and smaller one until it stopped."""

    name: str
    value: float
    larger: int
    equal: int
    smaller: int

    @property
    def passed(self) -> bool:
        """Is the value not among the most extreme?"""
        return self.larger + self.equal > MARGIN and self.equal + self.smaller > MARGIN


@dataclass(frozen=True)
class PermutationTest:
    """Result of the permutation tests: the seed repeats it."""

    seed: int
    rounds: int
    ranked: tuple[Ranked, ...]

    @property
    def passed(self) -> bool:
        """Did every value pass?"""
        return all(value.passed for value in self.ranked)


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
    text = np.empty(4 * symbols.size, np.uint8)
    length = lib.qrng_entropy_decimal_text(writable(text), readable(symbols), symbols.size, setting.low, setting.step)
    return len(bz2.compress(text[:length].data, BZIP2_LEVEL))


def permutation_test(
    sequence: Sequence,
    raw: bits.Symbols,
    *,
    seed: int | None = None,
    rounds: int = ROUNDS,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> PermutationTest:
    """Rank the statistics of the data among those of random shuffles.

    Args:
        sequence: the literal sequence (symbols mapped down).
        raw: the symbols before mapping, one a byte.
        seed: 64 bits that name the shuffles; None draws one from the operating system.
        rounds: shuffles at most; the standard's 10,000.
        workers: threads; the result does not depend on their number.
        progress: called with the number of values that are settled.
    """
    seed = secrets.randbits(64) if seed is None else seed
    setting = setting_of(sequence, raw)
    symbols = sequence.symbols if setting.binary else raw
    own = statistics(symbols, setting)
    counts = {name: [0, 0, 0] for name in own}
    active = dict.fromkeys(own)

    def shuffled(number: int, groups: list[str]) -> Values:
        order = np.empty_like(symbols)
        lib.qrng_entropy_shuffle(writable(order), readable(symbols), symbols.size, seed, number)
        return statistics(order, setting, groups)

    done = 0
    with ThreadPoolExecutor(workers) as pool:
        while active and done < rounds:
            groups = [group for group, names in GROUPS.items() if active.keys() & names]
            batch = range(done, min(done + workers, rounds))
            results = pool.map(lambda number, wanted=groups: shuffled(number, wanted), batch)
            for values in results:
                done += bool(active)
                for name in list(active):
                    value, mine = values[name], own[name]
                    count = counts[name]
                    count[0 if value > mine else 1 if value == mine else 2] += 1
                    if count[0] + count[1] > MARGIN and count[1] + count[2] > MARGIN:
                        del active[name]
            if progress:
                progress(len(own) - len(active))
    return PermutationTest(seed, done, tuple(Ranked(name, own[name], *counts[name]) for name in own))
