"""Random bytes as a file, as chunks, and for asyncio: never short, never past an alarm, nothing read ahead."""

from __future__ import annotations

import asyncio
import io
import shutil
import struct
import threading
from typing import Any

import pytest

from qrng import RandomBitGenerator, RandomStream, default, streams
from qrng.errors import HealthAlarm, HealthError, ParameterError


def test_reads_are_whole_and_in_order(fixed_bytes: Any) -> None:
    wanted = type(fixed_bytes)()
    stream = RandomStream(fixed_bytes)
    assert stream.read(10) == wanted.random_bytes(10)
    buffer = bytearray(1000)
    assert stream.readinto(buffer) == 1000
    assert buffer == wanted.random_bytes(1000)
    assert stream.read(0) == b""


def test_it_is_a_binary_file_that_can_only_be_read(fixed_bytes: Any) -> None:
    with RandomStream(fixed_bytes) as stream:
        assert isinstance(stream, io.RawIOBase)
        assert (stream.readable(), stream.writable(), stream.seekable()) == (True, False, False)
        with pytest.raises(io.UnsupportedOperation):
            stream.write(b"x")
        with pytest.raises(io.UnsupportedOperation):
            stream.fileno()
        for call in (stream.read, stream.readall, lambda: stream.read(-1), lambda: stream.read(None)):
            with pytest.raises(ParameterError, match="no end"):
                call()
    for call in (lambda: stream.read(1), lambda: stream.readinto(bytearray(1)), stream.readable):
        with pytest.raises(ValueError, match="closed file"):
            call()
    assert fixed_bytes.random_bytes(1)  # the generator is still the caller's


def test_what_reads_files_reads_it(fixed_bytes: Any) -> None:
    wanted = type(fixed_bytes)().random_bytes(64)
    assert struct.unpack("<4Q", RandomStream(fixed_bytes).read(32)) == struct.unpack("<4Q", wanted[:32])
    out = io.BytesIO()
    with pytest.raises(HealthAlarm):
        fixed_bytes.stop_after = 300_000
        shutil.copyfileobj(RandomStream(fixed_bytes), out, 100_000)
    assert len(out.getvalue()) == 200_000  # two whole pieces and nothing of the third


def test_a_read_that_fails_gives_nothing(stuck_soon: RandomBitGenerator) -> None:
    stream = RandomStream(stuck_soon)
    buffer = bytearray(b"\xff" * 100_000)
    with pytest.raises(HealthError):
        stream.readinto(buffer)
    assert not any(buffer)
    with pytest.raises(HealthError):
        stream.read(1)


def test_chunks_are_whole_the_last_one_makes_up_the_total(fixed_bytes: Any) -> None:
    wanted = type(fixed_bytes)()
    got = list(streams.chunks(10, fixed_bytes, total=35))
    assert got == [wanted.random_bytes(n) for n in (10, 10, 10, 5)]
    assert list(streams.chunks(10, fixed_bytes, total=0)) == []
    endless = streams.chunks(3, fixed_bytes)
    assert [next(endless) for _ in range(50)] == [wanted.random_bytes(3) for _ in range(50)]
    for bad in ({"size": 0}, {"size": 1, "total": -1}):
        with pytest.raises(ParameterError):
            streams.chunks(**bad)


def test_a_chunk_is_drawn_when_it_is_asked_for(fixed_bytes: Any) -> None:
    endless = streams.chunks(8, fixed_bytes)
    assert fixed_bytes.given == 0
    next(endless)
    assert fixed_bytes.given == 8
    fixed_bytes.stop_after = 8
    with pytest.raises(HealthAlarm):
        next(endless)


def test_asyncio_goes_on_while_a_source_is_slow(fixed_bytes: Any) -> None:
    asked, may_go = threading.Event(), threading.Event()

    class Slow:
        def random_bytes(self, n: int) -> bytes:
            asked.set()
            assert may_go.wait(60)
            return fixed_bytes.random_bytes(n)

        readinto = fixed_bytes.readinto

    async def work() -> tuple[bytes, bytes]:
        slow = asyncio.create_task(streams.read(10, Slow()))
        while not asked.is_set():
            await asyncio.sleep(0)
        meanwhile = await streams.read(5, type(fixed_bytes)())
        assert not slow.done()
        may_go.set()
        return await slow, meanwhile

    slow, meanwhile = asyncio.run(work())
    assert slow == type(fixed_bytes)().random_bytes(10)
    assert meanwhile == slow[:5]


def test_asyncio_reads_raise_the_alarm(stuck_soon: RandomBitGenerator) -> None:
    with pytest.raises(HealthError):
        asyncio.run(streams.read(1_000_000, stuck_soon))


def test_without_a_generator_they_read_the_default_one(fixed_bytes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default, "_generator", fixed_bytes)
    wanted = type(fixed_bytes)()
    assert RandomStream().read(4) == wanted.random_bytes(4)
    buffer = bytearray(9)
    RandomStream().readinto(buffer)
    assert buffer == wanted.random_bytes(9)
    assert next(streams.chunks(6)) == wanted.random_bytes(6)
    assert asyncio.run(streams.read(6)) == wanted.random_bytes(6)
