"""Healthy sources and their degradations: bits, bits in 20 lanes, and samples of an 8-bit converter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.health.families import FAMILIES, LANES
from qrng.health.models.features import Shape

Symbols = npt.NDArray[np.uint8]
Make = Callable[[int, int, np.random.Generator], Symbols]


@dataclass(frozen=True)
class World:
    """A healthy source, what its windows are, and its degradations by name; `make(runs, n, rng)` gives rows."""

    name: str
    shape: Shape
    healthy: Make
    families: dict[str, tuple[str, Make]]
    """Name to "yes", "no" (trained on by the supervised kinds), and the maker."""


def _fair(runs: int, n: int, rng: np.random.Generator) -> Symbols:
    return rng.integers(0, 2, (runs, n), dtype=np.uint8)


def _noise(runs: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    return rng.normal(0, 20, (runs, n))


def _converted(v: npt.NDArray[np.float64]) -> Symbols:
    return np.clip(np.round(128 + v), 0, 255).astype(np.uint8)


def _coloured(runs: int, n: int, rng: np.random.Generator) -> Symbols:
    v = _noise(runs, n + 1, rng)
    return _converted((v[:, 1:] + 0.1 * v[:, :-1]) / np.sqrt(1.01))


def _tone(runs: int, n: int, rng: np.random.Generator) -> Symbols:
    return _converted(_noise(runs, n, rng) + 4 * np.sin(2 * np.pi * (np.arange(n) / 37 + rng.random((runs, 1)))))


def _missing_code(runs: int, n: int, rng: np.random.Generator) -> Symbols:
    out = _converted(_noise(runs, n, rng))
    out[out % 8 == 7] -= 1
    return out


_ADC: dict[str, tuple[str, Make]] = {
    "offset 2 of deviation 20": ("yes", lambda r, n, g: _converted(_noise(r, n, g) + 2)),
    "gain .9": ("no", lambda r, n, g: _converted(0.9 * _noise(r, n, g))),
    "saturated at ±40": ("no", lambda r, n, g: _converted(np.clip(_noise(r, n, g), -40, 40))),
    "lowest bit stuck": ("no", lambda r, n, g: _converted(_noise(r, n, g)) // 2 * 2),
    "one code in 8 missing": ("no", _missing_code),
    "neighbours correlated .1": ("yes", _coloured),
    "tone of amplitude 4": ("no", _tone),
}

_SUPERVISED = ("bias", "Markov", "drift")


def _of_lanes(lanes: int) -> dict[str, tuple[str, Make]]:
    return {
        family.name: ("yes" if family.name.startswith(_SUPERVISED) else "no", family.make)
        for family in FAMILIES
        if family.lanes == lanes and family.make is not None
    }


WORLDS = (
    World("bits", Shape(1, 1, 1024), _fair, _of_lanes(1)),
    World(f"bits in {LANES} lanes", Shape(1, LANES, 1020), _fair, _of_lanes(LANES)),
    World("8-bit converter", Shape(8, 1, 1024), lambda r, n, g: _converted(_noise(r, n, g)), _ADC),
)
