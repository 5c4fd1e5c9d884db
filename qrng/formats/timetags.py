"""Time tags of a single-photon detector made into symbols: arrival bins, or parities of counts.

Time from the first detection on is cut into frames of equal length, the first whole one first and the last incomplete
one left out.

- arrival: a symbol is the bin, of `bins` equal ones, of the first detection in a frame; frames without one are dropped.
- parity: a symbol is the parity of the number of detections in a frame.

What `qrng.entropy.physical` needs beside the symbols (detections, span, dead time) is found in a first pass, which also
checks that time never runs back, and recorded with the capture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from qrng import bits
from qrng.errors import FormatError, ParameterError
from qrng.formats.arrays import Npy
from qrng.formats.layouts import Block, Reader, blocks_of
from qrng.formats.numbers import Csv
from qrng.formats.ptu import Ptu, Tags, Ticks
from qrng.formats.stream import Stream

__all__ = ["METHODS", "TAG_LAYOUTS", "Framing", "TimeTags"]

TAG_LAYOUTS = ("ptu", "timetags-npy", "timetags-text")
"""Layouts of time tags: PicoQuant T2; a NumPy array, or rows of text, of times or of times and channels."""

METHODS = ("arrival", "parity")

_LONGEST_GAP = 1 << 20  # frames without a detection after which the detector, or the clock, has stopped
_WINDOWS = 2 * _LONGEST_GAP  # parities made at a time, more than any gap
_LARGEST = 1 << 62


@dataclass(frozen=True)
class Framing:
    """How time tags are cut into symbols.

    Attributes:
        method: one of METHODS.
        frame: length of a frame in seconds, a whole number of ticks.
        bins: bins a frame, a power of two that divides its ticks; "arrival" only.
        dead_time: seconds for which the detector is dead after a detection. Recorded for the bound.
        tick: seconds a tick; None for what the file says, or a picosecond for layouts that say nothing.
        channel: input to take; None where the file has one only.
    """

    method: str
    frame: float
    bins: int = 256
    dead_time: float = 0.0
    tick: float | None = None
    channel: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cuts no frames."""
        if self.method not in METHODS:
            raise ParameterError(f"time tags are read by {' or '.join(METHODS)}, not {self.method!r}")
        if not 0 < self.frame < 1e9 or not 0 <= self.dead_time < self.frame:
            raise ParameterError("time tags: a frame has a positive length in seconds, longer than the dead time")
        if self.tick is not None and not 0 < self.tick < 1:
            raise ParameterError(f"time tags: a tick is a part of a second, not {self.tick}")
        if not 2 <= self.bins <= 2**bits.MAX_WIDTH or self.bins != 2 ** (self.bins.bit_length() - 1):
            raise ParameterError(
                f"time tags: the bins of a frame are a power of two up to 2^{bits.MAX_WIDTH}, not {self.bins}"
            )


class _Origin(Protocol):
    """A file of time tags."""

    @property
    def unit(self) -> str: ...

    @property
    def tick(self) -> float | None: ...

    def tags(self) -> Iterator[Tags]: ...

    def rewind(self) -> None: ...


