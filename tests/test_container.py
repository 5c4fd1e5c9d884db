"""The `.qrng` container gives back what was written and shows every cut and every altered byte."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.container import MAGIC, ContainerReader, ContainerWriter
from qrng.errors import FormatError, ParameterError
from qrng.formats import open_capture
from qrng.samples import Samples


def contain(*blocks: Samples, provenance: dict[str, object] | None = None) -> bytes:
    out = io.BytesIO()
    writer = ContainerWriter(out, blocks[0].bits_per_symbol, blocks[0].lanes, provenance)
    for block in blocks:
        writer.write(block)
    writer.finish()
    return out.getvalue()


def read(data: bytes) -> tuple[ContainerReader, bytes]:
    reader = ContainerReader(io.BytesIO(data).read, "test.qrng")
    return reader, b"".join(reader.payloads())


@given(st.integers(1, 32), st.integers(1, 5), st.lists(st.integers(0, 40), max_size=4), st.integers(0, 99))
def test_blocks_of_any_length_come_back_as_one_stream(width: int, lanes: int, counts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = [Samples.from_symbols(rng.integers(0, 1 << width, n), width, lanes=lanes) for n in [*counts, 1]]
    data = contain(*blocks, provenance={"device": "a"})
    whole = Samples.join(blocks)
    reader, payload = read(data)
    assert (reader.bits_per_symbol, reader.lanes, reader.count) == (width, lanes, whole.count)
    assert reader.provenance == {"device": "a"}
    assert payload == whole.packed.tobytes()
    capture = open_capture(io.BytesIO(data))
    assert capture.layout == "qrng"
    assert capture.read_all().symbols().tolist() == whole.symbols().tolist()


def test_an_empty_container_is_whole_but_holds_no_capture() -> None:
    data = contain(Samples.from_symbols(np.zeros(0, np.uint8)))
    assert read(data)[0].count == 0
    with pytest.raises(FormatError, match="expected symbols, found none"):
        open_capture(io.BytesIO(data)).read_all()


SMALL = contain(Samples.from_symbols(np.arange(13) % 8, 3), provenance={"device": "a"})


def test_every_cut_is_found() -> None:
    for end in range(len(SMALL)):
        with pytest.raises(FormatError, match="truncated"):
            read(SMALL[:end])


def test_every_altered_bit_is_found() -> None:
    for i in range(len(SMALL)):
        for bit in range(8):
            data = bytearray(SMALL)
            data[i] ^= 1 << bit
            with pytest.raises(FormatError):
                read(bytes(data))


def test_side_data_come_back_beside_the_symbols() -> None:
    blocks = [
        Samples.from_symbols([1, 0, 1], side_data={"setting": np.array([0, 3, 2], np.uint8), "t": np.array([0.5])}),
        Samples.from_symbols([0], side_data={"setting": np.array([1], np.uint8), "t": np.array([2.5], ">f8")}),
    ]
    data = contain(*blocks)
    reader, payload = read(data)
    assert (payload, reader.count) == (b"\xa0", 4)
    whole = open_capture(io.BytesIO(data)).read_all()
    assert whole.side_data["setting"].tolist() == [0, 3, 2, 1]
    assert whole.side_data["t"].tolist() == [0.5, 2.5]
    for bad in (np.array([{}], object), np.zeros((2, 2)), np.array(["a"])):
        with pytest.raises(ParameterError, match="must be a row of numbers"):
            contain(Samples.from_symbols([1], side_data={"x": bad}))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}\n",
        b'{"name": "a", "type": "|O"}\n',
        b'{"name": "a", "type": "<u2"}\n\0',
        b"[]\n",
        b'{"name": "a", "type": "|u1"}',
    ],
)
def test_side_data_that_do_not_parse_are_refused(payload: bytes) -> None:
    with pytest.raises(FormatError):
        read(build(head(), (b"siDe", payload), (b"DATA", b"\xf0"), tail(8)))
    changing = [(b"siDe", b'{"name": "a", "type": "%b"}\n' % kind + bytes(8)) for kind in (b"|u1", b"<u2")]
    with pytest.raises(FormatError, match="changing type"):
        read(build(head(), *changing, (b"DATA", b"\xf0"), tail(8)))


def test_what_follows_the_trailer_is_refused() -> None:
    with pytest.raises(FormatError, match=f"at byte {len(SMALL)}: expected the end"):
        read(SMALL + b"\0")


def test_a_large_stream_is_written_in_pieces() -> None:
    packed = np.frombuffer(np.random.default_rng(0).bytes(5 << 20), np.uint8)
    data = contain(Samples(packed, 8 * packed.size))
    pieces = list(ContainerReader(io.BytesIO(data).read, "x").payloads())
    assert max(map(len, pieces)) == 1 << 20
    assert b"".join(pieces) == packed.tobytes()


def build(*chunks: tuple[bytes, bytes], seal: bool = True) -> bytes:
    """A container from chunks, resealed as an adversary or a newer version might."""
    data = MAGIC
    for kind, payload in chunks:
        head = kind + struct.pack(">I", len(payload))
        if kind == b"TAIL" and seal:
            payload = payload.replace(b"SEAL", sha256(data).hexdigest().encode())
            head = kind + struct.pack(">I", len(payload))
        data += head + payload + struct.pack(">I", zlib.crc32(head + payload))
    return data


def head(**change: object) -> tuple[bytes, bytes]:
    facts = {"format": "qrng-capture/1", "bits_per_symbol": 1, "lanes": 1, "provenance": {}, **change}
    return b"HEAD", json.dumps(facts).encode()


def tail(count: object) -> tuple[bytes, bytes]:
    return b"TAIL", json.dumps({"count": count, "sha256": "SEAL"}).encode()


def test_the_layout_of_the_specification_reads() -> None:
    reader, payload = read(build(head(), (b"noTe", b"skip me"), (b"DATA", b"\xf0"), (b"DATA", b"\x80"), tail(9)))
    assert (payload, reader.count) == (b"\xf0\x80", 9)


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ([(b"DATA", b"\xf0"), tail(8)], "expected a header"),
        ([head(format="qrng-capture/2"), tail(0)], "expected a header of format"),
        ([head(bits_per_symbol=33), tail(0)], '"bits_per_symbol" from 1 to 32'),
        ([head(bits_per_symbol=True), tail(0)], '"bits_per_symbol" from 1 to 32'),
        ([head(lanes=0), tail(0)], '"lanes" from 1'),
        ([head(provenance=[]), tail(0)], "expected an object"),
        ([(b"HEAD", b"[1"), tail(0)], "expected JSON"),
        ([(b"HEAD", b"[1]"), tail(0)], "expected a JSON object"),
        ([head(), (b"MORE", b""), tail(0)], "unknown type"),
        ([head(), (b"D\0TA", b""), tail(0)], "four letters"),
        ([head(), (b"DATA", b"\xf0"), tail(0)], "hold another number"),
        ([head(), (b"DATA", b"\xf1"), tail(7)], "hold another number"),
        ([head(), (b"DATA", b"\xf0"), tail(16)], "hold another number"),
        ([head(), (b"DATA", b"\xf0"), tail(-1)], '"count" from 0'),
        ([head(), (b"DATA", b"\xf0")], "truncated"),
        ([head(), (b"TAIL", b'{"count": 0, "sha256": "00"}')], "does not match|do not match"),
    ],
)
def test_what_the_specification_forbids_is_refused(chunks: list[tuple[bytes, bytes]], says: str) -> None:
    with pytest.raises(FormatError, match=says) as caught:
        read(build(*chunks))
    assert re.match(r"test\.qrng: at byte \d+: ", str(caught.value))


def test_a_length_beyond_the_limit_is_refused_before_it_is_read() -> None:
    def no_more(n: int) -> bytes:
        assert n < 1 << 20
        return stream.read(n)

    stream = io.BytesIO(MAGIC + b"HEAD\xff\xff\xff\xff")
    with pytest.raises(FormatError, match="at most 1048576 are allowed"):
        ContainerReader(no_more, "x")


def test_blocks_of_another_width_or_lanes_are_refused() -> None:
    writer = ContainerWriter(io.BytesIO(), 2, 3)
    for other in (Samples.from_symbols([1], 1, lanes=3), Samples.from_symbols([1], 2)):
        with pytest.raises(ParameterError, match="2-bit symbols in 3 lanes"):
            writer.write(other)


def test_a_contradicted_container_is_a_wrong_parameter() -> None:
    for known in ({"bits_per_symbol": 4}, {"lanes": 2}):
        with pytest.raises(ParameterError, match="contradicts"):
            open_capture(io.BytesIO(SMALL), **known)
