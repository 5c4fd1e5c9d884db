"""Captures that are damaged, hostile or not captures end in one clear error, in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qrng.errors import FormatError, MissingExtraError, ParameterError, QrngError
from qrng.formats import LAYOUTS, open_capture

zstandard = pytest.importorskip("zstandard", reason="the extra zstd is not installed")


def read(data: bytes, *args: Any, **known: Any) -> None:
    open_capture(io.BytesIO(data), *args, **known).read_all()


def npy(array: Any, **known: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **known)
    return out.getvalue()


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress(b"01" * 5000)
GZIP = gzip.compress(b"01" * 5000)


@pytest.mark.parametrize(
    ("data", "layout", "width", "says"),
    [
        (b"", None, None, "the file is empty"),
        (gzip.compress(b""), None, None, "nothing is left after decompression"),
        (b" \n", None, None, "expected symbols, found none"),
        (GZIP[:-9], None, None, "ends inside the compressed data"),
        (GZIP[:2000] + b"xx" + GZIP[2002:] if len(GZIP) > 2002 else GZIP[:20] + b"xx" + GZIP[22:], None, None, "gzip"),
        (GZIP + b"tail", None, None, "expected gzip data"),
        (ZSTD[:-3], None, None, "ends inside the compressed data"),
        (ZSTD[:-2] + b"zz", None, None, "expected zstd data"),
        (gzip.compress(GZIP), None, None, "compressed twice"),
        (b"0101x1", "ascii", None, 'at byte 4: expected "0", "1" or white space'),
        (b"01011", "ascii", 2, "1 bits are left over"),
        (b"\x01\x02\x04", "symbols", 2, "at byte 2: expected a symbol of 2 bits"),
        (b"\xff\xff\xff", None, 32, "24 bits are left over"),
        (b"\xff\xff", None, 3, "1 bits are left over"),
        (b"[1, 0, 1", None, None, "the file is truncated"),
        (b"[1, 0, 1, ]", None, None, "at byte 10: expected JSON"),
        (b"[1, 0.5]", None, None, "entry 1: expected an integer, found float"),
        (b"[1, true]", None, None, "entry 1: expected an integer, found bool"),
        (b"[1, NaN]", None, None, "NaN is no number"),
        (b"[1, -1]", None, None, "entry 1: expected an integer from 0"),
        (b"[1, 4294967296]", None, None, "entry 1: expected an integer from 0"),
        (b"[1, " + b"9" * 5000 + b"]", None, None, "expected JSON"),
        (b"[" * 100_000, "json", None, "expected JSON"),
        (b"[1, 4]", None, 2, "entry 1: expected an integer of 2 bits"),
        (b"[]", None, None, "the array is empty"),
        (b'["01", "011"]', None, None, "entry 1: expected 2 bits as in entry 0, found 3"),
        (b'["01", "0x"]', None, None, "entry 1: expected a string of 0s and 1s"),
        (b'["01", 1]', None, None, "entry 1: expected a string"),
        (b'{"floats": [0.5]}', None, None, '"floats" are refused'),
        (b'{"raw_integers": [1]}', None, None, '"bits_per_number" from 1 to 32'),
        (b'{"raw_integers": [4], "bits_per_number": 2}', None, None, "entry 0: expected an integer of 2 bits"),
        (b'{"raw_integers": [4], "bits_per_number": 4}', None, 3, "which symbols of 3 bits don't divide"),
        (b'{"raw_integers": {}, "bits_per_number": 4}', None, None, "expected a JSON array"),
        (b'"01"', "json", None, "expected a JSON array or object, found str"),
        (b"[\xff]", "json", None, "expected JSON"),
        (npy(np.zeros(10, np.uint8))[:-1], None, None, "expected 10 bytes of data, the file has 9"),
        (gzip.compress(npy(np.zeros(10, np.uint8))[:-1]), None, None, "truncated"),
        (npy(np.zeros(10, np.uint8)) + b"x", None, None, "expected 10 bytes of data, the file has 11"),
        (gzip.compress(npy(np.zeros(10, np.uint8)) + b"x"), None, 1, "expected the end after 10 array entries"),
        (npy(np.zeros(10))[:50], None, None, "truncated"),
        (npy(np.array([0.5, np.nan])), None, None, "integers or booleans, found <f8"),
        (npy(np.array([{}, 1], object), allow_pickle=True), None, None, "found objects (pickle)"),
        (npy(np.array([(1, 2)], [("a", "u1"), ("b", "u1")])), None, None, "integers or booleans"),
        (npy(np.array([3, -1])), None, None, "at byte 136: expected an integer of 32 bits, not negative"),
        (npy(np.array([1 << 40])), None, None, "expected an integer of 32 bits"),
        (npy(np.array([1 << 40], np.uint64)), None, None, "expected an integer of 32 bits"),
        (npy(np.array([1, 9], np.uint8)), None, 3, "at byte 129: expected an integer of 3 bits"),
        (npy(np.zeros((2, 2, 2), np.uint8)), None, None, "one row, or shots × lanes"),
        (npy(np.asfortranarray(np.zeros((2, 3), np.uint8))), None, None, "in Fortran order"),
        (npy(np.zeros(0, np.uint8)), None, None, "the array is empty"),
        (b"\x93NUMPY\x09\x00", None, None, "version 1.0 or 2.0"),
        (b"\x93NUMPY\x01\x00\x04\x00{}{}", None, None, "expected an npy header"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", None, None, "more than 10000"),
        (
            npz(a=np.zeros(2, np.uint8), b=np.zeros(2, np.uint8)),
            None,
            None,
            "expected one array in the archive, found 2",
        ),
        (npz(a=np.zeros(200, np.uint8))[:-30], None, None, "expected an npz (zip) archive"),
        (b"PK\x03\x04" + bytes(60), None, None, "expected an npz (zip) archive"),
    ],
)
def test_what_does_not_parse_says_where_and_what_was_expected(
    data: bytes, layout: str | None, width: int | None, says: str
) -> None:
    with pytest.raises(FormatError) as caught:
        read(data, layout, width)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"is a directory"):
        open_capture(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_capture(tmp_path / "missing")
    path = tmp_path / "empty.bin"
    path.touch()
    with pytest.raises(FormatError, match=r"empty\.bin: the file is empty"):
        open_capture(path)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"layout": "packed"}, "choose one of packed-msb"),
        ({"bits_per_symbol": 0}, "outside 1 to 32"),
        ({"bits_per_symbol": 33}, "outside 1 to 32"),
        ({"lanes": 0}, "at least one lane"),
        ({"layout": "symbols", "bits_per_symbol": 9}, "a byte holds no symbol of 9 bits"),
    ],
)
def test_a_wrong_parameter_says_what_would_work(known: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        read(b"\0\1", **known)


def test_lanes_must_divide_a_shot() -> None:
    with pytest.raises(FormatError, match="which 3 lanes don't divide"):
        read(b'{"raw_integers": [4], "bits_per_number": 4}', lanes=3)
    with pytest.raises(FormatError, match="which 2 lanes don't divide"):
        read(npy(np.zeros((4, 3), np.uint8)), lanes=2)


def test_a_damaged_zip_member_is_found_by_its_checksum() -> None:
    data = bytearray(npz(a=np.zeros(200, np.uint8)))
    data[data.index(b"\n") + 20] = 1
    with pytest.raises(FormatError, match="is damaged: Bad CRC-32"):
        read(bytes(data))


def test_zstd_without_its_extra_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=r"qrng-toolkit\[zstd\]"):
        read(ZSTD)


def test_bombs_stream_in_bounded_memory() -> None:
    """256 MiB of zeros in a few hundred kilobytes are counted without being held."""
    size = 1 << 28
    packer = zstandard.ZstdCompressor().compressobj()
    block = bytes(1 << 20)
    zstd = b"".join([*(packer.compress(block) for _ in range(size >> 20)), packer.flush()])
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as packed:
        for _ in range(size >> 20):
            packed.write(block)
    for bomb in (zstd, out.getvalue()):
        tracemalloc.start()
        total = sum(chunk.count for chunk in open_capture(io.BytesIO(bomb), "packed-msb").chunks())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == 8 * size
        assert peak < 40 << 20
        with pytest.raises(FormatError, match="more than the 64 MiB"):
            read(bomb, "json")


def test_a_zip_bomb_streams_and_a_lying_length_is_an_error() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as member:
        member.write(
            npy(np.zeros(1, np.uint8))[:-1].replace(b"(1,), }", b"(9999999,), }").replace(b" " * 6 + b"\n", b"\n")
        )
        for _ in range(64):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(FormatError, match="bytes of data, the file has"):
        read(out.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


SEEDS = [
    npy(np.arange(40, dtype=np.uint8)),
    npz(a=np.arange(40, dtype=np.uint16)),
    GZIP,
    ZSTD,
    json.dumps({"raw_integers": [1, 2, 3], "bits_per_number": 4}).encode(),
    b'["0101", "1100"]',
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_captures_never_raise_anything_but_errors_of_this_package(seed: bytes, data: st.DataObject) -> None:
    raw = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    try:
        read(bytes(raw), data.draw(st.sampled_from([None, None, *LAYOUTS])))
    except QrngError as error:
        assert str(error)
