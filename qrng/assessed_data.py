"""What `qrng.assess` takes, made into samples that the estimators of SP 800-90B can test."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qrng import bits
from qrng.entropy.sp800_90b.sequence import MAX_BITS
from qrng.errors import ParameterError
from qrng.samples import Samples

if TYPE_CHECKING:
    from qrng.formats import Capture

__all__ = ["ADVISED_SAMPLES", "KEEP", "AssessedData", "load", "reduce", "warnings_of"]

ADVISED_SAMPLES = 1_000_000
"""Section 3.1.1 asks for at least a million samples; fewer widen every confidence bound."""

KEEP = ("high", "low")
_STRETCH = 1 << 22  # symbols unpacked at a time
_HEAD = 4096  # bytes that show whether a file is text
_TEXT = bytes(range(0x20, 0x7F)) + b"\t\r\n"
MAX_WIDTH = 8  # bits: wider symbols are reduced first (section 6.4)


@dataclass(frozen=True)
class AssessedData:
    """Samples of at most 8 bits, with what is known of them.

    Attributes:
        samples: what the estimators see.
        sha256: hash of the file, or of the symbols one a byte; None where neither is known.
        layout: how a file was read, in words; None for data in memory.
        reduced_from: width of the raw symbols if they were reduced to 8 bits, else None.
        kept: which 8 bits were kept, "high" or "low"; None if all were.
        warnings: what a reader of the result must know.
    """

    samples: Samples
    sha256: str | None
    layout: str | None
    reduced_from: int | None
    kept: str | None
    warnings: tuple[str, ...]


def load(
    data: Any,
    *,
    bits_per_symbol: int | None,
    layout: str | None,
    lanes: int | None,
    keep: str | None,
    first: int | None,
) -> AssessedData:
    """Open, read and reduce; the arguments are those of `qrng.assess`."""
    if first is not None and first < 1:
        raise ParameterError(f"the first {first} samples hold nothing to assess")
    found: str | None = None
    doubts: tuple[str, ...] = ()
    if isinstance(data, str | os.PathLike):
        samples, digest, found = _from_file(data, bits_per_symbol, layout, lanes, first)
        if layout is None and samples.provenance["layout"] == "packed-msb" and _is_text(samples):
            doubts = ("every byte is printable text, and was read as eight bits: if these are numbers set the layout",)
    elif layout is not None:
        raise ParameterError("a layout says how to read a file; data in memory are one symbol an entry")
    elif isinstance(data, Samples):
        samples, digest = _from_samples(data, bits_per_symbol, lanes)
    else:
        samples, digest = _from_memory(data, bits_per_symbol, lanes)
    if first is not None and samples.count > first:
        samples, digest = samples.slice(0, first), None
    reduced = reduce(samples, keep)
    wide = samples.bits_per_symbol > MAX_WIDTH
    notes = (*doubts, *warnings_of(reduced))
    if first is not None:
        notes = (f"a preview: only the first {samples.count} samples were asked for", *notes)
    return AssessedData(
        reduced, digest, found, samples.bits_per_symbol if wide else None, keep if wide else None, notes
    )


def reduce(samples: Samples, keep: str | None) -> Samples:
    """Samples of at most 8 bits: of wider ones, the 8 most ("high") or least ("low") significant of each symbol.

    Raises:
        ParameterError: wider symbols, and `keep` doesn't say which bits.
    """
    if keep not in (None, *KEEP):
        raise ParameterError(f"keep says which 8 bits of a wider symbol count, high or low, not {keep!r}")
    width = samples.bits_per_symbol
    if width <= MAX_WIDTH:
        return samples
    if keep is None:
        raise ParameterError(
            f"symbols of {width} bits: SP 800-90B estimators take at most {MAX_WIDTH} (section 6.4); say which "
            "8 bits of each to assess, high or low (keep=…, --keep)"
        )
    symbols = bits.narrow(samples.symbols(), width, high=keep == "high")
    return Samples.from_symbols(
        symbols, MAX_WIDTH, lanes=samples.lanes, first=samples.first, provenance=samples.provenance
    )


def _from_file(
    path: str | os.PathLike[str], bits_per_symbol: int | None, layout: str | None, lanes: int | None, first: int | None
) -> tuple[Samples, str | None, str]:
    from qrng.formats import open_capture

    with open_capture(path, layout=layout, bits_per_symbol=bits_per_symbol, lanes=lanes) as capture:
        samples = Samples.join(_whole(capture)) if first is None else next(capture.chunks(first))
        return samples, capture.sha256, capture.describe()


def _is_text(samples: Samples) -> bool:
    head = bytes(samples.packed[:_HEAD])
    return len(head) >= 4 and not head.translate(None, _TEXT)


def _whole(capture: Capture) -> Iterator[Samples]:
    """All pieces of a capture, as long as one assessment can take them."""
    most = MAX_BITS // min(capture.bits_per_symbol, MAX_WIDTH)
    for piece in capture.chunks():
        if piece.first + piece.count > most:
            raise ParameterError(
                f"{capture.name}: more than {most} symbols of {capture.bits_per_symbol} bits: too many for one "
                "assessment; assess them by segments (--segment N, qrng.assess_segments) or some of them (--first N)"
            )
        yield piece


def _from_samples(data: Samples, bits_per_symbol: int | None, lanes: int | None) -> tuple[Samples, str | None]:
    if bits_per_symbol not in (None, data.bits_per_symbol):
        raise ParameterError(
            f"these samples have {data.bits_per_symbol} bits a symbol, not {bits_per_symbol}: "
            "state the width where they are read"
        )
    digest = data.provenance.get("sha256")
    return (data if lanes is None else replace(data, lanes=lanes)), digest


def _from_memory(data: Any, bits_per_symbol: int | None, lanes: int | None) -> tuple[Samples, str | None]:
    array = data if isinstance(data, np.ndarray) else _as_array(data)
    if array.dtype.kind not in "biu":
        raise ParameterError(f"symbols are integers, one an entry, not {array.dtype}")
    if array.ndim != 1:
        raise ParameterError(f"symbols come in one row, not in {array.ndim} dimensions")
    if array.size and int(array.min()) < 0:
        raise ParameterError("symbols must not be negative")
    width = bits_per_symbol or max(1, int(array.max(initial=0)).bit_length())
    samples = Samples.from_symbols(array, width, lanes=1 if lanes is None else lanes)
    one_a_byte = array.size > 0 and width <= MAX_WIDTH
    return samples, hashlib.sha256(array.astype(np.uint8).tobytes()).hexdigest() if one_a_byte else None


def _as_array(data: Any) -> npt.NDArray[Any]:
    try:
        return np.frombuffer(data, np.uint8)  # bytes, bytearray, memoryview: one symbol a byte
    except (TypeError, BufferError, AttributeError):
        return np.asarray(data)


def warnings_of(samples: Samples) -> tuple[str, ...]:
    """What these samples are that a reader of their assessment must know."""
    found = []
    if samples.provenance.get("simulated"):
        found.append("the samples are simulated: this says nothing of a device")
    if samples.provenance.get("reproducible"):
        found.append("the samples are reproducible: anyone with the seed knows them")
    if samples.count < ADVISED_SAMPLES:
        plural = "s" if samples.count > 1 else ""
        found.append(
            f"{samples.count} sample{plural}: section 3.1.1 asks for {ADVISED_SAMPLES} or more; "
            "fewer give lower estimates and miss slow structure"
        )
    used = 0
    for start in range(0, samples.count, _STRETCH):
        used = max(used, int(samples.symbols(start, start + _STRETCH).max()).bit_length())
        if used == samples.bits_per_symbol:
            break
    if samples.bits_per_symbol > 1 and used < samples.bits_per_symbol:
        found.append(f"symbols of {samples.bits_per_symbol} bits use only the lower {used}")
    return tuple(found)
