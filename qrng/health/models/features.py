"""Windows of symbols as eight numbers each: what most of the models look at.

For bits, sums whose variance is 1 for a fair source: the bias, lags 1, 2, 3 and `far` (the number of lanes, or 8),
the parity with lags 1 and 2, and how far sums over 16 bits and over an eighth of the window spread beyond chance.
With several lanes the spread of the lanes' sums takes the place of lag 3. For wider symbols the mean, the logarithm
of the spread, correlations at lag 1 and at the number of lanes, the lowest bit, the share at either end of the
range, repeats, and the spread of sums over 16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError

__all__ = ["FEATURES", "LEAST_SYMBOLS", "Shape", "features"]

FEATURES = 8
LEAST_SYMBOLS = 128
"""Symbols of a window, at least."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """What a model was fitted to: width of a symbol, lanes, and symbols of a window (whole shots)."""

    bits_per_symbol: int
    lanes: int
    window: int

    def __post_init__(self) -> None:
        """Check that windows hold whole shots, several of them."""
        if self.window < max(LEAST_SYMBOLS, 4 * self.lanes) or self.window % self.lanes:
            raise ParameterError(
                f"a window takes {LEAST_SYMBOLS} symbols or more, a multiple of the {self.lanes} lanes, at least "
                f"four of each, not {self.window}"
            )


def _spread(x: Floats, block: int) -> Floats:
    """Squares of the sums over blocks beyond what unit variance and independence give, in standard deviations."""
    blocks = x.shape[1] // block
    sums = x[:, : blocks * block].reshape(len(x), blocks, block).sum(axis=2)
    return np.asarray(((sums**2).sum(axis=1) / block - blocks) / np.sqrt(2 * blocks), np.float64)


def _product(x: Floats, *lags: int) -> Floats:
    """Sum of the products of each symbol with those at the lags before it, in standard deviations."""
    far = max(lags)
    out = x[:, far:].copy()
    for lag in lags:
        out *= x[:, far - lag : x.shape[1] - lag]
    return np.asarray(out.sum(axis=1) / np.sqrt(out.shape[1]), np.float64)


def _lanes(x: Floats, lanes: int) -> Floats:
    sums = x.reshape(len(x), -1, lanes).sum(axis=1)
    return np.asarray(((sums**2).sum(axis=1) * lanes / x.shape[1] - lanes) / np.sqrt(2 * lanes), np.float64)


def features(windows: npt.NDArray[Any], shape: Shape) -> Floats:
    """Features (windows, FEATURES) of windows (windows, shape.window) of symbols."""
    lanes = shape.lanes
    if shape.bits_per_symbol == 1:
        x = 2.0 * windows - 1
        columns = [
            x.sum(axis=1) / np.sqrt(shape.window),
            _product(x, 1),
            _product(x, 2),
            _product(x, lanes if lanes > 1 else 8),
            _product(x, 1, 2),
            _spread(x, 16),
            _spread(x, shape.window // 8),
            _lanes(x, lanes) if lanes > 1 else _product(x, 3),
        ]
    else:
        top = 2.0**shape.bits_per_symbol - 1
        v = windows.astype(np.float64)
        mean, deviation = v.mean(axis=1), v.std(axis=1)
        x = (v - mean[:, None]) / np.maximum(deviation, 1e-12)[:, None]
        root = np.sqrt(shape.window)
        columns = [
            mean / top,
            np.log(deviation / top + 1e-9),
            _product(x, 1),
            _product(x, lanes if lanes > 1 else 2),
            (2.0 * (windows % 2) - 1).sum(axis=1) / root,
            ((windows == 0) | (windows == top)).sum(axis=1) / root,
            (windows[:, 1:] == windows[:, :-1]).sum(axis=1) / root,
            _spread(x, 16),
        ]
    return np.stack(columns, axis=1)
