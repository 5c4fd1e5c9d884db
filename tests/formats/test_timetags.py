"""Time tags: record types against plain arithmetic and a published reader, frames, parities, and what is refused."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.errors import FormatError, ParameterError
from qrng.formats import Framing, open_capture
from qrng.formats.ptu import Ptu
from qrng.formats.stream import Stream
from qrng.samples import Samples
from qrng.sources import open_source

TYPES = {"picoharp": 0x00010203, "hydraharp1": 0x00010204, "hydraharp2": 0x01010204, "multiharp": 0x00010207}
TIMES = [3, 3, 100_000, 33_551_999, 33_552_000, 33_554_432, 210_698_239, 210_698_240, 10**9, 5 * 10**9]

Make = Callable[..., bytes]


def stream_of(data: bytes) -> Stream:
    def start() -> Any:
        return io.BytesIO(data).read

    return Stream("tags", start, restartable=True, size=len(data))


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def read(data: bytes, layout: str | None, framing: Framing | None, **known: Any) -> Samples:
    return open_capture(io.BytesIO(data), layout, tags=framing, **known).read_all()


@pytest.mark.parametrize("kind", TYPES)
def test_every_t2_record_type_gives_back_its_times(kind: str, ptu_bytes: Make) -> None:
    for times in (TIMES, np.cumsum(np.random.default_rng(1).integers(1, 10**6, 70_000)).tolist()):
        ptu = Ptu(stream_of(ptu_bytes(times, TYPES[kind], 4e-12, channel=1)))
        assert ptu.tick == 4e-12
        pieces = list(ptu.tags())
        assert np.concatenate([piece.times for piece in pieces]).tolist() == times
        assert set(np.concatenate([piece.channels for piece in pieces]).tolist()) == {2}
        ptu.rewind()
        assert sum(piece.times.size for piece in ptu.tags()) == len(times)


@pytest.mark.parametrize("kind", TYPES)
def test_a_published_reader_reads_the_same_times(kind: str, ptu_bytes: Make, tmp_path: Path) -> None:
    ptufile = pytest.importorskip("ptufile", reason="ptufile is not installed: no second reader to compare with")
    times = np.cumsum(np.random.default_rng(2).integers(1, 10**8, 500)).tolist()
    path = tmp_path / "run.ptu"
    path.write_bytes(ptu_bytes(times, TYPES[kind], 1e-12, channel=1))
    with ptufile.PtuFile(path) as other:
        found = other.decode_records()
    photons = found["time"][found["channel"] >= 0]
    assert photons.tolist() == times


def test_a_file_that_states_no_number_of_records_is_read_to_its_end(ptu_bytes: Make) -> None:
    (piece,) = Ptu(stream_of(ptu_bytes(TIMES, records=0))).tags()
    assert piece.times.tolist() == TIMES


FRAME = Framing("arrival", 1e-9, 4, 1e-10)  # 1000 ticks of a picosecond, 250 a bin


def test_arrivals_are_the_bins_of_first_detections_in_whole_frames(ptu_bytes: Make) -> None:
    """The frame of the first tag and that of the last are incomplete; 2400 and 2700 come second in their frame."""
    times = [500, 1000, 2300, 2400, 2700, 4999, 5251, 7000]
    samples = read(ptu_bytes(times), None, FRAME)
    assert samples.symbols().tolist() == [0, 1, 3, 1]
    facts = samples.provenance["time_tags"]
    assert facts["detections"] == 8 and facts["frames"] == 6
    assert facts["span"] == pytest.approx(6.5e-9) and facts["least_gap"] == pytest.approx(1e-10)
    assert (samples.bits_per_symbol, samples.lanes) == (2, 1)


def test_parities_count_every_detection_of_whole_frames(ptu_bytes: Make) -> None:
    times = [500, 1000, 2300, 2400, 2700, 4999, 5251, 7000]
    samples = read(ptu_bytes(times), "ptu", Framing("parity", 1e-9))
    assert samples.symbols().tolist() == [1, 1, 0, 1, 1, 0]


@given(st.lists(st.integers(0, 5000), min_size=3, max_size=300), st.sampled_from([1, 7, 100, 1000]))
def test_both_methods_agree_with_a_plain_count(gaps: list[int], frame: int) -> None:
    times = np.cumsum(gaps)
    first, last = int(times[0]) // frame + 1, int(times[-1]) // frame
    inside = [[t for t in times.tolist() if t // frame == k] for k in range(first, last)]
    data = npy(times)
    if not inside:
        with pytest.raises(FormatError, match="two whole frames"):
            read(data, "timetags-npy", Framing("parity", frame * 1e-12))
        return
    parity = read(data, "timetags-npy", Framing("parity", frame * 1e-12))
    assert parity.symbols().tolist() == [len(k) % 2 for k in inside]
    frames = read(npy(times * 8), "timetags-npy", Framing("arrival", 8 * frame * 1e-12, 8)) if any(inside) else None
    if frames:
        assert frames.symbols().tolist() == [k[0] % frame * 8 // frame for k in inside if k]


def test_long_runs_and_long_gaps_come_in_pieces() -> None:
    times = np.concatenate([np.arange(100), 10**6 + np.arange(3), 2_000_000 + np.arange(200_000)])
    samples = read(npy(times), "timetags-npy", Framing("parity", 1e-12))
    assert samples.count == times[-1] - 1
    assert int(samples.symbols().sum()) == times.size - 2


@pytest.mark.parametrize(
    ("layout", "channel", "data"),
    [
        ("timetags-npy", None, npy(np.array([5, 12, 33, 41]))),
        ("timetags-npy", 7, npy(np.array([[5, 7], [8, 2], [12, 7], [33, 7], [41, 7]], np.uint64))),
        ("timetags-npy", None, npy(np.array([5, 12, 33, 41], ">i8"))),
        ("timetags-text", None, b"# ticks\n5\n12\n33\n41\n"),
        ("timetags-text", 7, b"time,channel\n5,7\n8,2\n12,7\n33,7\n41,7"),
        ("timetags-text", None, gzip.compress(b"5 7\r\n12 7\r\n33 7\r\n41 7\r\n")),
    ],
)
def test_plain_layouts_hold_times_and_perhaps_channels(layout: str, channel: int | None, data: bytes) -> None:
    framing = Framing("arrival", 8e-9, 4, tick=1e-9, channel=channel)
    assert read(data, layout, framing).symbols().tolist() == [2, 0]


@pytest.mark.parametrize(
    ("data", "layout", "says"),
    [
        (npy(np.array([9, 5, 7])), "timetags-npy", "at byte 136: expected times from 0 to 2^62 ticks that never run"),
        (npy(np.array([1, 5, -7])), "timetags-npy", "at byte 144: expected times from 0"),
        (npy(np.array([1, 5, 2**63], np.uint64)), "timetags-npy", "at byte 144: expected a time below 2^62"),
        (npy(np.array([1, 2**61])), "timetags-npy", "at byte 136: more than 1048576 frames without a detection"),
        (npy(np.array([1, 2])), "timetags-npy", "expected detections over two whole frames"),
        (npy(np.array([1.5, np.nan])), "timetags-npy", "integers or booleans, found <f8"),
        (npy(np.zeros((3, 3), int)), "timetags-npy", "found 3 columns"),
        (b"1\n2\nNaN\n", "timetags-text", "line 3: expected 1 integers"),
        (b"1\n-2\n", "timetags-text", "line 2: expected 1 integers"),
        (b"1,2,3\n", "timetags-text", "found 3 columns"),
        (b"9\n5\n", "timetags-text", "line (or after) 1: expected times"),
        (b"1\n" + b"9" * 19, "timetags-text", "line 2: expected 1 integers"),
    ],
)
def test_plain_tags_that_make_no_sense_say_where(data: bytes, layout: str, says: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(data, layout, Framing("parity", 1e-9))
    assert says in str(caught.value)


def without(data: bytes, name: bytes) -> bytes:
    """The header without one tag, told by renaming it."""
    return data.replace(name.ljust(32, b"\0"), (b"X" + name[1:]).ljust(32, b"\0"))


def test_damaged_ptu_files_say_where(ptu_bytes: Make) -> None:
    good = ptu_bytes(TIMES)
    start = good.index(b"Header_End") + 48
    kind = struct.pack("<q", 0x01010204)
    for bad, says in (
        (good[:10], "expected 16 bytes of PTU header, found 10: the file is truncated"),
        (b"PQTTTRxx" + good[8:], "at byte 0: expected the magic bytes"),
        (good[:100], "bytes of a tag of the PTU header, found"),
        (good[: start - 48], "bytes of a tag of the PTU header, found 0: the file is truncated"),
        (good[:-1], f"at byte {start}: expected {len(good) - start} bytes of PTU records"),
        (ptu_bytes(TIMES, records=0)[:-1], "expected whole records of 4 bytes, 3 are left over"),
        (good.replace(kind, struct.pack(">q", 0x01010204)), "expected TTResultFormat_TTTRRecType of a T2 mode"),
        (good.replace(kind, struct.pack("<q", 0x01010304)), "measure in T2 mode"),
        (good.replace(struct.pack("<d", 1e-12), struct.pack("<d", float("nan"))), "GlobalResolution in seconds"),
        (good.replace(struct.pack("<d", 1e-12), struct.pack("<d", -1.0)), "GlobalResolution in seconds"),
        (without(good, b"MeasDesc_GlobalResolution"), "GlobalResolution in seconds in the PTU header, found None"),
        (ptu_bytes(TIMES, records=-1), "TTResult_NumberOfRecords in the PTU header, found -1"),
        (
            good.replace(struct.pack("<q", 16) + b"a", struct.pack("<q", 1 << 40) + b"a"),
            "a header tag of 1099511627776",
        ),
        (good[:16] + good[16:80] * 5000, "expected Header_End within 4096 tags"),
    ):
        with pytest.raises(FormatError) as caught:
            read(bad, "ptu", FRAME)
        assert says in str(caught.value), says


def test_overflows_without_end_are_no_clock(ptu_bytes: Make) -> None:
    words = struct.pack("<I", 0xFFFFFFFF) * 5000
    data = ptu_bytes([1, 2], records=0) + words
    with pytest.raises(FormatError, match=r"add up to more than 2\^62 ticks"):
        read(data, "ptu", FRAME)


def test_what_cuts_no_frames_is_refused(ptu_bytes: Make) -> None:
    good = ptu_bytes([500, 1000, 2300, 7000])
    two = npy(np.array([[5, 0], [1000, 1], [9000, 1]]))
    for call, says in (
        (lambda: Framing("phase", 1e-9), "arrival or parity"),
        (lambda: Framing("parity", 0.0), "a positive length"),
        (lambda: Framing("parity", 1e-9, dead_time=1e-9), "longer than the dead time"),
        (lambda: Framing("arrival", 1e-9, 6), "a power of two"),
        (lambda: Framing("arrival", 1e-9, tick=2.0), "part of a second"),
        (lambda: read(good, None, None), r"qrng capture .*tags=arrival"),
        (lambda: read(good, None, Framing("arrival", 1.0004e-9, 4)), "no whole number of ticks"),
        (lambda: read(good, None, Framing("arrival", 1e-9, 16)), "can't be cut into 16 equal bins"),
        (lambda: read(good, None, FRAME, bits_per_symbol=3), "symbols of 2 bits, not 3"),
        (lambda: read(good, None, FRAME, lanes=2), "one lane, not 2"),
        (lambda: read(two, "timetags-npy", FRAME), "tags of channels 0 and 1: choose one"),
        (lambda: read(b"0101", "ascii", FRAME), "give one of their layouts"),
    ):
        with pytest.raises(ParameterError, match=says):
            call()


def test_a_capture_of_tags_becomes_a_container_with_its_counts(run_qrng: Any, tmp_path: Path, ptu_bytes: Make) -> None:
    times = np.cumsum(np.random.default_rng(5).exponential(400.0, 50_000).astype(np.int64) + 1)
    (tmp_path / "run.ptu").write_bytes(ptu_bytes(times.tolist()))
    spec = "file:run.ptu?tags=arrival&frame=1.024e-9&bins=16&dead_time=1e-12"
    done = run_qrng("capture", spec, "-o", "raw.qrng")
    assert done.returncode == 0, done.stderr
    with open_capture(tmp_path / "raw.qrng") as capture:
        samples = capture.read_all()
    assert samples.bits_per_symbol == 4
    assert samples.provenance["recorded"]["time_tags"]["detections"] == 50_000
    with open_source(spec.replace("run.ptu", str(tmp_path / "run.ptu"))) as source:
        assert source.read(100).symbols().tolist() == samples.symbols(0, 100).tolist()
        with open_source(source.spec) as again:
            assert again.spec == source.spec
    assert b"tags=arrival" in run_qrng("assess", "run.ptu").stderr
