"""The health tests in force: ours, one line each, and those that installed packages add.

A package adds one by an entry point in the group `qrng.health`, whose value is a function like `tests` in
rct.py: it takes a Setting and returns the tests to run. One that can't be loaded is an error, never left out.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence

from qrng.errors import HealthFailure
from qrng.health.base import HealthTest, Setting
from qrng.health.edetector import EDetector

__all__ = ["ENTRY_POINTS", "OURS", "Maker", "build"]

OURS = {
    "rct": "qrng.health.rct",
    "apt": "qrng.health.apt",
    "bank": "qrng.health.bank",
    "learned": "qrng.health.learned.bettor",
    "sine": "qrng.health.sine",
    "lfsr": "qrng.health.lfsr",
    "prbs": "qrng.health.prbs",
    "replay": "qrng.health.replay",
    "context": "qrng.health.context",
    "coupling": "qrng.health.coupling",
    "side": "qrng.health.side",
    "histogram": "qrng.health.histogram",
    "converter": "qrng.health.converter",
}
"""Name to the module whose `tests(setting)` makes the test."""

ENTRY_POINTS = "qrng.health"

Maker = Callable[[Setting], list[HealthTest]]
"""Makes fresh tests for a stream; called again at every restart."""


@functools.cache
def _makers() -> dict[str, Maker]:
    from importlib.metadata import entry_points

    ours: dict[str, Maker] = {name: importlib.import_module(module).tests for name, module in OURS.items()}
    return ours | {point.name: point.load() for point in entry_points(group=ENTRY_POINTS)}


def build(setting: Setting, more: Sequence[Maker] = ()) -> list[HealthTest]:
    """Fresh tests for one stream, in the order in which equally early alarms are reported.

    Args:
        setting: what is claimed of the stream.
        more: makers of tests that the caller asks for beside those in force.

    Raises:
        HealthFailure: a test can't be set up. Running without it would be a silent loss of protection.
    """
    try:
        found = [test for make in (*_makers().values(), *more) for test in make(setting)]
    except HealthFailure:
        raise
    except Exception as error:
        raise HealthFailure(f"a health test can't be set up ({error}): repair or uninstall the plug-in") from error
    strange = next((test for test in found if not isinstance(test, HealthTest)), None)
    if strange is not None:
        raise HealthFailure(f"{type(strange).__name__} is no health test: repair or uninstall the plug-in")
    detectors = [test for test in found if isinstance(test, EDetector)]
    for detector in detectors:
        if not 0 < detector.weight <= 1:  # a share that is no number would silence every detector
            raise HealthFailure(
                f"health test {detector.name} asks for a weight of {detector.weight}, and it lies above 0 and at most "
                "at 1: repair or uninstall the plug-in"
            )
    total = sum(detector.weight for detector in detectors)
    for detector in detectors:
        detector.share = detector.weight / total
    return found
