"""ADC words, CSV and HDF5 give the symbols they hold, and say where they don't."""

from __future__ import annotations

import gzip
import importlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng.errors import FormatError, MissingExtraError, ParameterError
from qrng.formats import ADC_TYPES, open_capture


def symbols(data: bytes, *args: Any, **known: Any) -> list[int]:
    return open_capture(io.BytesIO(data), *args, **known).read_all().symbols().tolist()


@pytest.mark.parametrize("layout", ADC_TYPES)
def test_adc_words_become_offset_binary(layout: str) -> None:
    dtype = ADC_TYPES[layout]
    info = np.iinfo(dtype)
    words = np.random.default_rng(0).integers(info.min, info.max, 5000, endpoint=True)
    words[:2] = info.min, info.max
    data = words.astype(dtype).tobytes()
    assert symbols(data, layout) == (words - info.min).tolist()
    assert symbols(gzip.compress(data), layout) == (words - info.min).tolist()
    assert f"{layout} samples" in open_capture(io.BytesIO(data), layout).describe()


def test_effective_bits_narrow_the_symbol_and_are_checked() -> None:
    words = np.array([-2048, -1, 0, 2047], "<i2")
    assert symbols(words.tobytes(), "int16le", 12) == [0, 2047, 2048, 4095]
    for value in (2048, -2049):
        with pytest.raises(FormatError, match="at byte 2: expected a sample of 12 effective bits"):
            symbols(np.array([0, value], "<i2").tobytes(), "int16le", 12)
    with pytest.raises(FormatError, match="effective bits"):  # read with the wrong byte order
        symbols(np.array([100, 200], "<i2").tobytes(), "int16be", 12)
    with pytest.raises(FormatError, match="1 are left over"):
        symbols(b"\0\0\0", "uint16le")
    with pytest.raises(ParameterError, match="at most 8 effective bits"):
        symbols(b"\0", "int8", 9)


@pytest.mark.parametrize(
    ("text", "lanes", "want"),
    [
        ("1,2,3\n4,5,6\n", 3, [1, 2, 3, 4, 5, 6]),
        ("a,b\n1,2\n\n3,4", 2, [1, 2, 3, 4]),
        ("# made by a\n# card\nch1;ch2\n1;2\r\n3;4\r\n", 2, [1, 2, 3, 4]),
        ("1\t2\n3\t4\n", 2, [1, 2, 3, 4]),
        ("7 0  3\n1 2 3\n", 3, [7, 0, 3, 1, 2, 3]),
        ("5\n6\n", 1, [5, 6]),
        ("1, 2\n3 ,4\n", 2, [1, 2, 3, 4]),
    ],
)
def test_csv_rows_are_shots_and_columns_lanes(text: str, lanes: int, want: list[int]) -> None:
    capture = open_capture(io.BytesIO(text.encode()), "csv")
    assert (capture.lanes, capture.bits_per_symbol) == (lanes, 3)
    samples = capture.read_all()
    assert samples.symbols().tolist() == want


def test_csv_is_sniffed_from_digits_with_separators() -> None:
    assert open_capture(io.BytesIO(b"12,7\n3,4\n")).layout == "csv"
    assert open_capture(io.BytesIO(b"12 7\n")).layout == "csv"
    assert open_capture(io.BytesIO(b"5" * 1000)).layout == "packed-msb"


def test_a_long_csv_streams() -> None:
    values = np.random.default_rng(1).integers(0, 4096, (200_000, 3))
    text = "\n".join(",".join(map(str, row)) for row in values.tolist())
    chunks = list(open_capture(io.BytesIO(text.encode())).chunks(1000))
    assert chunks[0].count == 1000
    assert np.concatenate([chunk.symbols() for chunk in chunks]).tolist() == values.reshape(-1).tolist()


