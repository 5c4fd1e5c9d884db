"""The generator: each raw bit through the extractor once, and nothing at all after an alarm."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
import pytest

from qrng import EntropyClaim, RandomBitGenerator, Samples, Source, rawpath
from qrng.errors import (
    BudgetError,
    ClosedError,
    EntropyError,
    HealthAlarm,
    HealthFailure,
    ParameterError,
    ReentryError,
    SourceError,
    SourceExhausted,
)
from qrng.extractors import Toeplitz

START_UP = 1024
BLOCK = 4096
QUARANTINE = 8192


class Tape(Source):
    """A source that plays an array of bits, live or finite, and counts what was read."""

    def __init__(
        self, bits: np.ndarray, *, finite: bool = False, twice: bool = False, worth: float | None = 0.9
    ) -> None:
        self.spec = "test:tape"
        self.bits, self.finite, self.twice, self.worth = bits, finite, twice, worth
        self.at = 0
        self.reopened = 0
        self.closed = False

    def read(self, count: int) -> Samples:
        if self.at >= self.bits.size:
            raise SourceExhausted("the tape has ended")
        part = self.bits[self.at : self.at + count]
        self.at += part.size
        return Samples.from_symbols(part, first=self.at - part.size)

    def whole(self) -> Iterator[Samples] | None:
        return iter([Samples.from_symbols(self.bits)]) if self.twice else None

    def claim(self) -> EntropyClaim | None:
        return None if self.worth is None else EntropyClaim(self.worth, None, ("a test",), "a test")

    def reopen(self) -> None:
        super().reopen()
        self.reopened += 1

    def provenance(self) -> dict[str, Any]:
        return {"source": "tape"}

    def close(self) -> None:
        self.closed = True


def fair(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, n).astype(np.uint8)


def generator(source: Source, **options: Any) -> RandomBitGenerator:
    return RandomBitGenerator(source, **{"block_bits": BLOCK, "quarantine": QUARANTINE, "pure": True, **options})


@pytest.fixture
def fixed_system(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], bytes]:
    """The operating system's generator as the generator sees it, replaced by known bytes without a period."""

    def urandom(n: int) -> bytes:
        return np.random.default_rng(11).bytes(n)

    monkeypatch.setattr(rawpath.os, "urandom", urandom)
    return urandom


def by_hand(bits: np.ndarray, blocks: int, known: Callable[[int], bytes]) -> bytes:
    """Each whole block of `bits` through the extractor with the seed of `fixed_system`, joined bit by bit."""
    plan = Toeplitz.plan(BLOCK, min_entropy=0.9 * BLOCK, log2_error=-64, blocks=rawpath.BLOCK_BUDGET)
    seed = known(plan.seed_bytes)
    out = []
    for block in range(blocks):
        raw = np.packbits(bits[block * BLOCK : (block + 1) * BLOCK])
        out.append(np.unpackbits(np.frombuffer(plan.extract(raw, seed), np.uint8))[: plan.m])
    return np.packbits(np.concatenate(out)).tobytes()


