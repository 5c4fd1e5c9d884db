"""qrng.Generator is a numpy.random.Generator in all it gives, and gives nothing once the bits behind it stop."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm, qmc

import qrng
from qrng import RandomBitGenerator, npgenerator
from qrng.errors import HealthAlarm, HealthError, NoStateError, ReentryError

CALLS: dict[str, Callable[[np.random.Generator], Any]] = {
    "beta": lambda g: g.beta(2, 3),
    "binomial": lambda g: g.binomial(10, 0.3),
    "bytes": lambda g: g.bytes(10),
    "chisquare": lambda g: g.chisquare(3, 5),
    "choice": lambda g: g.choice(10, 3),
    "dirichlet": lambda g: g.dirichlet([1, 2, 3]),
    "exponential": lambda g: g.exponential(),
    "f": lambda g: g.f(3, 4),
    "gamma": lambda g: g.gamma(2),
    "geometric": lambda g: g.geometric(0.1),
    "gumbel": lambda g: g.gumbel(),
    "hypergeometric": lambda g: g.hypergeometric(30, 20, 10),
    "integers": lambda g: g.integers(10, size=(2, 3)),
    "laplace": lambda g: g.laplace(),
    "logistic": lambda g: g.logistic(),
    "lognormal": lambda g: g.lognormal(),
    "logseries": lambda g: g.logseries(0.3),
    "multinomial": lambda g: g.multinomial(10, [0.5, 0.5]),
    "multivariate_hypergeometric": lambda g: g.multivariate_hypergeometric([30, 20], 10),
    "multivariate_normal": lambda g: g.multivariate_normal([0, 0], np.eye(2)),
    "negative_binomial": lambda g: g.negative_binomial(3, 0.5),
    "noncentral_chisquare": lambda g: g.noncentral_chisquare(3, 2),
    "noncentral_f": lambda g: g.noncentral_f(3, 4, 2),
    "normal": lambda g: g.normal(size=3),
    "pareto": lambda g: g.pareto(3),
    "permutation": lambda g: g.permutation(10),
    "permuted": lambda g: g.permuted(np.arange(10)),
    "poisson": lambda g: g.poisson(3),
    "power": lambda g: g.power(3),
    "random": lambda g: g.random(4),
    "rayleigh": lambda g: g.rayleigh(),
    "shuffle": lambda g: g.shuffle([1, 2, 3]),
    "standard_cauchy": lambda g: g.standard_cauchy(),
    "standard_exponential": lambda g: g.standard_exponential(),
    "standard_gamma": lambda g: g.standard_gamma(2),
    "standard_normal": lambda g: g.standard_normal(dtype=np.float32),
    "standard_t": lambda g: g.standard_t(3),
    "triangular": lambda g: g.triangular(0, 1, 2),
    "uniform": lambda g: g.uniform(),
    "vonmises": lambda g: g.vonmises(0, 1),
    "wald": lambda g: g.wald(1, 2),
    "weibull": lambda g: g.weibull(2),
    "zipf": lambda g: g.zipf(3),
}
PUBLIC = {name for name in dir(np.random.Generator) if not name.startswith("_")} - {"bit_generator", "spawn"}


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_method_draws_from_the_given_bits_and_raises_when_they_stop(fixed_bytes: Any, name: str) -> None:
    generator = qrng.Generator(fixed_bytes)
    wanted = CALLS[name](np.random.default_rng(1))
    assert np.shape(CALLS[name](generator)) == np.shape(wanted)
    assert fixed_bytes.given > 0
    fixed_bytes.stop_after = fixed_bytes.given
    for _ in range(2):
        with pytest.raises(HealthAlarm):
            CALLS[name](generator)
    fixed_bytes.stop_after = None
    CALLS[name](generator)


@pytest.mark.parametrize(
    "large", [lambda g: g.normal(size=100_000), lambda g: g.integers(7, size=10**5), lambda g: g.permutation(10**5)]
)
def test_an_alarm_in_the_middle_of_a_large_call_gives_nothing(
    stuck_soon: RandomBitGenerator, large: Callable[[np.random.Generator], Any]
) -> None:
    generator = qrng.Generator(stuck_soon)
    result = None
    with pytest.raises(HealthError):
        while True:
            result = None
            result = large(generator)
    assert result is None
    with pytest.raises(HealthError):
        generator.random()


def test_within_the_failing_call_the_words_are_those_of_the_system(
    fixed_bytes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = qrng.Generator(fixed_bytes)
    monkeypatch.setattr(os, "urandom", lambda n: b"\x80" * n)
    fixed_bytes.stop_after = 0
    out = np.full(3, np.nan)
    with pytest.raises(HealthAlarm):
        generator.random(out=out)
    assert out.tolist() == [(0x8080808080808080 >> 11) * 2.0**-53] * 3


def test_a_call_ends_even_if_the_system_fails_too(fixed_bytes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> bytes:
        raise OSError("no entropy source")

    generator = qrng.Generator(fixed_bytes)
    monkeypatch.setattr(os, "urandom", broken)
    fixed_bytes.stop_after = 0
    with pytest.raises(HealthAlarm):
        generator.integers(3, size=1000)


def test_words_and_doubles_are_the_bytes_of_the_generator(fixed_bytes: Any) -> None:
    twin = type(fixed_bytes)()
    generator = qrng.Generator(fixed_bytes)
    first = np.frombuffer(twin.random_bytes(64), np.uint64)[:5]
    assert generator.random(5).tolist() == [(int(word) >> 11) * 2.0**-53 for word in first]
    # What is left of a drawn piece is thrown away at the end of a call; the next call draws again.
    assert generator.random() == (int(np.frombuffer(twin.random_bytes(64), np.uint64)[0]) >> 11) * 2.0**-53


def test_long_calls_use_each_byte_once_in_order(fixed_bytes: Any) -> None:
    twin = type(fixed_bytes)()
    pieces, size = [], 64
    while sum(map(len, pieces)) < 8 * 50_000:
        pieces.append(twin.random_bytes(size))
        size = min(2 * size, 1 << 16)
    words = np.frombuffer(b"".join(pieces), np.uint64)[:50_000]
    drawn = qrng.Generator(fixed_bytes).integers(0, 2**64, 50_000, dtype=np.uint64)
    assert (drawn == words).all()


def test_distributions_have_their_shape(fixed_bytes: Any) -> None:
    generator = qrng.Generator(fixed_bytes)  # fixed bytes: these p-values are the same in every run
    assert kstest((generator.normal(3, 2, 20_000) - 3) / 2, "norm").pvalue > 1e-6
    assert kstest(generator.exponential(size=20_000), "expon").pvalue > 1e-6
    assert kstest(generator.random(20_000, dtype=np.float32), "uniform").pvalue > 1e-6
    counts = np.bincount(generator.integers(7, size=70_000), minlength=7)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < chi2.isf(1e-6, 6)


def test_nothing_is_kept_between_calls(fixed_bytes: Any) -> None:
    generator = qrng.Generator(fixed_bytes)
    inner = generator._bit_generator
    generator.random(1000)
    assert inner._words.bytes == inner._words.at == 0
    assert not any(inner._buffer)
    fixed_bytes.stop_after = fixed_bytes.given
    with pytest.raises(HealthAlarm):
        generator.integers(2)


def test_the_bare_bit_generator_stays_private(fixed_bytes: Any) -> None:
    generator = qrng.Generator(fixed_bytes)
    with pytest.raises(NoStateError, match="SeedSequence"):
        _ = generator.bit_generator
    with pytest.raises(NoStateError):
        generator.spawn(2)
    with pytest.raises(NoStateError):
        np.random.Generator(generator.bit_generator)
    assert repr(generator) == str(generator) == "<qrng.Generator>"


def test_scipy_draws_from_it_and_is_told_where_it_wants_a_seed(fixed_bytes: Any) -> None:
    generator = qrng.Generator(fixed_bytes)
    assert norm.rvs(size=3, random_state=generator).shape == (3,)
    with pytest.raises(NoStateError, match="SeedSequence"):
        qmc.Sobol(2, seed=generator)
    fixed_bytes.stop_after = fixed_bytes.given
    with pytest.raises(HealthAlarm):
        norm.rvs(size=3, random_state=generator)


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_can_be_neither_pickled_nor_copied(fixed_bytes: Any, copying: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="can't be pickled or copied"):
        copying(qrng.Generator(fixed_bytes))


def test_threads_draw_one_after_the_other_and_each_gets_its_own_failure(fixed_bytes: Any) -> None:
    generator, lock = qrng.Generator(fixed_bytes), threading.Lock()
    drawn: list[int] = []
    failures = 0

    def work() -> None:
        nonlocal failures
        try:
            while True:
                part = generator.integers(0, 2**63, 50).tolist()
                with lock:
                    drawn.extend(part)
        except HealthAlarm:
            with lock:
                failures += 1

    fixed_bytes.stop_after = 400_000
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == 4
    # 64 + 128 + 256 bytes a call: 50 words need three pieces.
    assert len(drawn) == 50 * (400_000 // 448)
    assert len(set(drawn)) == len(drawn)


def test_a_child_draws_other_numbers_and_is_not_held_by_a_lock_of_its_parent(stuck_soon: RandomBitGenerator) -> None:
    generator = qrng.Generator(stuck_soon)
    generator.random(10)
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with generator._bit_generator.lock:
            inside.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(60)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork with threads, which is the point here
        child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)
            os.write(writer, generator.random(10).tobytes())
        finally:
            os._exit(0)
    os.close(writer)
    leave.set()
    holder.join()
    with os.fdopen(reader, "rb") as stream:
        theirs = stream.read()
    os.waitpid(child, 0)
    assert len(theirs) == 80
    assert not set(np.frombuffer(theirs)) & set(generator.random(10))


def test_an_interrupt_while_bits_are_drawn_is_raised_and_a_handler_cannot_reenter(fixed_bytes: Any) -> None:
    said: list[type[BaseException]] = []

    def handler(*_: object) -> None:
        try:
            generator.random()
        except ReentryError as error:
            said.append(type(error))
        raise KeyboardInterrupt

    class Interrupted:
        random_bytes = fixed_bytes.random_bytes

        def readinto(self, buffer: Any) -> int:
            signal.raise_signal(signal.SIGUSR1)
            return fixed_bytes.readinto(buffer)

    generator = qrng.Generator(Interrupted())
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            generator.normal(size=100)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert said == [ReentryError]


def test_it_goes_when_nobody_holds_it(fixed_bytes: Any) -> None:
    gc.collect()
    before = len(npgenerator._alive)
    generator = qrng.Generator(fixed_bytes)
    assert len(npgenerator._alive) == before + 1
    del generator
    gc.collect()
    assert len(npgenerator._alive) == before


def test_a_seed_sequence_seeds_numpys_own_generators_with_256_bits(fixed_bytes: Any) -> None:
    wanted = int.from_bytes(type(fixed_bytes)().random_bytes(32), "big")
    seeds = qrng.SeedSequence(fixed_bytes)
    again = np.random.SeedSequence(wanted, pool_size=8)
    assert seeds.entropy == wanted
    bits = np.random.PCG64DXSM(seeds)
    assert bits.random_raw(5).tolist() == np.random.PCG64DXSM(again).random_raw(5).tolist()
    assert seeds.generate_state(8).tolist() == again.generate_state(8).tolist()
    first, second = seeds.spawn(2)
    assert np.random.PCG64DXSM(first).random_raw() != np.random.PCG64DXSM(second).random_raw()
    assert len(np.random.Generator(bits).spawn(2)) == 2
    kept = pickle.loads(pickle.dumps(seeds))
    assert kept.generate_state(4).tolist() == again.generate_state(4).tolist()


def test_a_seed_is_not_shown_and_not_given_after_an_alarm(fixed_bytes: Any) -> None:
    seeds = qrng.SeedSequence(fixed_bytes)
    assert str(seeds.entropy) not in repr(seeds) + str(seeds)
    fixed_bytes.stop_after = fixed_bytes.given
    with pytest.raises(HealthAlarm):
        qrng.SeedSequence(fixed_bytes)
