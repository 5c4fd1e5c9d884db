"""The generator behind `qrng.random_bytes`: QRNG_SOURCE, else the configuration file, else the simulator."""

from __future__ import annotations

import os
import threading
import tomllib
from pathlib import Path
from typing import Any

from qrng.errors import ParameterError, SourceError
from qrng.rbg import RandomBitGenerator
from qrng.source import Source
from qrng.sources import open_source

__all__ = ["configured_source", "random_bytes", "readinto", "reset"]

_lock = threading.RLock()  # a signal handler gets the generator's ReentryError, not a deadlock
_generator: RandomBitGenerator | None = None


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # the old one may be held by a thread that this process doesn't have


os.register_at_fork(after_in_child=_after_fork_in_child)


def _config_file() -> Path | None:
    base = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(base) if base else Path.home() / ".config") / "qrng" / "config.toml"
    except RuntimeError:  # no home folder
        return None


def configured_source() -> tuple[str, float | None]:
    """The default source's spec and claim: from QRNG_SOURCE, else from ~/.config/qrng/config.toml, else "sim:".

    The file has two keys: `source` (a spec as for `qrng.open_source`) and, for a source that can't compute its own,
    `claim` (bits of min-entropy a symbol that you vouch for).

    Raises:
        ParameterError: the file exists but can't be used; a broken configuration is never passed over.
    """
    spec = os.environ.get("QRNG_SOURCE")
    if spec:
        return spec, None
    path = _config_file()
    try:
        text = path.read_text(encoding="utf-8") if path else None
    except (FileNotFoundError, NotADirectoryError):  # a daemon's home is often /nonexistent or /dev/null
        text = None
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path}: can't be read: {error}") from None
    if text is None:
        return "sim:", None
    try:
        config = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path}: {error}") from None
    unknown = set(config) - {"source", "claim"}
    if unknown:
        raise ParameterError(f"{path}: unknown key {sorted(unknown)[0]!r}; there are source and claim")
    source, claim = config.get("source", "sim:"), config.get("claim")
    if not isinstance(source, str) or not (claim is None or type(claim) in (int, float)):
        raise ParameterError(f"{path}: source must be a string and claim a number")
    return source, None if claim is None else float(claim)


def random_bytes(n: int) -> bytes:
    """`n` random bytes from the default generator, opened at the first call.

    The source is QRNG_SOURCE, else the one in ~/.config/qrng/config.toml, else the built-in simulator with one
    warning a process. Output is XORed with operating-system bytes. Once the generator has stopped (an alarm, a
    failed source), every call raises until `reset()`.

    Raises: as `RandomBitGenerator` and its `readinto`.
    """
    with _lock:
        return _opened().random_bytes(n)


def readinto(buffer: Any) -> int:
    """Fill a writable buffer from the default generator; returns the number of bytes. On any error it is wiped.

    Raises: as `random_bytes`.
    """
    with _lock:
        return _opened().readinto(buffer)


def _opened() -> RandomBitGenerator:
    """The default generator, opened if it isn't; the lock is held."""
    global _generator
    if _generator is None:
        spec, claim = configured_source()
        source = open_source(spec)
        try:
            _generator = _generator_on(source, claim)
        except BaseException:
            source.close()
            raise
    return _generator


def _generator_on(source: Source, claim: float | None) -> RandomBitGenerator:
    if source.finite and not source.reproducible:
        raise SourceError(
            f"{source.spec}: a file is no endless source: each raw bit is used once. To use it as the default all the "
            "same, with output that can come again, add replay=true to its options"
        )
    return RandomBitGenerator(source, claim=claim, allow_reproducible=source.finite)


def reset() -> None:
    """Close the default generator; the next call opens a new one, start-up tests and all."""
    global _generator
    with _lock:
        if _generator is not None:
            _generator.close()
            _generator = None
