"""Files are whole or absent."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from qrng.files import atomic_write


def test_a_file_appears_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    with atomic_write(path) as stream:
        stream.write(b"abc")
        assert not path.exists()
    assert path.read_bytes() == b"abc"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_write(path) as stream:
        stream.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_names_the_file_that_was_to_be(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    with pytest.raises(OSError) as caught, atomic_write(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_in_a_folder_that_is_not_there_the_file_is_named_and_not_a_hidden_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, atomic_write(tmp_path / "absent" / "out.bin"):
        pass
    assert caught.value.filename == str(tmp_path / "absent" / "out.bin")


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), atomic_write(tmp_path):
        pass


def test_a_device_or_pipe_is_written_in_place_and_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, atomic_write("/dev/full") as stream:
        stream.write(b"abc")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/dev/full")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_write(pipe) as stream:
        stream.write(b"abc")
    assert os.read(reader, 10) == b"abc"
    os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]


def test_the_bytes_are_on_disk_before_the_name_is_there_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.bin"
    seen: list[tuple[bool, bool]] = []

    def sync(number: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(number).st_mode), path.exists()))

    monkeypatch.setattr("qrng.files.os.fsync", sync)
    with atomic_write(path) as stream:
        stream.write(b"abc")
    assert seen == [(False, False), (True, True)]
