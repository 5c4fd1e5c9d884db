"""Mutated captures of every layout: symbols, or one clear error of this package that names the file; nothing else.

`make test` tries a few hundred mutations of each layout, `make trial` many more; both from fixed seeds.
"""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import zstandard

from qrng.container import ContainerWriter
from qrng.errors import QrngError
from qrng.formats import LAYOUTS, Framing, open_capture
from qrng.samples import Samples

FEW, MANY = 150, 10_000


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def npz(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, a=array)
    return out.getvalue()


def container() -> bytes:
    out = io.BytesIO()
    writer = ContainerWriter(out, 2, 2, {"source": "x", "circuit": "chsh"})
    writer.write(Samples.from_symbols([0, 1, 2, 3] * 10, 2, lanes=2, side_data={"settings": np.arange(40) % 4}))
    writer.finish()
    return out.getvalue()


def hdf5() -> bytes:
    h5py = pytest.importorskip("h5py", reason="the extra hdf5 is not installed")
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset(
            "bits", data=np.arange(64, dtype=np.uint8).reshape(16, 4), chunks=(4, 4), compression="gzip"
        )
    return out.getvalue()


TIMES = np.cumsum(np.random.default_rng(0).integers(1, 3000, 60))
TAGS = Framing("arrival", 1e-9, 8)
GOOD: dict[str, tuple[str | None, Callable[[], bytes]]] = {
    "packed-msb": ("packed-msb", lambda: bytes(range(40))),
    "packed-lsb": ("packed-lsb", lambda: bytes(range(40))),
    "symbols": ("symbols", lambda: bytes([0, 1, 2, 3] * 9)),
    "ascii": ("ascii", lambda: b"0101 1101\n" * 6),
    "json integers": ("json", lambda: json.dumps({"raw_integers": [1, 2, 3] * 5, "bits_per_number": 4}).encode()),
    "json strings": ("json", lambda: b'["0101", "1100", "1111"]'),
    "npy": ("npy", lambda: npy(np.arange(40, dtype="<u2"))),
    "npz": ("npz", lambda: npz(np.arange(40, dtype=np.uint8))),
    "csv": ("csv", lambda: b"# run\na,b\n1,2\n3,4\n5,6\n"),
    "int16be": ("int16be", lambda: np.arange(-20, 20).astype(">i2").tobytes()),
    "hdf5": ("hdf5", hdf5),
    "qrng": ("qrng", container),
    "timetags-npy": ("timetags-npy", lambda: npy(TIMES)),
    "timetags-text": ("timetags-text", lambda: "\n".join(map(str, TIMES)).encode()),
    "gzip": (None, lambda: gzip.compress(b"0101" * 50)),
    "zstd": (None, lambda: zstandard.ZstdCompressor(write_checksum=True).compress(b"0101" * 50)),
}


def mutated(good: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes: bytes altered, cut out, doubled, or set to the extremes of a length field; perhaps a cut."""
    raw = bytearray(good)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(raw)))
        match int(rng.integers(6)):
            case 0:
                raw[at] = int(rng.integers(256))
            case 1:
                raw[at] ^= 1 << int(rng.integers(8))
            case 2:
                del raw[at : at + int(rng.integers(1, 9))]
            case 3:
                raw[at:at] = raw[at : at + int(rng.integers(1, 33))]
            case 4:
                raw[at : at + 4] = b"\xff\xff\xff\xff"
            case _:
                raw[at : at + 8] = bytes(7) + b"\x7f"
        if not raw:
            return b"\0"
    return bytes(raw[: int(rng.integers(len(raw)))] if rng.random() < 0.25 else raw)


def attack(name: str, layout: str | None, good: bytes, rounds: int) -> tuple[int, int]:
    """Mutations that read, and that ended in an error."""
    rng = np.random.default_rng([*name.encode()])
    read = refused = 0
    tags = TAGS if layout and (layout == "ptu" or layout.startswith("timetags")) else None
    for _ in range(rounds):
        data = mutated(good, rng)
        other = rng.random() < 0.1
        chosen = str(rng.choice([n for n in LAYOUTS if n != "hdf5"])) if other else layout
        framing = TAGS if chosen in ("ptu", "timetags-npy", "timetags-text") else (None if other else tags)
        stream = io.BytesIO(data)
        stream.name = "fuzzed.bin"
        try:
            samples = open_capture(stream, chosen, tags=framing).read_all()
            assert samples.count > 0 and samples.symbols().size == samples.count
            read += 1
        except QrngError as error:
            message = str(error)
            assert message.startswith("fuzzed.bin") and "\n" not in message, message
            refused += 1
    return read, refused


@pytest.mark.parametrize(
    ("name", "rounds"),
    [(name, FEW) for name in GOOD] + [pytest.param(name, MANY, marks=pytest.mark.trial) for name in GOOD],
)
def test_a_mutated_capture_is_read_or_refused(name: str, rounds: int) -> None:
    layout, make = GOOD[name]
    good = make()
    open_capture(io.BytesIO(good), layout, tags=TAGS if layout and "timetags" in layout else None).read_all()
    read, refused = attack(name, layout, good, rounds)
    print(f"{name}: {rounds} mutations, {read} read, {refused} refused")
    assert read + refused == rounds and refused > 0


@pytest.mark.parametrize("rounds", [FEW, pytest.param(MANY, marks=pytest.mark.trial)])
@pytest.mark.parametrize("kind", [0x00010203, 0x00010204, 0x01010204])
def test_a_mutated_ptu_file_is_read_or_refused(kind: int, rounds: int, ptu_bytes: Callable[..., bytes]) -> None:
    read, refused = attack(f"ptu {kind}", "ptu", ptu_bytes(TIMES.tolist(), kind), rounds)
    print(f"ptu {kind:#010x}: {rounds} mutations, {read} read, {refused} refused")
    assert read + refused == rounds and read > 0 and refused > 0


def test_an_hdf5_file_that_claims_to_be_huge_is_refused_in_little_memory() -> None:
    """A row of 2^40 entries, or as many rows, that a few kilobytes on disk stand for."""
    h5py = pytest.importorskip("h5py", reason="the extra hdf5 is not installed")
    for shape, chunks in (((4, 2**40), (1, 2**20)), ((2**40,), (2**20,)), ((2**20, 2**20), (2**10, 2**10))):
        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            file.create_dataset("bits", shape, np.uint8, chunks=chunks, fillvalue=1)
        assert len(out.getvalue()) < 10_000
        tracemalloc.start()
        with pytest.raises(QrngError, match=r"promises|chunks of more than"):
            open_capture(io.BytesIO(out.getvalue())).read_all()
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
        tracemalloc.stop()


def test_a_compressed_capture_is_not_held_beyond_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from qrng.errors import FormatError

    monkeypatch.setattr("qrng.formats._WHOLE", 1 << 20)
    bomb = gzip.compress(bytes(5 << 20))
    with pytest.raises(FormatError, match=r"at symbol \d+: a compressed capture of more than 1 MiB"):
        open_capture(io.BytesIO(bomb), "packed-msb").read_all()
    assert open_capture(io.BytesIO(bytes(5 << 20)), "packed-msb").read_all().count == 8 * 5 << 20
