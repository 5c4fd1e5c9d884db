"""A live device gives symbols as they come, fails for good when it ends or falls silent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from qrng.errors import ParameterError, SourceError
from qrng.sources import open_source


class Pipe:
    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._keep = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def write(self, data: bytes) -> None:
        os.write(self._keep, data)

    def hang_up(self) -> None:
        os.close(self._keep)


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    yield Pipe(tmp_path / "fifo")


def test_symbols_come_in_order_and_no_more_is_waited_for_than_a_chunk(pipe: Pipe) -> None:
    pipe.write(bytes(range(256)) * 32)
    with open_source(f"device:{pipe.path}?bits_per_symbol=4&lanes=2") as source:
        assert (source.finite, source.reproducible, source.simulated) == (False, False, False)
        first, second = source.read(3), source.read(4000)
        assert first.symbols().tolist() == [0, 0, 0]
        assert second.first == 3
        assert second.symbols(0, 3).tolist() == [1, 0, 2]
        assert source.whole() is None
        assert open_source(source.spec).spec == source.spec
    pipe.hang_up()


def test_a_device_that_ends_has_failed_for_good(pipe: Pipe) -> None:
    pipe.write(bytes(600))
    source = open_source(f"device:{pipe.path}")
    pipe.hang_up()
    source.read(4096)
    for _ in range(2):
        with pytest.raises(SourceError, match="the device ended"):
            source.read(1)
    source.close()
    with pytest.raises(SourceError, match="closed"):
        source.read(1)


def test_a_silent_device_is_not_waited_for_for_ever(pipe: Pipe) -> None:
    with pytest.raises(SourceError, match=r"no byte came for 0\.05 s"):
        open_source(f"device:{pipe.path}?timeout=0.05")
    pipe.write(bytes(100))
    with open_source(f"device:{pipe.path}?timeout=0.05") as source:
        for _ in range(2):
            with pytest.raises(SourceError, match="no byte came"):
                source.read(8)
    pipe.hang_up()


def test_bytes_that_look_compressed_are_taken_as_they_are(pipe: Pipe) -> None:
    pipe.write(b"\x1f\x8b\x08" + bytes(8000))
    with open_source(f"device:{pipe.path}?layout=uint8") as source:
        assert source.read(3).symbols().tolist() == [0x1F, 0x8B, 8]
    pipe.hang_up()


def test_after_a_fork_it_starts_afresh(pipe: Pipe) -> None:
    pipe.write(b"\xff" * 512)
    source = open_source(f"device:{pipe.path}")
    assert source.read(8).symbols().tolist() == [1] * 8
    pipe.write(bytes(512))
    source.reopen()
    assert source.read(8).first == 0
    source.close()
    pipe.hang_up()


def test_a_character_device_opens() -> None:
    with open_source("device:/dev/urandom?bits_per_symbol=8") as source:
        assert len(set(source.read(10_000).symbols().tolist())) > 200


def test_what_is_no_device_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    for spec, says in (
        (f"device:{file}", "open a file as file:"),
        (f"device:{tmp_path}", "not a device"),
        (f"device:{tmp_path}/none", "No such file"),
        ("device:/dev/null", "ended before its first byte"),
    ):
        with pytest.raises(SourceError, match=says):
            open_source(spec)
    for spec in ("device:", "device:x?layout=json", "device:x?layout=symbols", "device:x?timeout=0"):
        with pytest.raises(ParameterError):
            open_source(spec)
