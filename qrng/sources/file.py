"""`file:PATH`: a capture as a noise source. Each raw bit is given out once; the end is an error and nothing wraps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy.typing as npt

from qrng.errors import FormatError, ParameterError, SourceError, SourceExhausted
from qrng.formats import Capture, Framing, open_capture
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.options import Options

__all__ = ["FileSource", "open_spec"]


class FileSource(Source):
    """A capture of any layout that `qrng.formats` knows, read in order.

    Args:
        path: the file, "-" for standard input.
        layout, bits_per_symbol, lanes, dataset: as in `open_capture`.
        tags: how time tags are cut into symbols, as in `open_capture`.
        replay: say that the capture may be used although the same bits can be read again; marks it reproducible.

    Raises:
        SourceError: the file is absent, a directory, unreadable, empty or of no known layout.
        ParameterError: as in `open_capture`.
    """

    finite = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: str | None = None,
        bits_per_symbol: int | None = None,
        lanes: int | None = None,
        replay: bool = False,
        dataset: str | None = None,
        tags: Framing | None = None,
    ) -> None:
        self._path = os.fspath(path)
        self._options: dict[str, Any] = {
            "layout": layout,
            "bits_per_symbol": bits_per_symbol,
            "lanes": lanes,
            "dataset": dataset,
            "tags": tags,
        }
        given = {name: value for name, value in self._options.items() if value is not None}
        if tags is not None:
            framing = asdict(tags)
            given |= {"tags": framing.pop("method"), **{k: v for k, v in framing.items() if v is not None}}
        if replay:
            given["replay"] = "true"
        self.spec = f"file:{quote(self._path, safe='/~ :@,;=+-')}" + (f"?{urlencode(given)}" if given else "")
        self._capture = self._open()
        self._chunks = self._capture.chunks()
        self._held: Samples | None = None
        self._given = 0
        self._broken: str | None = None
        self.bits_per_symbol = self._capture.bits_per_symbol
        self.lanes = self._capture.lanes
        self.reproducible = replay
        self._recorded = self._capture.provenance.get("recorded", {})
        self._tags = self._capture.provenance.get("time_tags")
        self.simulated = self._recorded.get("simulated") is True

    def _open(self) -> Capture:
        try:
            return open_capture(self._path, **self._options)
        except ParameterError:
            raise
        except (OSError, FormatError) as error:
            raise self._error(error) from None

    def _error(self, error: Exception) -> SourceError:
        if isinstance(error, OSError):
            return SourceError(f"{self._path}: {error.strerror or error}")
        return SourceError(str(error))

    @property
    def layout(self) -> str:
        """One line on the capture's layout, for people."""
        return self._capture.describe()

    def read(self, count: int) -> Samples:
        """As in `Source`. A capture that turns out damaged raises SourceError, then and at every later call."""
        if count < 1:
            raise ParameterError(f"at least one symbol is read, not {count}")
        if self._broken:
            raise SourceError(self._broken)
        parts: list[Samples] = []
        missing = count
        while missing and (held := self._more()):
            start = self._given - held.first
            part = held.slice(start, start + missing)
            parts.append(part)
            self._given += part.count
            missing -= part.count
        if not parts:
            raise SourceExhausted(
                f"{self.spec}: the capture has ended after {self._given} symbols; each raw bit is used once"
            )
        return Samples.join(parts)

    def _more(self) -> Samples | None:
        held = self._held
        if held is None or self._given == held.first + held.count:
            try:
                self._held = held = next(self._chunks, None)
            except (OSError, FormatError) as error:
                failure = self._error(error)
                self._broken = str(failure)
                raise failure from None
        return held

    def whole(self) -> Iterator[Samples] | None:
        """As in `Source`: a second, independent reading of a regular file."""
        return self._pass() if self._path != "-" and Path(self._path).is_file() else None

    def _pass(self) -> Iterator[Samples]:
        with self._open() as capture:
            try:
                yield from capture.chunks()
            except (OSError, FormatError) as error:
                raise self._error(error) from None

    def recording(self) -> Samples | None:
        """As in `Source`."""
        if self.whole() is None:
            return None
        with self._open() as capture:
            try:
                return capture.read_all()
            except (OSError, FormatError) as error:
                raise self._error(error) from None

    @property
    def side_data(self) -> Mapping[str, npt.NDArray[Any]]:
        """As in `Source`."""
        return self._capture.side_data

    def provenance(self) -> dict[str, Any]:
        """As in `Source`; the hash is known once the capture has been read to its end."""
        return {
            "source": "file",
            "file": self._path,
            "layout": self._capture.describe(),
            "sha256": self._capture.sha256,
            "simulated": self.simulated,
            "reproducible": self.reproducible,
            "true_shot_order": self._recorded.get("true_shot_order"),
            "recorded": self._recorded,
            **({"time_tags": self._tags} if self._tags else {}),
        }

    def close(self) -> None:
        """As in `Source`."""
        self._capture.close()
        if self._held is not None:
            self._held.wipe()
        self._held = None
        self._broken = f"{self.spec}: is closed"


def open_spec(target: str, options: Options) -> FileSource:
    """Open `file:PATH?layout=…&bits_per_symbol=…&lanes=…&replay=…&dataset=…`.

    Time tags: `&tags=arrival|parity&frame=SECONDS&bins=N&dead_time=SECONDS&tick=SECONDS&channel=K` (see `Framing`).
    """
    if not target:
        raise ParameterError("file: needs a path, as in file:capture.bin")
    return FileSource(
        target,
        options.text("layout"),
        options.integer("bits_per_symbol"),
        options.integer("lanes"),
        options.flag("replay"),
        options.text("dataset"),
        _framing(options),
    )


def _framing(options: Options) -> Framing | None:
    method = options.text("tags")
    if method is None:
        return None
    tick = options.number("tick", 0.0)
    return Framing(
        method,
        options.number("frame", 0.0),
        options.integer("bins", 256) or 0,
        options.number("dead_time", 0.0),
        tick or None,
        options.integer("channel"),
    )
