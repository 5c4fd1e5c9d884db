"""Fits a model to a healthy capture: a third to fit, a third to calibrate, a third to check the null hypothesis on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng._native import wipe
from qrng.errors import EntropyError
from qrng.formats import Capture
from qrng.health.base import Setting
from qrng.health.models import artefact
from qrng.health.models.features import LEAST_SYMBOLS, Shape
from qrng.health.models.model import Model
from qrng.health.score import Calibration, ScoreTest
from qrng.training.models import DEGRADED, LEAST_WINDOWS, fit

__all__ = ["MOST_WINDOWS", "Null", "adapt", "check_null", "default_window"]

MOST_WINDOWS = 6000
"""Windows taken from the start of a capture, at most: what follows is read for its hash alone."""
_NULL_BITS = 10
"""The check refuses evidence above 2^10 times the symbols checked, which chance brings once in 2^10 captures."""


def default_window(lanes: int) -> int:
    """About 1024 symbols: whole shots, 16 of them or more."""
    return lanes * -(-max(1024, 16 * lanes) // lanes)


@dataclass(frozen=True)
class Null:
    """What the bets won on the windows of the check.

    Attributes:
        windows: that were bet on.
        mean: payoff of a window, averaged over windows and bets; at most 1 if the assumption holds.
        error: its standard error.
        log2_evidence: log2 of the greatest value that the detector reached.
        limit: log2 of the value from which the check fails.
    """

    windows: int
    mean: float
    error: float
    log2_evidence: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the windows look exchangeable with those of the calibration, as far as this model sees."""
        return self.log2_evidence < self.limit


def check_null(model: Model, calibration: Calibration, windows: npt.NDArray[Any]) -> Null:
    """Bet on healthy windows that neither fit nor calibration has seen, as `qrng health` would."""
    shape = model.shape
    setting = Setting.of(shape.bits_per_symbol, shape.lanes, shape.bits_per_symbol)
    test = ScoreTest(setting, model.kind, model, calibration)
    payoffs, values, most = [], np.zeros(0), 0.0
    for window in windows:
        won = 2.0 ** test.won(window)
        values = won * ((values if len(values) else np.zeros(len(won))) + shape.window)
        payoffs.append(won.mean())
        most = max(most, float(values.mean()))
    return Null(
        len(windows),
        float(np.mean(payoffs)),
        float(np.std(payoffs) / math.sqrt(len(payoffs))),
        math.log2(most),
        math.log2(windows.size) + _NULL_BITS,
    )


def adapt(
    capture: Capture,
    path: Path,
    kind: str,
    window: int | None = None,
    seed: int = 1,
    advance: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Fit a model of `kind` to a capture of the healthy source, check it, and write it; returns its manifest.

    Args:
        capture: of the source to be watched, healthy, in its true order, at least 150 windows.
        path: file of the model; its manifest ends in .json instead.
        kind: one of `qrng.health.models.model.KINDS`.
        window: symbols of a window, a multiple of the lanes; None for `default_window`.
        seed: of every random choice.
        advance: told the symbols read.

    Raises:
        EntropyError: the capture is too short, or its last third is not what its middle third was: it drifts, or
            something happened to it. Nothing is written.
        ParameterError: an unknown kind, or a window that does not fit the lanes.
    """
    shape = Shape(capture.bits_per_symbol, capture.lanes, default_window(capture.lanes) if window is None else window)
    windows = _windows(capture, shape, advance)
    try:
        third = len(windows) // 3
        if third < LEAST_WINDOWS:
            raise EntropyError(
                f"{capture.name}: {len(windows)} windows of {shape.window} symbols are too few to fit, calibrate and "
                f"check a model; it takes {3 * LEAST_WINDOWS}. Give a longer capture, or windows down to "
                f"{LEAST_SYMBOLS} symbols"
            )
        model = fit(kind, shape, windows[:third], seed)
        calibration = Calibration.of(model, windows[third : 2 * third])
        null = check_null(model, calibration, windows[2 * third :])
    finally:
        wipe(windows)
    if not null.passed:
        raise EntropyError(
            f"{capture.name}: its last third is not what its middle third was (evidence 2^{null.log2_evidence:.0f}, "
            f"limit 2^{null.limit:.0f}): a source that drifts, or no healthy capture. No model was written"
        )
    return artefact.save(
        path,
        model,
        calibration,
        {
            "seed": seed,
            "families": list(DEGRADED) if kind in ("network", "variational") else [],
            "parameters": model.size,
            "capture": {"sha256": capture.sha256, "samples": capture.count},
            "windows": {"fit": third, "calibration": third, "check": null.windows},
            "assumes": calibration.assumes,
            "null_mean_payoff": null.mean,
            "null_mean_payoff_standard_error": null.error,
            "null_log2_evidence": null.log2_evidence,
            "null_log2_limit": null.limit,
        },
    )


def _windows(capture: Capture, shape: Shape, advance: Callable[[int], None]) -> npt.NDArray[Any]:
    """Whole windows from the start of the capture, MOST_WINDOWS at most."""
    held: list[npt.NDArray[Any]] = []
    missing = MOST_WINDOWS * shape.window
    for chunk in capture.chunks():
        if missing:
            part = chunk.symbols(0, missing)
            held.append(part)
            missing -= len(part)
        advance(chunk.count)
    whole = np.concatenate(held)
    for part in held:
        wipe(part)
    return whole[: len(whole) // shape.window * shape.window].reshape(-1, shape.window)
