"""Captures of every layout, plain and compressed, give the symbols that were written."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.container import ContainerWriter
from qrng.errors import ParameterError
from qrng.formats import Capture, open_capture
from qrng.samples import Samples

zstandard = pytest.importorskip("zstandard", reason="the extra zstd is not installed")


def encode(layout: str, symbols: np.ndarray, width: int) -> bytes:
    """The symbols as a file of that layout."""
    out = io.BytesIO()
    text = "".join(f"{int(s):0{width}b}" for s in symbols)
    match layout:
        case "packed-msb":
            return np.packbits(np.array(list(text), np.uint8)).tobytes()
        case "packed-lsb":
            return np.packbits(np.array(list(text), np.uint8), bitorder="little").tobytes()
        case "symbols":
            return symbols.astype(np.uint8).tobytes()
        case "ascii":
            return "\n".join(text[i : i + 50] for i in range(0, len(text), 50)).encode() + b"\n"
        case "json":
            return json.dumps([int(s) for s in symbols]).encode()
        case "npy":
            np.save(out, symbols.astype(np.uint16))
        case "npz":
            np.savez_compressed(out, symbols.astype(np.int64))
        case "qrng":
            writer = ContainerWriter(out, width, 1)
            writer.write(Samples.from_symbols(symbols, width))
            writer.finish()
    return out.getvalue()


BASIC = ("packed-msb", "packed-lsb", "symbols", "ascii", "json", "npy", "npz", "qrng")
COMPRESS = {None: bytes, "gzip": gzip.compress, "zstd": lambda data: zstandard.ZstdCompressor().compress(data)}


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("layout", BASIC)
def test_every_layout_gives_back_what_was_written(tmp_path: Path, layout: str, compression: str | None) -> None:
    for width, count in ((1, 4096), (3, 8 * 500), (8, 3000)):
        symbols = np.random.default_rng(width).integers(0, 1 << width, count)
        path = tmp_path / "capture"
        path.write_bytes(COMPRESS[compression](encode(layout, symbols, width)))
        with open_capture(path, layout, bits_per_symbol=width) as capture:
            assert (capture.layout, capture.compression, capture.bits_per_symbol) == (layout, compression, width)
            samples = capture.read_all()
        assert samples.symbols().tolist() == symbols.tolist()
        assert capture.count == count
        assert capture.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("layout", [name for name in BASIC if name != "packed-lsb"])
def test_the_layout_is_sniffed_from_the_content(layout: str, compression: str | None) -> None:
    symbols = np.random.default_rng(5).integers(0, 2, 4096)
    data = COMPRESS[compression](encode(layout, symbols, 1))
    for file in (io.BytesIO(data), Pipe(data)):
        given_width = 1 if isinstance(file, Pipe) and layout in ("npy",) else None
        capture = open_capture(file, bits_per_symbol=given_width)
        assert capture.layout == layout
        assert "sniffed" in capture.describe()
        assert capture.read_all().symbols().tolist() == symbols.tolist()
        assert capture.sha256 == hashlib.sha256(data).hexdigest()


class Pipe(io.RawIOBase):
    """Bytes that come in small pieces and can't be rewound."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, n: int = -1) -> bytes:
        return self._data.read(min(n, 777))


def test_a_capture_that_starts_with_zeros_is_packed_if_a_later_byte_says_so(tmp_path: Path) -> None:
    path = tmp_path / "dead-start.bin"
    path.write_bytes(bytes(3 << 20) + b"\xff")
    with open_capture(path) as capture:
        assert capture.layout == "packed-msb"


def test_random_bytes_that_look_like_json_at_first_are_packed() -> None:
    data = b"[" + np.random.default_rng(1).bytes(100)
    assert open_capture(io.BytesIO(data)).layout == "packed-msb"