def test_output_is_the_extractor_over_each_raw_bit_once(fixed_system: Callable[[int], bytes]) -> None:
    bits = fair(40 * BLOCK)
    got = generator(Tape(bits)).random_bytes(1500)
    wanted = by_hand(bits[START_UP:], 4, fixed_system)
    # One block is read at a time here, so each block's output is cut to whole bytes.
    per_block = Toeplitz.plan(BLOCK, min_entropy=0.9 * BLOCK, log2_error=-64, blocks=rawpath.BLOCK_BUDGET).m
    assert got[: per_block // 8] == wanted[: per_block // 8]


def test_many_blocks_at_a_time_are_each_block_once_and_joined_without_a_gap(
    fixed_system: Callable[[int], bytes],
) -> None:
    bits = fair(40 * BLOCK)
    got = generator(Tape(bits)).random_bytes(8_000)
    # The first batch of 16 blocks, less start-up and quarantine, reaches the extractor as 13 whole blocks.
    blocks = (16 * BLOCK - START_UP - QUARANTINE) // BLOCK
    whole = blocks * Toeplitz.plan(BLOCK, min_entropy=0.9 * BLOCK, log2_error=-64, blocks=rawpath.BLOCK_BUDGET).m // 8
    assert blocks == 13
    assert got[:whole] == by_hand(bits[START_UP:], blocks, fixed_system)[:whole]


def test_delivery_is_xored_with_fresh_system_bytes(fixed_system: Callable[[int], bytes]) -> None:
    bits = fair(20 * BLOCK)
    pure = generator(Tape(bits)).random_bytes(100)
    mixed = generator(Tape(bits), pure=False).random_bytes(100)
    assert mixed == bytes(a ^ b for a, b in zip(pure, fixed_system(100), strict=True))


def test_nothing_is_released_before_the_quarantine_has_passed() -> None:
    tape = Tape(fair(100 * BLOCK))
    generator(tape).random_bytes(1)
    assert tape.at >= START_UP + BLOCK + QUARANTINE


def test_without_a_claim_it_refuses_and_says_how_to_get_one() -> None:
    with pytest.raises(EntropyError, match=r"claim=.*qrng\.assess"):
        generator(Tape(fair(BLOCK), worth=None))
    assert generator(Tape(fair(100 * BLOCK), worth=None), claim=0.8).provenance()["claim"]["bits_per_sample"] == 0.8


def test_a_claim_too_small_for_the_block_and_error_is_refused() -> None:
    with pytest.raises(ParameterError):
        generator(Tape(fair(BLOCK)), claim=0.01)
    with pytest.raises(ParameterError):
        generator(Tape(fair(BLOCK)), claim=EntropyClaim(1.5, None, ("a",), "r", bits_per_symbol=2))


def test_a_reproducible_source_is_refused_unless_allowed() -> None:
    tape = Tape(fair(50 * BLOCK))
    tape.reproducible = True
    with pytest.raises(SourceError, match="can come again"):
        generator(tape)
    with generator(tape, allow_reproducible=True) as allowed:
        assert allowed.status()["reproducible"]
        assert allowed.provenance()["reproducible"]


def test_a_capture_is_tested_whole_and_its_end_is_an_error_that_wipes_the_buffer() -> None:
    tape = Tape(fair(10 * BLOCK + 17), finite=True, twice=True)
    with generator(tape) as source:
        m = source.provenance()["extractor"]["m"]
        assert len(source.random_bytes(10 * m // 8 - 10)) == 10 * m // 8 - 10  # all ten blocks, none held back
        buffer = bytearray(b"\xff" * 2000)
        with pytest.raises(SourceExhausted):
            source.readinto(buffer)
        assert buffer == bytes(2000)


def test_a_capture_with_an_alarm_anywhere_gives_no_byte() -> None:
    bits = fair(40 * BLOCK)
    bits[30 * BLOCK : 30 * BLOCK + 60] = 1
    tape = Tape(bits, finite=True, twice=True)
    with pytest.raises(HealthAlarm, match="nothing was extracted"):
        generator(tape)
    assert tape.at == 0


def stuck_after(n: int, length: int, total: int) -> np.ndarray:
    bits = fair(total)
    bits[n : n + length] = 0
    return bits


def test_an_alarm_stops_output_until_restart_and_a_second_one_is_final() -> None:
    bits = stuck_after(START_UP + 6 * BLOCK, 60, 200 * BLOCK)
    source = generator(Tape(bits))
    buffer = bytearray(b"\xff" * 6000)
    with pytest.raises(HealthAlarm):
        source.readinto(buffer)
    assert buffer == bytes(6000)
    assert source.status()["health"]["state"] == "INTERMITTENT"
    assert source.status()["pool_bytes"] == 0
    with pytest.raises(HealthAlarm):
        source.random_bytes(1)  # nothing resumes by itself
    source.restart()
    assert len(source.random_bytes(100)) == 100

    source._source.bits[source._source.at :] = 0
    with pytest.raises(HealthFailure):
        source.random_bytes(200_000)
    with pytest.raises(HealthFailure):
        source.restart()
    with pytest.raises(HealthFailure):
        source.random_bytes(1)


def test_no_raw_bit_near_an_alarm_reaches_the_output(fixed_system: Callable[[int], bytes]) -> None:
    fault = START_UP + 20 * BLOCK
    bits = stuck_after(fault, 60, 200 * BLOCK)
    source = generator(Tape(bits))
    got = bytearray()
    with pytest.raises(HealthAlarm):
        while True:
            got += source.random_bytes(64)
    m = source.provenance()["extractor"]["m"]
    blocks_used = -(-len(got) // (m // 8))
    assert blocks_used > 0
    assert START_UP + blocks_used * BLOCK + QUARANTINE <= fault + 60


def test_the_error_budget_is_refused_when_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rawpath, "BLOCK_BUDGET", 3)
    source = generator(Tape(fair(100 * BLOCK)))
    m = source.provenance()["extractor"]["m"]
    assert len(source.random_bytes(m // 8)) == m // 8
    with pytest.raises(BudgetError):
        source.random_bytes(8 * m)
    assert source.status()["blocks_used"] <= source.status()["blocks_allowed"] == 3


def test_it_can_be_neither_pickled_nor_copied() -> None:
    source = generator(Tape(fair(BLOCK)))
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="two would give the same bytes"):
            copying(source)


def test_closing_wipes_closes_the_source_and_is_final() -> None:
    tape = Tape(fair(50 * BLOCK))
    with generator(tape) as source:
        source.random_bytes(3)
        raw, pool = source._path._raw, source._pool.data
        assert any(pool)
    assert not raw.any()
    assert not any(pool)
    assert tape.closed
    with pytest.raises(ClosedError):
        source.random_bytes(1)
    assert source.status()["health"]["state"] == "CLOSED"


def test_delivered_bytes_are_wiped_from_the_pool() -> None:
    with generator(Tape(fair(50 * BLOCK))) as source:
        source.random_bytes(100)
        assert not any(source._pool.data[:100])
        assert any(source._pool.data[100:])


def test_a_read_only_buffer_and_a_negative_count_are_refused() -> None:
    with generator(Tape(fair(50 * BLOCK))) as source:
        with pytest.raises(ParameterError):
            source.readinto(b"abc")
        with pytest.raises(ParameterError):
            source.random_bytes(-1)
        assert source.random_bytes(0) == b""
        assert source.readinto(np.zeros((3, 5), np.uint16)) == 30


def test_threads_never_get_the_same_bytes(fixed_system: Callable[[int], bytes]) -> None:
    bits = fair(400 * BLOCK)
    source = generator(Tape(bits))
    parts: list[bytes] = []
    lock = threading.Lock()

    def read() -> None:
        for _ in range(200):
            part = source.random_bytes(16)
            with lock:
                parts.append(part)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(parts)) == 800
    alone = generator(Tape(bits))
    assert sorted(parts) == sorted(alone.random_bytes(16) for _ in range(800))


@pytest.mark.parametrize("n", [24, 900], ids=["from the pool", "with a refill"])
def test_an_interruption_at_any_point_neither_repeats_bytes_nor_gives_zeros(
    fixed_system: Callable[[int], bytes], n: int
) -> None:
    bits = fair(40 * BLOCK)
    with generator(Tape(bits)) as whole:
        given = whole.random_bytes(20) + whole.random_bytes(20)

    def interrupted(at: int) -> tuple[RandomBitGenerator, bool]:
        """A generator whose third read was hit by an exception at the `at`-th byte code of its module or the pool's."""
        source, seen = generator(Tape(bits)), 0
        source.random_bytes(20)
        source.random_bytes(20)

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal seen
            if not frame.f_code.co_filename.endswith(("qrng/rbg.py", "qrng/rawpath.py", "qrng/pool.py")):
                return None
            frame.f_trace_opcodes = True
            seen += event == "opcode"
            if event == "opcode" and seen == at:
                raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            source.random_bytes(n)
        except KeyboardInterrupt:
            return source, True
        finally:
            sys.settrace(before)
        return source, False

    at, refused = 1, 0
    while True:
        source, hit = interrupted(at)
        if not hit:
            break
        source._busy = False  # an exception may come before it is unset: then each call raises ReentryError
        try:
            following = source.random_bytes(24)
        except HealthFailure:  # the source was read, and the gate never saw these symbols
            refused += 1
        else:
            assert not any(following[i : i + 4] in given or not any(following[i : i + 4]) for i in range(21)), at
        at += 1
    assert at - refused > 30


def test_a_signal_handler_can_neither_read_nor_close_what_it_interrupts() -> None:
    class Interrupting(Tape):
        def read(self, count: int) -> Samples:
            signal.raise_signal(signal.SIGUSR1)
            return super().read(count)

    said: list[str] = []

    def handler(*_: object) -> None:
        for call in (lambda: source.random_bytes(1), source.close, source.restart):
            try:
                call()
            except ReentryError as error:
                said.append(str(error))

    source = generator(Interrupting(fair(50 * BLOCK)))
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        assert len(source.random_bytes(20)) == 20
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(said) >= 3
    assert all("signal handler" in line for line in said)
    assert len(source.random_bytes(20)) == 20


def in_child(work: Callable[[], bytes]) -> bytes:
    """What `work` returns in a forked child."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, work())
        except BaseException as error:  # noqa: BLE001 - reported to the parent
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        got = stream.read()
    os.waitpid(child, 0)
    return got


def test_a_child_starts_afresh_and_shares_nothing_with_its_parent() -> None:
    tape = Tape(fair(400 * BLOCK))
    source = generator(tape)
    source.random_bytes(10)
    pool = bytes(source._pool.data)

    def work() -> bytes:
        assert tape.reopened == 1
        assert source.status()["pool_bytes"] == 0
        assert source.status()["health"]["state"] == "STARTUP"
        return source.random_bytes(300)

    child, parent = in_child(work), source.random_bytes(300)
    assert len(child) == 300, child
    assert child != parent
    assert child[:16] not in pool


def test_a_child_of_a_finite_source_gets_nothing() -> None:
    source = generator(Tape(fair(100 * BLOCK), finite=True))
    source.random_bytes(10)
    assert in_child(lambda: source.random_bytes(10)).startswith(b"SourceError: after a fork")
    assert len(source.random_bytes(10)) == 10


def test_a_child_stays_stopped_after_an_alarm() -> None:
    source = generator(Tape(np.zeros(100 * BLOCK, np.uint8)))
    with pytest.raises((HealthAlarm, HealthFailure)):
        source.random_bytes(10)
    assert in_child(lambda: source.random_bytes(10)).startswith(b"Health")


def test_what_it_says_of_itself_holds_no_bytes() -> None:
    with generator(Tape(fair(50 * BLOCK)), pure=False) as source:
        source.random_bytes(5)
        said = source.provenance()
        assert said["mixing"].startswith("XOR")
        assert said["extractor"]["n"] == BLOCK
        assert said["extractor"]["log2_error"] == -64
        assert said["claim"]["assumptions"] == ["a test"]
        assert repr(source) == "<RandomBitGenerator on test:tape>"
        assert source.status()["delivered_bytes"] == 5
