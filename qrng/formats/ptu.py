"""Time tags in PicoQuant PTU files, T2 mode: a header of 48-byte tags, then 32-bit records.

The layout is that of PicoQuant's "Unified TTTR File Format" and of its T2 records, as published with their demo code:

- PicoHarp 300: channel in the upper 4 bits, time in the lower 28; channel 15 with low time bits 0 is an overflow of
  210,698,240 ticks, with others a marker.
- HydraHarp 400, TimeHarp 260, MultiHarp and later ("generic"): a special bit, 6 bits of channel, 25 bits of time; a
  special record of channel 63 is an overflow of 33,552,000 ticks (HydraHarp, version 1), or as many times 33,554,432
  as its time says, at least one; special channels 1 to 15 are markers, special channel 0 is the sync input.

T3 records count from laser pulses and are refused. Channel 0 here is the sync input, 1 the first input channel.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import FormatError
from qrng.formats.stream import Stream

__all__ = ["MAGIC", "Ptu"]

MAGIC = b"PQTTTR\0\0"

_TAG = struct.Struct("<32siI8s")
_MAX_TAGS = 4096
_MAX_PAYLOAD = 1 << 24  # bytes of one array in the header
_WITH_PAYLOAD = (0x2001FFFF, 0x4001FFFF, 0x4002FFFF, 0xFFFFFFFF)  # float array, ANSI text, wide text, blob
_INTEGER, _FLOAT = 0x10000008, 0x20000008
_RECORDS = 1 << 16  # records decoded at a time
_LARGEST = float(1 << 62)  # ticks: past it the clock of the file is nonsense

_PICOHARP_T2 = 0x00010203
_HYDRAHARP1_T2 = 0x00010204
_GENERIC_T2 = (0x01010204, 0x00010205, 0x00010206, 0x00010207)
_T3 = (0x00010303, 0x00010304, 0x01010304, 0x00010305, 0x00010306, 0x00010307)
_PICOHARP_OVERFLOW, _HYDRAHARP1_OVERFLOW, _OVERFLOW = 210_698_240, 33_552_000, 33_554_432

Ticks = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tags:
    """Time tags in file order.

    Attributes:
        times: ticks since the beginning of the measurement.
        channels: input of each.
        places: byte offset, or line, of each in its file.
    """

    times: Ticks
    channels: Ticks
    places: Ticks


class Ptu:
    """Reads time tags from a PTU file in T2 mode.

    Attributes:
        tick: seconds a tick.

    Raises:
        FormatError: no PTU header, a record type that is not T2, or a cut file; says at which byte.
    """

    unit = "byte"

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._header()

    def _header(self) -> None:
        stream = self._stream
        if stream.exactly(16, "PTU header")[:8] != MAGIC:
            raise stream.fail("expected the magic bytes of a PTU file", 0)
        known: dict[str, Any] = {}
        for _ in range(_MAX_TAGS):
            start = stream.offset
            name, _, kind, value = _TAG.unpack(stream.exactly(_TAG.size, "a tag of the PTU header"))
            ident = name.split(b"\0", 1)[0].decode("latin-1")
            if kind in _WITH_PAYLOAD:
                length = int.from_bytes(value, "little")
                if length > _MAX_PAYLOAD:
                    raise stream.fail(f"a header tag of {length} bytes, more than {_MAX_PAYLOAD}", start)
                stream.exactly(length, f"the header tag {ident!r}")
            elif kind in (_INTEGER, _FLOAT):
                known[ident] = struct.unpack("<q" if kind == _INTEGER else "<d", value)[0]
            if ident == "Header_End":
                break
        else:
            raise stream.fail(f"expected Header_End within {_MAX_TAGS} tags of the PTU header")
        self._type, self.tick, self._records = self._facts(known)
        self._data = stream.offset

    def _facts(self, known: dict[str, Any]) -> tuple[int, float, int]:
        """Record type, tick, number of records; 0 records means up to the end of the file."""
        kind = known.get("TTResultFormat_TTTRRecType")
        if kind in _T3:
            raise self._stream.fail("records of T3 mode count from laser pulses; measure in T2 mode")
        if kind not in (_PICOHARP_T2, _HYDRAHARP1_T2, *_GENERIC_T2):
            raise self._stream.fail(f"expected TTResultFormat_TTTRRecType of a T2 mode in the PTU header, found {kind}")
        tick = known.get("MeasDesc_GlobalResolution")
        if not isinstance(tick, float) or not 0 < tick < 1:
            raise self._stream.fail(f"expected MeasDesc_GlobalResolution in seconds in the PTU header, found {tick}")
        records = known.get("TTResult_NumberOfRecords")
        if not isinstance(records, int) or records < 0:
            raise self._stream.fail(f"expected TTResult_NumberOfRecords in the PTU header, found {records}")
        return kind, tick, records

    def tags(self) -> Iterator[Tags]:
        """All detections in order, without markers; none of the pieces is empty."""
        stream, base, done = self._stream, 0, 0
        while not self._records or done < self._records:
            start = stream.offset
            if self._records:
                data = stream.exactly(4 * min(_RECORDS, self._records - done), "PTU records")
            elif not (data := stream.read(4 * _RECORDS)):
                break
            if len(data) % 4:
                raise stream.fail(f"expected whole records of 4 bytes, {len(data) % 4} are left over")
            done += len(data) // 4
            words = np.frombuffer(data, "<u4").astype(np.int64)
            times, channels, taken, overflow = self._decode(words)
            if base + float(overflow.sum(dtype=np.float64)) > _LARGEST:
                raise stream.fail("the overflow records add up to more than 2^62 ticks", start)
            times = times + base + np.cumsum(overflow)
            base += int(overflow.sum())
            if taken.any():
                yield Tags(times[taken], channels[taken], start + 4 * np.flatnonzero(taken))

    def _decode(self, words: Ticks) -> tuple[Ticks, Ticks, npt.NDArray[np.bool_], Ticks]:
        """Time within the overflow period, channel, whether it is a detection, and ticks of overflow of each record."""
        if self._type == _PICOHARP_T2:
            channel, time = words // 2**28, words % 2**28
            special = channel == 15
            overflow = special & (time % 16 == 0)
            return time, channel + 1, ~special, overflow * _PICOHARP_OVERFLOW
        special, channel, time = words >= 2**31, words // 2**25 % 64, words % 2**25
        overflow = special & (channel == 63)
        taken = ~special | (channel == 0)
        if self._type == _HYDRAHARP1_T2:
            return time, np.where(special, 0, channel + 1), taken, overflow * _HYDRAHARP1_OVERFLOW
        return time, np.where(special, 0, channel + 1), taken, overflow * np.maximum(time, 1) * _OVERFLOW

    def rewind(self) -> None:
        """Back to the first record; FormatError if the file is not the same any more."""
        before = self._data
        self._stream.rewind()
        self._header()
        if self._data != before:
            raise FormatError(f"{self._stream.name}: the file changed while it was read")