@given(st.binary(min_size=1, max_size=300), st.integers(1, 64))
def test_chunks_join_to_the_whole(data: bytes, symbols: int) -> None:
    chunks = list(open_capture(io.BytesIO(data), "packed-msb").chunks(symbols))
    assert [chunk.first for chunk in chunks] == list(np.cumsum([0] + [chunk.count for chunk in chunks[:-1]]))
    assert all(chunk.count == -(-symbols // 8) * 8 for chunk in chunks[:-1])
    assert Samples.join(chunks).packed.tobytes() == data


@pytest.mark.parametrize("layout", ["ascii", "symbols", "npy", "json", "qrng", "packed-lsb"])
def test_chunks_of_other_layouts_join_to_the_whole(layout: str) -> None:
    symbols = np.random.default_rng(9).integers(0, 32, 8 * 41)
    capture = open_capture(io.BytesIO(encode(layout, symbols, 5)), layout, 5)
    chunks = list(capture.chunks(40))
    assert [chunk.count for chunk in chunks] == [40] * 8 + [8]
    assert Samples.join(chunks).symbols().tolist() == symbols.tolist()


def test_widths_are_found_where_the_values_show_them() -> None:
    values = np.array([0, 5, 3, 1], np.uint8)
    for layout in ("symbols", "npy", "json", "npz"):
        assert open_capture(io.BytesIO(encode(layout, values, 3)), layout).bits_per_symbol == 3
    assert open_capture(io.BytesIO(bytes(100)), "symbols").bits_per_symbol == 1
    with pytest.raises(ParameterError, match="pipe must be given"):
        open_capture(Pipe(b"\5\3\1"), "symbols")


def test_a_json_shot_of_w_bits_is_w_lanes_most_significant_first() -> None:
    text = json.dumps({"backend": "ibm_test", "count": 2, "raw_integers": [0b0110, 0b1000], "bits_per_number": 4})
    capture = open_capture(io.BytesIO(text.encode()))
    assert (capture.bits_per_symbol, capture.lanes, capture.count) == (1, 4, 8)
    assert capture.provenance["recorded"]["backend"] == "ibm_test"
    samples = capture.read_all()
    assert samples.symbols().tolist() == [0, 1, 1, 0, 1, 0, 0, 0]
    assert samples.lane(0).tolist() == [0, 1]

    strings = json.dumps(["0110", "1000"]).encode()
    assert open_capture(io.BytesIO(strings)).read_all().symbols().tolist() == samples.symbols().tolist()
    grouped = open_capture(io.BytesIO(text.encode()), bits_per_symbol=2)
    assert (grouped.lanes, grouped.read_all().symbols().tolist()) == (2, [1, 2, 2, 0])
    assert open_capture(io.BytesIO(text.encode()), lanes=2).lanes == 2
    one_string = open_capture(io.BytesIO(b'["011010"]'))
    assert (one_string.lanes, one_string.count) == (1, 6)


def test_the_columns_of_an_array_are_lanes() -> None:
    out = io.BytesIO()
    np.save(out, np.array([[0, 1, 1], [1, 0, 0]], bool))
    capture = open_capture(io.BytesIO(out.getvalue()))
    assert (capture.bits_per_symbol, capture.lanes, capture.count) == (1, 3, 6)
    assert capture.read_all().lane(2).tolist() == [1, 0]


def test_a_big_endian_array_reads_by_value() -> None:
    out = io.BytesIO()
    np.save(out, np.array([1, 256, 40_000], ">u2"))
    assert open_capture(io.BytesIO(out.getvalue())).read_all().symbols().tolist() == [1, 256, 40_000]


def test_members_and_frames_after_one_another_are_one_stream() -> None:
    parts = [b"0101" * 100, b"1100" * 77]
    for compress in (gzip.compress, COMPRESS["zstd"]):
        data = b"".join(compress(part) for part in parts)
        assert open_capture(io.BytesIO(data)).read_all().count == 4 * 177
    padded = gzip.compress(b"01") + bytes(100)
    assert open_capture(io.BytesIO(padded)).read_all().count == 2


def test_a_named_pipe_streams(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    data = np.random.default_rng(4).bytes(300_000)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    with open_capture(path) as capture:
        assert capture.count is None
        assert capture.read_all().packed.tobytes() == data
    writer.join()


def test_standard_input_is_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"0101")

    monkeypatch.setattr("sys.stdin", Stdin())
    capture = open_capture("-")
    assert capture.name == "stdin"
    assert capture.read_all().count == 4


def test_a_description_names_layout_compression_width_and_lanes() -> None:
    def describe(data: bytes, *args: Any, **known: Any) -> str:
        return open_capture(io.BytesIO(data), *args, **known).describe()

    assert describe(gzip.compress(b"0101")) == "ascii 0/1, gzip, 1 bit a symbol, sniffed"
    assert describe(b"\xff", "packed-lsb", 4) == "packed bits, least significant first, 4 bits a symbol, as given"
    assert describe(b'["01","10"]') == "json bit strings, 1 bit a symbol, 2 lanes, sniffed"


def test_a_capture_is_read_once_and_closed_by_its_owner() -> None:
    file = io.BytesIO(b"\xff")
    with open_capture(file) as capture:
        assert isinstance(capture, Capture)
        assert capture.sha256 is None
        capture.read_all()
        with pytest.raises(ParameterError, match="read once"):
            capture.read_all()
    assert not file.closed


def test_the_ibm_captures_give_32_lanes(test_data: Path) -> None:
    path = test_data / "captures" / "ibmquantum_ibm_fez_20260223_122743.json"
    raw = json.loads(path.read_text())["raw_integers"]
    with open_capture(path) as capture:
        assert (capture.bits_per_symbol, capture.lanes, capture.count) == (1, 32, 320_000)
        samples = capture.read_all()
    assert samples.packed.tobytes() == np.array(raw, ">u4").tobytes()
    assert samples.lane(31).tolist() == [number & 1 for number in raw]
    assert capture.provenance["recorded"]["backend"] == "ibm_fez"
