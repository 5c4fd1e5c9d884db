"""Randomness extractors: from raw bits of bounded min-entropy to nearly uniform ones.

    >>> from qrng.extractors import Toeplitz
    >>> ext = Toeplitz.plan(1000, min_entropy=800, log2_error=-64)
    >>> ext.m
    674

One file an extractor; `params` holds the arithmetic of lengths and errors, `seeds` the seeds. A package adds its own
extractor by an entry point of the group `qrng.extractors`, whose name is the extractor's and whose object is its class.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from qrng.errors import ParameterError

if TYPE_CHECKING:
    from qrng.extractors.circulant import Circulant, Dodis
    from qrng.extractors.raz import Raz
    from qrng.extractors.seedless import Elias, Peres, VonNeumann
    from qrng.extractors.toeplitz import ModifiedToeplitz, Toeplitz
    from qrng.extractors.trevisan import Trevisan

_BUILT_IN = {
    "toeplitz": ("Toeplitz", "qrng.extractors.toeplitz"),
    "modified-toeplitz": ("ModifiedToeplitz", "qrng.extractors.toeplitz"),
    "circulant": ("Circulant", "qrng.extractors.circulant"),
    "dodis": ("Dodis", "qrng.extractors.circulant"),
    "raz": ("Raz", "qrng.extractors.raz"),
    "trevisan": ("Trevisan", "qrng.extractors.trevisan"),
    "von-neumann": ("VonNeumann", "qrng.extractors.seedless"),
    "elias": ("Elias", "qrng.extractors.seedless"),
    "peres": ("Peres", "qrng.extractors.seedless"),
}
"""Name to class and its module; one line an extractor."""

_HOME = dict(_BUILT_IN.values())

__all__ = [
    "Circulant",
    "Dodis",
    "Elias",
    "ModifiedToeplitz",
    "Peres",
    "Raz",
    "Toeplitz",
    "Trevisan",
    "VonNeumann",
    "extractor_class",
    "extractor_names",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'qrng.extractors' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])


def extractor_names() -> list[str]:
    """Names that `extractor_class` knows: built in, then registered by other packages."""
    registered = {entry.name for entry in entry_points(group="qrng.extractors")}
    return [*_BUILT_IN, *sorted(registered - set(_BUILT_IN))]


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def extractor_class(name: str) -> Any:
    """The class of an extractor by name; case and the form of the class name ("Toeplitz") don't matter.

    Raises:
        ParameterError: no extractor has this name; the message lists those there are.
    """
    wanted = _plain(name)
    for built_in, (cls, _) in _BUILT_IN.items():
        if wanted == _plain(built_in):
            return __getattr__(cls)
    for entry in entry_points(group="qrng.extractors"):
        if wanted == _plain(entry.name):
            return entry.load()
    raise ParameterError(f"no extractor named {name!r}: choose one of {', '.join(extractor_names())}")
