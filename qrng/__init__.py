"""Quantum random numbers with evidence: sources, min-entropy estimation, health tests, extraction, delivery.

    >>> import qrng
    >>> key = qrng.random_bytes(32)                       # the configured source; the simulator if none is

Names are loaded when first used, so that `import qrng` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "EntropyClaim": "qrng.claim",
    "Samples": "qrng.samples",
}

__all__ = ["EntropyClaim", "Samples", "__version__"]

if TYPE_CHECKING:
    from qrng.claim import EntropyClaim
    from qrng.samples import Samples


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qrng' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