@pytest.mark.parametrize(
    ("text", "width", "says"),
    [
        ("1,2\n3\n", None, "line 2: expected 2 integers"),
        ("1,2\n3,\n", None, "line 2: expected 2 integers"),
        ("1,2\n3,-4\n", None, "line 2: expected 2 integers that are not negative"),
        ("1,2\n3,0.5\n", None, "line 2: expected 2 integers"),
        ("1,2\nnan,1\n", None, "line 2: expected 2 integers"),
        ("1,2\n3,99999999999\n", None, "line 2: expected 2 integers"),
        ("1,2\n3,4294967296\n", None, "number 3, counted from 0"),
        ("1,2\n3,9\n", 3, "number 3, counted from 0: expected an integer of 3 bits"),
        ("-1\n", None, "line 1: expected integers that are not negative"),
        ("0.5\n", None, "line 1: expected integers"),
        ("a,b\nc,d\n1,2\n", None, "line 2: expected integers"),
        ("# only\n", None, "found none"),
    ],
)
def test_a_csv_that_does_not_fit_names_the_line(text: str, width: int | None, says: str) -> None:
    with pytest.raises(FormatError) as caught:
        symbols(text.encode(), "csv", width)
    assert says in str(caught.value)


def test_csv_lanes_must_divide_a_row() -> None:
    with pytest.raises(FormatError, match="which 2 lanes don't divide"):
        symbols(b"1,2,3\n", "csv", lanes=2)


class TestHdf5:
    h5py: Any = None

    @pytest.fixture(autouse=True)
    def extra(self, hdf5_extra: None) -> None:
        self.h5py = importlib.import_module("h5py")

    def file(self, path: Path, **datasets: Any) -> Path:
        with self.h5py.File(path, "w") as file:
            for name, data in datasets.items():
                file.create_dataset(name.replace("__", "/"), data=data, compression="gzip", chunks=True)
        return path

    def test_the_only_dataset_of_integers_is_read(self, tmp_path: Path) -> None:
        values = np.random.default_rng(0).integers(0, 100, (5000, 3)).astype(np.int16)
        path = self.file(tmp_path / "a.h5", run__adc=values, run__volts=np.zeros(3))
        with open_capture(path) as capture:
            assert (capture.layout, capture.lanes, capture.bits_per_symbol, capture.count) == ("hdf5", 3, 7, 15_000)
            assert capture.provenance["dataset"] == "run/adc"
            assert capture.read_all().symbols().tolist() == values.reshape(-1).tolist()
            assert capture.sha256 is not None
        packed = gzip.compress(path.read_bytes())
        assert symbols(packed, lanes=1) == values.reshape(-1).tolist()

    def test_one_of_several_is_named(self, tmp_path: Path) -> None:
        path = self.file(tmp_path / "a.h5", a=np.array([1, 2]), b=np.array([True, False]))
        with pytest.raises(FormatError, match="found 2: a, b"):
            open_capture(path)
        with open_capture(path, dataset="b") as capture:
            assert capture.read_all().symbols().tolist() == [1, 0]
        with pytest.raises(FormatError, match="at 'c', there are a, b"):
            open_capture(path, dataset="c")

    def test_damage_and_wrong_numbers_are_errors(self, tmp_path: Path) -> None:
        path = self.file(tmp_path / "a.h5", a=np.array([1, -2]))
        with pytest.raises(FormatError, match="entry 1: expected an integer"):
            open_capture(path)
        data = path.read_bytes()
        with pytest.raises(FormatError, match="expected an HDF5 file"):
            symbols(data[:500])
        empty = self.file(tmp_path / "e.h5", a=np.zeros(3))
        with pytest.raises(FormatError, match="found 0: none"):
            open_capture(empty)

    def test_data_kept_in_other_files_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "x.h5"
        (tmp_path / "other.bin").write_bytes(bytes(8))
        with self.h5py.File(path, "w") as file:
            file.create_dataset("a", (8,), "u1", external=[(str(tmp_path / "other.bin"), 0, 8)])
        with pytest.raises(FormatError, match="in other files"):
            open_capture(path)


def test_hdf5_without_its_extra_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"qrng-toolkit\[hdf5\]"):
        symbols(b"\x89HDF\r\n\x1a\n" + bytes(100))


def test_one_of_several_arrays_in_an_archive_is_named() -> None:
    out = io.BytesIO()
    np.savez(out, a=np.array([1, 2]), b=np.array([3]))
    assert symbols(out.getvalue(), dataset="b") == [3]
    with pytest.raises(FormatError, match="no array named 'c' in the archive; there are a, b"):
        symbols(out.getvalue(), dataset="c")