class TimeTags(Reader):
    """Symbols of a file of time tags. Needs a file that can be read twice.

    Raises:
        ParameterError: no framing, a framing that doesn't fit the ticks, several channels and none chosen, a pipe.
        FormatError: times that run back, a detector that stopped, fewer than two whole frames, or what the layout
            doesn't allow; says where.
    """

    lanes = 1

    def __init__(
        self, stream: Stream, layout: str, framing: Framing | None, width: int | None, lanes: int | None
    ) -> None:
        self._name = stream.name
        if framing is None:
            raise ParameterError(
                f"{stream.name}: time tags become symbols by frames. Record them first: qrng capture "
                f"'file:{stream.name}?tags=arrival&frame=1e-6&bins=256&dead_time=5e-8' -o raw.qrng"
            )
        if not stream.restartable:
            raise ParameterError(
                f"{stream.name}: time tags are read twice, which a pipe can't give; save them to a file"
            )
        if lanes not in (None, 1):
            raise ParameterError(f"{stream.name}: time tags of one channel are one lane, not {lanes}")
        self._framing = framing
        self._origin: _Origin = (
            Ptu(stream) if layout == "ptu" else NpyTags(stream) if layout == "timetags-npy" else TextTags(stream)
        )
        self.tick = framing.tick or self._origin.tick or 1e-12
        self._frame = self._ticks_of_frame()
        self.bits_per_symbol = framing.bins.bit_length() - 1 if framing.method == "arrival" else 1
        if width not in (None, self.bits_per_symbol):
            raise ParameterError(
                f"{stream.name}: these frames give symbols of {self.bits_per_symbol} bits, not {width}"
            )
        self.label = f"{layout}, {framing.method} in frames of {framing.frame:g} s"
        self.count: int | None = None
        self._survey()

    def _ticks_of_frame(self) -> int:
        exact = self._framing.frame / self.tick
        ticks = round(exact)
        if ticks < 1 or ticks > _LARGEST or abs(exact - ticks) > 1e-6 * ticks:
            raise ParameterError(
                f"{self._name}: a frame of {self._framing.frame:g} s is no whole number of ticks of {self.tick:g} s"
            )
        if self._framing.method == "arrival" and ticks % self._framing.bins:
            raise ParameterError(
                f"{self._name}: a frame of {ticks} ticks can't be cut into {self._framing.bins} equal bins"
            )
        return ticks

    def _chosen(self) -> Iterator[Tags]:
        """Tags of the channel, in order, none of the pieces empty."""
        last, channel = -1, self._framing.channel
        for tags in self._origin.tags():
            if channel is None:
                channel = int(tags.channels[0])
            mine = tags.channels == channel
            if self._framing.channel is None and not mine.all():
                other = int(tags.channels[~mine][0])
                raise ParameterError(
                    f"{self._name}: tags of channels {channel} and {other}: choose one, with channel={channel}"
                )
            times = tags.times[mine]
            if not times.size:
                continue
            back = np.diff(times, prepend=times[0] if last < 0 else last) < 0
            back |= (times < 0) | (times > _LARGEST)
            if back.any():
                raise self._fail(tags.places[mine][back][0], "expected times from 0 to 2^62 ticks that never run back")
            gaps = np.diff(times // self._frame, prepend=(times[0] if last < 0 else last) // self._frame)
            if (gaps > _LONGEST_GAP).any():
                raise self._fail(
                    tags.places[mine][gaps > _LONGEST_GAP][0],
                    f"more than {_LONGEST_GAP} frames without a detection before this one: the detector or its clock "
                    "stopped, or the tick is wrong",
                )
            last = int(times[-1])
            yield Tags(times, tags.channels[mine], tags.places[mine])

    def _fail(self, place: int, what: str) -> FormatError:
        return FormatError(f"{self._name}: at {self._origin.unit} {place}: {what}")

    def _survey(self) -> None:
        """First pass: how many detections, from when to when, and how close."""
        detections, first, last, least = 0, -1, -1, _LARGEST
        for tags in self._chosen():
            first = int(tags.times[0]) if first < 0 else first
            if detections:
                least = min(least, int(tags.times[0]) - last)
            if len(tags.times) > 1:
                least = min(least, int(np.diff(tags.times).min()))
            detections, last = detections + len(tags.times), int(tags.times[-1])
        self._from, self._to = first // self._frame + 1, last // self._frame
        if detections < 2 or self._to <= self._from:
            raise FormatError(f"{self._name}: expected detections over two whole frames at least, found {detections}")
        self._origin.rewind()
        framing = self._framing
        self.facts = {
            "time_tags": {
                "method": framing.method,
                "frame": framing.frame,
                "bins": framing.bins if framing.method == "arrival" else None,
                "dead_time": framing.dead_time,
                "tick": self.tick,
                "channel": framing.channel,
                "detections": detections,
                "span": (last - first) * self.tick,
                "least_gap": least * self.tick,
                "frames": self._to - self._from,
            }
        }

    def blocks(self, symbols: int) -> Iterator[Block]:
        """As in `Reader`."""
        parts = self._arrivals() if self._framing.method == "arrival" else self._parities()
        for array in blocks_of(parts, symbols):
            yield bits.pack(array, self.bits_per_symbol), len(array)

    def _arrivals(self) -> Iterator[Any]:
        seen, width = self._from - 1, self._frame // self._framing.bins
        for tags in self._chosen():
            frames = tags.times // self._frame
            new = (np.diff(frames, prepend=seen) > 0) & (frames >= self._from) & (frames < self._to)
            seen = max(seen, int(frames[-1]))
            if new.any():
                yield (tags.times[new] % self._frame // width).astype(np.uint32)

    def _parities(self) -> Iterator[Any]:
        at, odd = self._from, False  # the frame that is still open, and the parity of its detections so far
        for tags in self._chosen():
            frames = tags.times // self._frame
            frames = frames[(frames >= self._from) & (frames < self._to)]
            while frames.size:
                inside = frames < at + _WINDOWS
                parity = np.bincount(frames[inside] - at).astype(np.int64) % 2
                parity[0] ^= odd
                frames = frames[~inside]
                yield parity[:-1].astype(np.uint8)
                at, odd = at + len(parity) - 1, bool(parity[-1])
        while at < self._to:
            step = min(self._to - at, _WINDOWS)
            yield np.array([odd] + [0] * (step - 1), np.uint8)
            at, odd = at + step, False


class NpyTags(Npy):
    """A NumPy array of times in ticks: one row, or tags × (time, channel)."""

    unit, tick = "byte", None

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, bits.MAX_WIDTH, None)  # a width is given, so that no pass looks for the widest value
        self._columns = _columns(stream.name, self.lanes)

    def tags(self) -> Iterator[Tags]:
        """As in `Ptu`."""
        rest = np.zeros(0, self._dtype)
        for array, start in self._arrays():
            if array.dtype.kind == "u" and array.dtype.itemsize == 8 and (array > _LARGEST).any():
                raise self._fail("expected a time below 2^62 ticks", start + int((array > _LARGEST).argmax()))
            joined = np.concatenate([rest, array])
            whole = len(joined) // self._columns * self._columns
            rest = joined[whole:]
            if whole:
                row = self._columns * self._dtype.itemsize
                at = self._data + (start - len(joined) + len(array)) * self._dtype.itemsize
                yield _tags(joined[:whole], self._columns, at + row * np.arange(whole // self._columns))

    def rewind(self) -> None:
        """As in `Ptu`."""
        self._rewind()


class TextTags(Csv):
    """Rows of one time in ticks, or of time and channel; comments and separators as in CSV."""

    unit, tick = "line (or after)", None
    digits = 18

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, bits.MAX_WIDTH, None)
        _columns(stream.name, self._columns)

    def tags(self) -> Iterator[Tags]:
        """As in `Ptu`."""
        at = self._line
        for array, _ in self._arrays():
            yield _tags(array, self._columns, np.full(len(array) // self._columns, at))
            at = self._line

    def rewind(self) -> None:
        """As in `Ptu`."""
        self._rewind()


def _columns(name: str, found: int) -> int:
    if found not in (1, 2):
        raise FormatError(f"{name}: expected times, or times and channels, found {found} columns")
    return found


def _tags(numbers: Any, columns: int, places: Ticks) -> Tags:
    rows = numbers.reshape(-1, columns).astype(np.int64)
    return Tags(rows[:, 0], rows[:, 1] if columns == 2 else np.zeros(len(rows), np.int64), places)
