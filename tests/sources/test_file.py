"""A capture as a source: every bit once, in order, then an end that is an error."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.container import ContainerWriter
from qrng.errors import ParameterError, SourceError, SourceExhausted
from qrng.formats import open_capture
from qrng.samples import Samples
from qrng.sources import open_source
from qrng.sources.file import FileSource


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "capture.bin"
    path.write_bytes(np.random.default_rng(3).bytes(400_000))
    return path


def test_each_bit_is_given_once_and_the_end_is_an_error(capture: Path) -> None:
    with open_source(f"file:{capture}?bits_per_symbol=5&lanes=3") as source:
        assert (source.finite, source.reproducible, source.simulated) == (True, False, False)
        parts, sizes = [], iter([1, 7, 300_000, 2, 400_000, 1])
        with pytest.raises(SourceExhausted, match="has ended after 640000 symbols"):
            while True:
                parts.append(source.read(next(sizes)))
        assert [part.first for part in parts] == [0, 1, 8, 300_008, 300_010]
        assert Samples.join(parts).packed.tobytes() == capture.read_bytes()
        with pytest.raises(SourceExhausted):
            source.read(1)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_reads_of_any_size_follow_each_other(sizes: list[int]) -> None:
    symbols = np.random.default_rng(1).integers(0, 8, 1000)
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(symbols.tolist(), file)
        file.flush()
        with FileSource(file.name) as source:
            read = [source.read(n).symbols() for n in sizes]
    assert np.concatenate(read).tolist() == symbols[: sum(sizes)].tolist()


def test_replay_marks_the_source_but_does_not_wrap(capture: Path) -> None:
    with open_source(f"file:{capture}", replay=True) as source:
        assert source.reproducible
        assert source.provenance()["reproducible"] is True
        assert source.read(10**9).count == 3_200_000
        with pytest.raises(SourceExhausted):
            source.read(1)


def test_the_spec_opens_the_source_again(tmp_path: Path) -> None:
    path = tmp_path / "50% odd? name.bin"
    path.write_bytes(b"\x5a")
    with FileSource(path, bits_per_symbol=4) as first, open_source(first.spec) as again:
        assert again.read(2).symbols().tolist() == [5, 10]
        assert again.spec == first.spec


def test_a_second_pass_leaves_the_reading_position(capture: Path) -> None:
    with open_source(f"file:{capture}") as source:
        source.read(100)
        chunks = source.whole()
        assert chunks is not None
        assert Samples.join(chunks).packed.tobytes() == capture.read_bytes()
        assert source.read(8).first == 100


def test_provenance_tells_layout_and_hash_once_known(capture: Path) -> None:
    with open_source(f"file:{capture}") as source:
        assert source.provenance()["sha256"] is None
        source.read(10**9)
        with pytest.raises(SourceExhausted):
            source.read(1)
        with open_capture(capture) as whole:
            whole.read_all()
            assert source.provenance()["sha256"] == whole.sha256
        assert source.provenance()["layout"] == "packed bits, most significant first, 1 bit a symbol, sniffed"
        json.dumps(source.provenance(), allow_nan=False)


def test_a_recorded_simulation_stays_simulated(tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = ContainerWriter(out, 1, 1, {"simulated": True, "true_shot_order": True})
    writer.write(Samples.from_symbols([1, 0, 1]))
    writer.finish()
    path = tmp_path / "sim.qrng"
    path.write_bytes(out.getvalue())
    with open_source(f"file:{path}") as source:
        assert source.simulated
        assert source.claim() is None
        assert source.provenance()["true_shot_order"] is True


def test_what_is_no_capture_is_one_clear_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.bin"
    empty.touch()
    for path, says in (
        (tmp_path / "missing", "No such file"),
        (tmp_path, "is a directory"),
        (empty, "the file is empty"),
    ):
        with pytest.raises(SourceError, match=says) as caught:
            open_source(f"file:{path}")
        assert str(path) in str(caught.value)
        assert caught.value.exit_code == 5


def test_a_capture_that_turns_out_damaged_stays_failed(tmp_path: Path) -> None:
    path = tmp_path / "half.txt"
    path.write_bytes(b"01" * 1_000_000 + b"x")
    with open_source(f"file:{path}?layout=ascii") as source:
        source.read(1000)
        for _ in range(2):
            with pytest.raises(SourceError, match='at byte 2000000: expected "0"'):
                source.read(10**7)


def test_a_closed_or_forked_source_gives_nothing(capture: Path) -> None:
    source = open_source(f"file:{capture}")
    with pytest.raises(SourceError, match="forked"):
        source.reopen()
    source.close()
    with pytest.raises(SourceError, match="closed"):
        source.read(1)
    with open_source(f"file:{capture}") as other, pytest.raises(ParameterError):
        other.read(0)
