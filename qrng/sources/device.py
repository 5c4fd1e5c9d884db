"""`device:PATH`: a character device, serial port or named pipe as a live source, read as it comes."""

from __future__ import annotations

import io
import os
import select
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlencode

from qrng.errors import FormatError, ParameterError, SourceError
from qrng.formats import ADC_TYPES, Capture, open_capture
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.options import Options

__all__ = ["DeviceSource", "open_spec"]

LAYOUTS = ("packed-msb", "packed-lsb", "symbols", "ascii", *ADC_TYPES)
_CHUNK = 4096  # symbols taken from the device at a time


class DeviceSource(Source):
    """A device that gives raw bytes without end.

    Args:
        path: a character device or named pipe.
        layout: packed-msb, packed-lsb, symbols, ascii, or a layout of ADC words.
        bits_per_symbol, lanes: as in `open_capture`.
        timeout: seconds without a byte after which the device counts as failed.

    Raises:
        SourceError: the path is absent, not a device or pipe, can't be opened, or gives nothing.
        ParameterError: a layout that needs an end, or a width out of range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: str = "packed-msb",
        bits_per_symbol: int | None = None,
        lanes: int = 1,
        timeout: float = 10.0,
    ) -> None:
        if layout not in LAYOUTS:
            raise ParameterError(f"device: the layout must be one of {', '.join(LAYOUTS)}, not {layout!r}")
        if layout == "symbols" and bits_per_symbol is None:
            raise ParameterError("device: with layout=symbols the width must be given: bits_per_symbol")
        if not timeout > 0:
            raise ParameterError("device: the timeout must be positive")
        self._path = os.fspath(path)
        self._layout, self._asked, self._timeout = layout, bits_per_symbol, timeout
        self.lanes = lanes
        self._start()
        self.bits_per_symbol = self._capture.bits_per_symbol
        facts = {"layout": layout, "bits_per_symbol": self.bits_per_symbol, "lanes": lanes, "timeout": timeout}
        self.spec = f"device:{quote(self._path, safe='/~ :@,;=+-')}?{urlencode(facts)}"

    def _start(self) -> None:
        self._raw = _Patient(self._path, self._timeout)
        try:
            raw = cast(BinaryIO, self._raw)
            self._capture: Capture = open_capture(raw, self._layout, self._asked, self.lanes, live=True)
        except FormatError:
            self._raw.close()
            raise SourceError(f"{self._path}: the device ended before its first byte") from None
        except BaseException:
            self._raw.close()
            raise
        self._chunks: Iterator[Samples] = self._capture.chunks(_CHUNK)
        self._held: Samples | None = None
        self._given = 0
        self._failed: str | None = None

    def read(self, count: int) -> Samples:
        """As in `Source`; once the device has failed, it stays failed."""
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        if self._failed:
            raise SourceError(self._failed)
        parts: list[Samples] = []
        missing = count
        while missing:
            held = self._held
            if held is None or self._given == held.first + held.count:
                self._held = held = self._next()
            start = self._given - held.first
            parts.append(held.slice(start, start + missing))
            self._given += parts[-1].count
            missing -= parts[-1].count
        return Samples.join(parts)

    def _next(self) -> Samples:
        try:
            chunk = next(self._chunks, None)
            if chunk is not None and chunk.count == _CHUNK:
                return chunk
            self._failed = f"{self._path}: the device ended"
        except SourceError as error:
            self._failed = str(error)
        except OSError as error:
            self._failed = f"{self._path}: {error.strerror or error}"
        except FormatError as error:
            self._failed = str(error)
        raise SourceError(self._failed)

    def provenance(self) -> dict[str, Any]:
        """As in `Source`."""
        return {
            "source": "device",
            "device": self._path,
            "layout": self._capture.describe(),
            "simulated": False,
            "reproducible": False,
            "true_shot_order": True,
        }

    def reopen(self) -> None:
        """As in `Source`: what was read ahead is dropped, and the device opened anew."""
        self.close()
        self._start()

    def close(self) -> None:
        """As in `Source`."""
        self._raw.close()
        if self._held is not None:
            self._held.wipe()
        self._held = None
        self._failed = f"{self.spec}: is closed"


class _Patient(io.RawIOBase):
    """A device opened without waiting for its other end; a read waits for bytes, but not for ever."""

    def __init__(self, path: str, timeout: float) -> None:
        self.name = path
        self._timeout = timeout
        try:
            mode = Path(path).stat().st_mode
            if not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
                raise SourceError(f"{path}: is not a device or named pipe; open a file as file:{path}")
            self._handle: int | None = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror or error}") from None

    def readable(self) -> bool:
        return True

    def read(self, n: int = -1) -> bytes:
        if self._handle is None:
            return b""
        ready, _, _ = select.select([self._handle], [], [], self._timeout)
        if not ready:
            raise SourceError(f"{self.name}: no byte came for {self._timeout:g} s")
        return os.read(self._handle, n)

    def close(self) -> None:
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            os.close(handle)
        super().close()


def open_spec(target: str, options: Options) -> DeviceSource:
    """Open `device:PATH?layout=…&bits_per_symbol=…&lanes=…&timeout=…`."""
    if not target:
        raise ParameterError("device: needs a path, as in device:/dev/ttyUSB0")
    lanes = options.integer("lanes", 1)
    return DeviceSource(
        target,
        options.text("layout", "packed-msb") or "",
        options.integer("bits_per_symbol"),
        1 if lanes is None else lanes,
        options.number("timeout", 10.0),
    )
