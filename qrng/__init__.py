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
    "Assessment": "qrng.assessment",
    "EntropyClaim": "qrng.claim",
    "Generator": "qrng.npgenerator",
    "QuantumRandom": "qrng.pyrandom",
    "RandomBitGenerator": "qrng.rbg",
    "RandomStream": "qrng.streams",
    "Samples": "qrng.samples",
    "SeedSequence": "qrng.npgenerator",
    "SimulatedSourceWarning": "qrng.admission",
    "Source": "qrng.source",
    "assess": "qrng.assessment",
    "assess_segments": "qrng.segments",
    "open_source": "qrng.sources",
    "random_bytes": "qrng.default",
    "reset": "qrng.default",
}
_PACKAGES = ("entropy", "errors", "extractors", "faults", "gf2", "health", "secrets", "sources", "streams")

__all__ = [
    "Assessment",
    "EntropyClaim",
    "Generator",
    "QuantumRandom",
    "RandomBitGenerator",
    "RandomStream",
    "Samples",
    "SeedSequence",
    "SimulatedSourceWarning",
    "Source",
    "__version__",
    "assess",
    "assess_segments",
    "entropy",
    "errors",
    "extractors",
    "faults",
    "gf2",
    "health",
    "open_source",
    "random_bytes",
    "reset",
    "secrets",
    "sources",
    "streams",
]

if TYPE_CHECKING:
    from qrng import entropy, errors, extractors, faults, health, secrets, sources, streams
    from qrng.admission import SimulatedSourceWarning
    from qrng.assessment import Assessment, assess
    from qrng.claim import EntropyClaim
    from qrng.default import random_bytes, reset
    from qrng.npgenerator import Generator, SeedSequence
    from qrng.pyrandom import QuantumRandom
    from qrng.rbg import RandomBitGenerator
    from qrng.samples import Samples
    from qrng.segments import assess_segments
    from qrng.source import Source
    from qrng.sources import open_source
    from qrng.streams import RandomStream


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"qrng.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'qrng' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
