"""Each test finds the defect that it exists for (SP 800-22, the "purpose" of each section), where good bits pass it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

import nist_sts

Bits = npt.NDArray[np.uint8]

N = 1 << 20


def fair(rng: np.random.Generator) -> Bits:
    return rng.integers(0, 2, N).astype(np.uint8)


def below(rng: np.random.Generator, p: npt.ArrayLike) -> Bits:
    return (rng.random(N) < p).astype(np.uint8)


def biased(rng: np.random.Generator) -> Bits:
    return below(rng, 0.504)


def biased_blocks(rng: np.random.Generator) -> Bits:
    """Blocks of 128 bits lean one way and the other in turn, the whole is even."""
    return below(rng, 0.5 + 0.03 * np.where(np.arange(N) // 128 % 2, 1, -1))


def drifting(rng: np.random.Generator) -> Bits:
    """The first half leans one way, the second the other."""
    return below(rng, np.where(np.arange(N) < N // 2, 0.507, 0.493))


def sticky(rng: np.random.Generator) -> Bits:
    """A bit repeats the last one with probability 0.504."""
    return (np.cumsum(below(rng, 0.496).astype(np.int64)) & 1).astype(np.uint8)


def long_runs(rng: np.random.Generator) -> Bits:
    """One run of 16 ones in 10,000 bits more than there should be."""
    bits = fair(rng)
    for start in range(5000, N - 16, 10_000):
        bits[start : start + 16] = 1
    return bits


def register(length: int, taps: tuple[int, ...]) -> Callable[[np.random.Generator], Bits]:
    """A linear feedback shift register: every bit is the sum of those at the taps before it."""

    def make(rng: np.random.Generator) -> Bits:
        bits = np.zeros(N, np.uint8)
        bits[:length] = rng.integers(0, 2, length)
        bits[0] = 1
        step = min(taps)
        for start in range(length, N, step):
            stop = min(start + step, N)
            part = np.zeros(stop - start, np.uint8)
            for tap in taps:
                part ^= bits[start - tap : stop - tap]
            bits[start:stop] = part
        return bits

    return make


def periodic(rng: np.random.Generator) -> Bits:
    """Each of 2,000 places in a period leans its own way, by 0.1: a thousand lines in the spectrum."""
    lean = np.where(rng.random(2000) < 0.5, 0.1, -0.1)
    return below(rng, 0.5 + lean[np.arange(N) % 2000])


def templated(template: str) -> Callable[[np.random.Generator], Bits]:
    """The template stands in every 1,500 bits once more than it should."""

    def make(rng: np.random.Generator) -> Bits:
        bits = fair(rng)
        for start in range(100, N - 100, 1500):
            bits[start : start + len(template)] = [int(bit) for bit in template]
        return bits

    return make


def repeating(rng: np.random.Generator) -> Bits:
    """One in five pieces of 210 bits (thirty words of the test's seven) is a copy of the piece before: compressible."""
    bits = fair(rng)
    for start in range(420, N - 210, 1050):
        bits[start : start + 210] = bits[start - 210 : start]
    return bits


def patterned(rng: np.random.Generator) -> Bits:
    """A bit is the sum of the last and the tenth last with probability 0.53: words of ten bits are even, longer not."""
    bits, flips = fair(rng), below(rng, 0.47)
    for i in range(10, N):
        bits[i] = bits[i - 1] ^ bits[i - 10] ^ flips[i]
    return bits


def returning(rng: np.random.Generator) -> Bits:
    """A walk that goes back to where it started, once a step away from it, with probability 0.75."""
    u, bits, place = rng.random(N), np.zeros(N, np.uint8), 0
    for i in range(N):
        bits[i] = u[i] < (0.5 - 0.25 * place if abs(place) == 1 else 0.5)
        place += 2 * int(bits[i]) - 1
    return bits


DEFECTS: dict[str, Callable[[np.random.Generator], Bits]] = {
    "frequency": biased,
    "block_frequency": biased_blocks,
    "cumulative_sums": drifting,
    "runs": sticky,
    "longest_run": long_runs,
    "rank": register(31, (3, 31)),
    "dft": periodic,
    "non_overlapping_template": templated("000000001"),
    "overlapping_template": templated("1" * 14),
    "universal": repeating,
    "approximate_entropy": patterned,
    "serial": patterned,
    "linear_complexity": register(127, (63, 127)),
    "random_excursions": returning,
    "random_excursions_variant": returning,
}


def test_every_test_has_its_defect_here() -> None:
    assert set(DEFECTS) == set(nist_sts.TESTS)


@pytest.mark.parametrize("mode", ["nist", "corrected"])
@pytest.mark.parametrize("name", list(DEFECTS))
def test_the_defect_fails_the_test_that_exists_for_it(name: str, mode: str) -> None:
    bits = DEFECTS[name](np.random.default_rng(7))
    report = nist_sts.run(np.packbits(bits), length=N, mode=mode, tests=[name])
    values = [p for p in report.test(name).p_values[0] if p is not None]
    assert min(values) * len(values) < 1e-4
    assert not report.passed
