"""Side data: does anything recorded beside the bits foretell them? A test of conditional min-entropy.

Temperature, time since the last event, detector, neighbouring qubit: what an adversary may know too. The named
columns, the bit before, the lane's last bit and all pairwise products are weighed by a predictor that learns
online (csrc/health/side.c), and its belief is staked against the claim that no bit has a probability above 2⁻ᴴ
given *everything* before it, side data included. It is a side-channel test: evidence means that the claim doesn't
hold against somebody who has these data.

What determines the bit (its own analogue value, its IQ point) is no side data; columns so named are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng._native import check, ffi, lib, readable
from qrng.errors import ParameterError
from qrng.health.bank import guess
from qrng.health.base import HealthTest, Piece, Setting
from qrng.health.edetector import EDetector
from qrng.samples import Samples

__all__ = ["SideDataTest", "checked_names", "columns", "piece_of", "tests"]

DETERMINING = frozenset(
    {
        "adc",
        "amplitude",
        "bit",
        "bits",
        "i",
        "iq",
        "level",
        "outcome",
        "outcomes",
        "q",
        "quadrature",
        "raw",
        "symbol",
        "symbols",
        "value",
        "values",
        "voltage",
    }
)
"""Words in a column's name that say it is the bit itself, or the measured value that it was made from."""


def checked_names(names: Sequence[str], bits_per_symbol: int) -> tuple[str, ...]:
    """The columns to be used.

    Raises:
        ParameterError: a name says that the column determines the bit, comes twice, or there are too many; or the
            symbols are wider than a bit.
    """
    found = tuple(names)
    for name in found:
        if DETERMINING & set(re.split(r"[^a-z]+", name.lower())):
            raise ParameterError(
                f"side data {name!r} is by its name what the bit is made from, which foretells every bit of any "
                "source: rename it if it is something else"
            )
    if len(set(found)) < len(found) or len(found) > lib.QRNG_SIDE_MOST:
        raise ParameterError(f"side data are at most {lib.QRNG_SIDE_MOST} different columns, not {len(found)} names")
    if found and bits_per_symbol != 1:
        raise ParameterError(f"side data are weighed for one-bit symbols, not for {bits_per_symbol} bits")
    return found


def columns(samples: Samples, names: tuple[str, ...], start: int, stop: int) -> npt.NDArray[np.float64]:
    """The named side data of symbols `start` to `stop`: float64 array of a row a symbol.

    An array with an entry a symbol is taken as it is, one with an entry a shot (a row of all lanes) is repeated.

    Raises:
        ParameterError: a column is missing, or has neither length.
    """
    out = np.empty((stop - start, len(names)))
    for k, name in enumerate(names):
        array = samples.side_data.get(name)
        if array is None:
            there = ", ".join(sorted(samples.side_data)) or "none"
            raise ParameterError(f"the samples carry no side data {name!r}; there are: {there}")
        column = samples.by_symbol(array, start, stop)
        if column is None:
            raise ParameterError(
                f"side data {name!r} have {len(array)} entries, and there are {samples.count} symbols in "
                f"{samples.lanes} lanes: one a symbol or one a shot is needed"
            )
        out[:, k] = column
    return out


def piece_of(setting: Setting, samples: Samples, start: int, stop: int) -> Piece:
    """Symbols `start` to `stop` in the forms that the tests of this setting read; ParameterError as `columns`."""
    stop = min(stop, samples.count)
    side = columns(samples, setting.side_data, start, stop) if setting.side_data else None
    return Piece(samples, start, stop, side)


class SideDataTest(EDetector):
    """Over the whole stream of one-bit symbols; alarms at any bit."""

    name = "side"

    def __init__(self, setting: Setting) -> None:
        """`setting` is of one-bit symbols and names side data."""
        super().__init__(setting, int(lib.qrng_side_state_bytes(setting.lanes)))
        own = ("the lane's last bit",) if setting.lanes > 1 else ("the last bit but one",)
        self._terms = ("the bit before", *own, *setting.side_data)
        check(
            lib.qrng_side_init(self._state, setting.lanes, len(setting.side_data), guess(setting)),
            f"no test of side data for {setting.lanes} lanes at a claim of {float(setting.claim_bits)} bits",
        )

    def scan(self, piece: Piece, threshold: float) -> int:
        """See EDetector."""
        rows = ffi.from_buffer("double[]", piece.side)
        return int(lib.qrng_side_scan(self._state, readable(piece.symbols), rows, len(piece), threshold))

    def leader(self) -> Any:
        """See EDetector."""
        found = ffi.new("qrng_evidence *")
        lib.qrng_side_leader(self._state, found)
        return found

    def check_state(self, state: Any, size: int) -> int:
        """See EDetector."""
        return int(lib.qrng_side_check(state, size))

    def detail(self, found: Any) -> str:
        """See EDetector."""
        pairs = (f"{a} times {b}" for a, b in combinations(self._terms, 2))
        return f"foretold by {('a constant', *self._terms, *pairs)[found.feature]}"

    def describe(self) -> dict[str, Any]:
        """See HealthTest."""
        return super().describe() | {"side_data": list(self._terms[2:])}


def tests(setting: Setting) -> list[HealthTest]:
    """Where the setting names side data, the stream; else nothing."""
    return [SideDataTest(setting)] if setting.side_data else []
