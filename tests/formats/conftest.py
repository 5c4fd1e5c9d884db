"""Small PTU files, made here record by record."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest

PICOHARP, HYDRAHARP1, HYDRAHARP2, MULTIHARP = 0x00010203, 0x00010204, 0x01010204, 0x00010207


def tag(name: str, kind: int, value: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("<32siI8s", name.encode(), -1, kind, value) + payload


def header(record_type: int, records: int, resolution: float, *, end: bool = True) -> bytes:
    parts = [
        b"PQTTTR\0\0" + b"1.0.00\0\0",
        tag("File_Comment", 0x4001FFFF, struct.pack("<q", 16), b"a test".ljust(16, b"\0")),
        tag("Measurement_Mode", 0x10000008, struct.pack("<q", 2)),
        tag("TTResultFormat_TTTRRecType", 0x10000008, struct.pack("<q", record_type)),
        tag("TTResultFormat_BitsPerRecord", 0x10000008, struct.pack("<q", 32)),
        tag("MeasDesc_GlobalResolution", 0x20000008, struct.pack("<d", resolution)),
        tag("TTResult_NumberOfRecords", 0x10000008, struct.pack("<q", records)),
        tag("Header_End", 0xFFFF0008, bytes(8)) if end else b"",
    ]
    return b"".join(parts)


def records_of(record_type: int, times: Sequence[int], channel: int) -> list[int]:
    """T2 records of detections at these ticks, overflows between them; a marker first."""
    words = []
    if record_type == PICOHARP:
        period, limit, marker = 210_698_240, 210_698_240, 15 << 28 | 1
    elif record_type == HYDRAHARP1:
        period, limit, marker = 33_552_000, 33_552_000, 1 << 31 | 2 << 25
    else:
        period, limit, marker = 33_554_432, 33_554_432, 1 << 31 | 2 << 25
    words.append(marker)
    base = 0
    for time in times:
        over = time // limit - base
        base += over
        if record_type == PICOHARP:
            words += [15 << 28] * over + [channel << 28 | time - base * period]
        elif record_type == HYDRAHARP1:
            words += [1 << 31 | 63 << 25] * over + [channel << 25 | time - base * period]
        else:
            words += ([1 << 31 | 63 << 25 | over] if over else []) + [channel << 25 | time - base * period]
    return words


@pytest.fixture(scope="session")
def ptu_bytes() -> Callable[..., bytes]:
    """Makes a PTU file of detections at given ticks, in one record type; `records` overrides the number it states."""

    def make(
        times: Sequence[int],
        record_type: int = HYDRAHARP2,
        resolution: float = 1e-12,
        channel: int = 0,
        records: int | None = None,
    ) -> bytes:
        words = records_of(record_type, times, channel)
        stated = len(words) if records is None else records
        return header(record_type, stated, resolution) + struct.pack(f"<{len(words)}I", *words)

    return make
