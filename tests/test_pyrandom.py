"""QuantumRandom does what random.Random does, from bits that are drawn for each call and kept by nobody."""

from __future__ import annotations

import copy
import math
import os
import pickle
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from scipy.stats import chi2

from qrng import QuantumRandom, RandomBitGenerator
from qrng.errors import HealthAlarm, HealthError, NoStateError


@pytest.fixture
def quantum(fixed_bytes: Any) -> QuantumRandom:
    return QuantumRandom(fixed_bytes)


def uniform(counts: list[int]) -> bool:
    """Chi-square at 10^-6; the bytes are fixed, so this says the same in every run."""
    expected = sum(counts) / len(counts)
    return sum((c - expected) ** 2 for c in counts) / expected < chi2.isf(1e-6, len(counts) - 1)


def test_the_check_of_uniformity_sees_a_biased_count() -> None:
    assert uniform([1000, 1010, 985, 1005])
    assert not uniform([1000, 1200, 900, 900])


def test_every_public_method_of_random_is_there_and_comes_from_the_given_bytes(fixed_bytes: Any) -> None:
    arguments: dict[str, tuple[Any, ...]] = {
        "betavariate": (2, 3),
        "binomialvariate": (10, 0.3),
        "choice": ("abc",),
        "choices": ("abc",),
        "expovariate": (2,),
        "gammavariate": (2, 3),
        "gauss": (),
        "getrandbits": (9,),
        "lognormvariate": (0, 1),
        "normalvariate": (),
        "paretovariate": (3,),
        "randbytes": (5,),
        "randint": (1, 6),
        "random": (),
        "randrange": (10,),
        "sample": (range(10), 3),
        "shuffle": ([1, 2, 3],),
        "triangular": (),
        "uniform": (1, 2),
        "vonmisesvariate": (0, 4),
        "weibullvariate": (1, 2),
    }
    public = {name for name in dir(random.Random) if not name.startswith("_")}
    others = {"seed", "getstate", "setstate", "VERSION"}
    assert public - others <= set(arguments)
    quantum = QuantumRandom(fixed_bytes)
    for name in public - others:
        before = fixed_bytes.given
        getattr(quantum, name)(*arguments[name])
        assert fixed_bytes.given > before, name
        fixed_bytes.stop_after = fixed_bytes.given
        with pytest.raises(HealthAlarm):
            getattr(quantum, name)(*arguments[name])
        fixed_bytes.stop_after = None


def test_random_gives_multiples_of_two_to_the_minus_53_below_one() -> None:
    class Ends:
        def __init__(self, byte: bytes) -> None:
            self.byte = byte

        def random_bytes(self, n: int) -> bytes:
            return self.byte * n

    assert QuantumRandom(Ends(b"\xff")).random() == 1 - 2**-53
    assert QuantumRandom(Ends(b"\x00")).random() == 0.0


def test_random_is_uniform_and_uses_all_53_bits(quantum: QuantumRandom) -> None:
    values = [quantum.random() for _ in range(40_000)]
    cells = [0] * 100
    for value in values:
        cells[int(100 * value)] += 1
    assert uniform(cells)
    for bit in range(53):
        ones = sum(int(value * 2**53) >> bit & 1 for value in values)
        assert uniform([ones, len(values) - ones]), bit


@pytest.mark.parametrize("bound", [2, 3, 6, 7, 100, 255, 256, 257])
def test_randrange_is_uniform_over_its_range(quantum: QuantumRandom, bound: int) -> None:
    cells = [0] * bound
    for _ in range(60 * bound + 2000):
        cells[quantum.randrange(bound)] += 1
    assert uniform(cells)


def test_each_order_of_four_is_as_likely_as_any_other(quantum: QuantumRandom) -> None:
    seen: dict[tuple[int, ...], int] = {}
    for _ in range(12_000):
        deck = [0, 1, 2, 3]
        quantum.shuffle(deck)
        seen[tuple(deck)] = seen.get(tuple(deck), 0) + 1
    assert len(seen) == math.factorial(4)
    assert uniform(list(seen.values()))


@pytest.mark.parametrize("k", [0, 1, 7, 8, 9, 64, 1000])
def test_getrandbits_gives_integers_of_so_many_bits(quantum: QuantumRandom, k: int) -> None:
    values = [quantum.getrandbits(k) for _ in range(200)]
    assert all(0 <= value < 2**k for value in values)
    assert max(values).bit_length() == k


@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.getrandbits(-1),
        lambda r: r.getrandbits(2.5),
        lambda r: r.randbytes(-1),
        lambda r: r.randrange(0),
        lambda r: r.randint(3, 2),
        lambda r: r.choice([]),
        lambda r: r.sample([1, 2], 3),
        lambda r: r.shuffle(5),
        lambda r: r.shuffle((1, 2)),
        lambda r: r.getstate(),
        lambda r: r.setstate(None),
    ],
)
def test_misuse_raises_what_the_standard_generator_raises(
    quantum: QuantumRandom, call: Callable[[random.Random], Any]
) -> None:
    with pytest.raises(Exception) as standard:
        call(random.SystemRandom())
    with pytest.raises(standard.type):
        call(quantum)


def test_it_has_no_seed_and_no_state(quantum: QuantumRandom) -> None:
    for call in (quantum.seed, quantum.getstate, lambda: quantum.setstate(()), lambda: quantum.seed(5)):
        with pytest.raises(NoStateError, match="QuantumRandom"):
            call()
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="can't be pickled or copied"):
            copying(quantum)


def test_a_shuffle_that_fails_leaves_the_list_as_it_was(fixed_bytes: Any) -> None:
    deck = list(range(52))
    for stop_after in (0, 1, 10, 50):
        fixed_bytes.given, fixed_bytes.stop_after = 0, stop_after
        with pytest.raises(HealthAlarm):
            QuantumRandom(fixed_bytes).shuffle(deck)
        assert deck == list(range(52))


def test_an_alarm_ends_it_until_somebody_restarts(stuck_soon: RandomBitGenerator) -> None:
    quantum = QuantumRandom(stuck_soon)
    deck = list(range(1000))
    with pytest.raises(HealthError):
        while True:
            before = list(deck)
            quantum.shuffle(deck)
    assert deck == before
    for call in (quantum.random, quantum.gauss, lambda: quantum.getrandbits(1)):
        with pytest.raises(HealthError):
            call()


def test_gauss_keeps_nothing_for_later(fixed_bytes: Any) -> None:
    quantum = QuantumRandom(fixed_bytes)
    quantum.gauss()
    fixed_bytes.stop_after = fixed_bytes.given
    with pytest.raises(HealthAlarm):
        quantum.gauss()


def test_threads_share_it_and_get_different_numbers(stuck_soon: RandomBitGenerator) -> None:
    got: list[int] = []
    quantum = QuantumRandom(stuck_soon)
    threads = [
        threading.Thread(target=lambda: got.extend(quantum.getrandbits(128) for _ in range(300))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == len(got) == 1200


def test_a_child_gets_other_numbers_than_its_parent(stuck_soon: RandomBitGenerator) -> None:
    quantum = QuantumRandom(stuck_soon)
    quantum.gauss()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, repr([quantum.gauss() for _ in range(5)]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        theirs = stream.read().decode()
    os.waitpid(child, 0)
    ours = [quantum.gauss() for _ in range(5)]
    assert theirs.startswith("[")
    assert not {repr(value) for value in ours} & set(theirs.strip("[]").split(", "))
