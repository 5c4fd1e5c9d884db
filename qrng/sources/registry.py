"""Sources by name: `open_source("file:capture.bin")`, `open_source("sim:?qubits=8")`.

A spec is `scheme:target?option=value&option=value`. A new source is one file here and one line in _BUILT_IN; packages
of third parties register a function with the signature of `Opener` under the entry point group `qrng.sources`, its name
being the scheme.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qrng.errors import MissingExtraError, ParameterError
from qrng.source import Source
from qrng.sources.options import Options

__all__ = ["GROUP", "Opener", "Scheme", "available", "open_source"]

GROUP = "qrng.sources"

Opener = Callable[[str, Options], Source]
"""Takes what stands between `scheme:` and `?`, and the options; takes every option it knows."""


@dataclass(frozen=True)
class Scheme:
    """What can be opened under one name.

    Attributes:
        name: the scheme.
        example: a spec to start from.
        about: one line for people.
        module: where its function `open_spec` (an Opener) is.
        extra: the extra of this package that it needs, or None.
        imports: the top-level packages behind that extra.
        lacks: says in a few words what else is missing here, beside packages; None if nothing is.
    """

    name: str
    example: str
    about: str
    module: str
    extra: str | None = None
    imports: tuple[str, ...] = ()
    lacks: Callable[[], str | None] = lambda: None

    @property
    def available(self) -> bool:
        """Whether everything that it needs is installed; imports nothing."""
        return all(importlib.util.find_spec(package) is not None for package in self.imports)


def _lacks_account() -> str | None:
    """Whether IBM's client would find an account; where it looks for one, nothing is read."""
    if os.environ.get("QISKIT_IBM_TOKEN") or (Path.home() / ".qiskit" / "qiskit-ibm.json").is_file():
        return None
    return "no account: save one with QiskitRuntimeService.save_account, or set QISKIT_IBM_TOKEN"


_BUILT_IN = (
    Scheme(
        "file", "file:capture.bin?bits_per_symbol=8", "a capture of any layout, each bit used once", "qrng.sources.file"
    ),
    Scheme(
        "device",
        "device:/dev/ttyUSB0?layout=symbols&bits_per_symbol=8",
        "a character device, named pipe or serial port, read as it comes",
        "qrng.sources.device",
    ),
    Scheme(
        "ibm",
        "ibm:ibm_fez?qubits=all&shots=10000",
        "IBM Quantum hardware: jobs are submitted as bits are needed",
        "qrng.sources.ibm.source",
        "ibm",
        ("qiskit_ibm_runtime",),
        _lacks_account,
    ),
    Scheme(
        "aer",
        "aer:fake_torino?qubits=all",
        "a fake backend with its calibrated errors, simulated by Qiskit Aer",
        "qrng.sources.aer",
        "ibm,sim",
        ("qiskit_ibm_runtime", "qiskit_aer"),
    ),
    Scheme(
        "sim", "sim:?qubits=8&bias=0.01", "n-qubit Hadamard device or a protocol, simulated", "qrng.sources.simulator"
    ),
    Scheme("twin", "twin:model.npz?seed=1", "made up by a model of a healthy capture, simulated", "qrng.sources.twin"),
)


def _third_parties() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def available() -> list[dict[str, Any]]:
    """What can be opened here, as JSON-ready rows.

    Keys: scheme, example, about, available (nothing is missing), needs (an extra to install, or None), missing (what
    else is not here, in words, or None).
    """
    rows = []
    for scheme in _BUILT_IN:
        missing = scheme.lacks() if scheme.available else None
        row: dict[str, Any] = {"scheme": scheme.name, "example": scheme.example, "about": scheme.about}
        row["available"] = scheme.available and missing is None
        row["needs"] = None if scheme.available else f"qrng-toolkit[{scheme.extra}]"
        row["missing"] = missing
        rows.append(row)
    taken = {scheme.name for scheme in _BUILT_IN}
    for name, point in sorted(_third_parties().items()):
        if name not in taken:
            about = f"from {point.dist.name if point.dist else point.value}"
            row = {"scheme": name, "example": f"{name}:", "about": about, "available": True}
            rows.append({**row, "needs": None, "missing": None})
    return rows


def open_source(spec: str, **options: Any) -> Source:
    """Open a noise source.

    Args:
        spec: `scheme:target?option=value&…`, as `qrng sources` lists them; "?" and "%" in a target are written
            %3F and %25.
        options: the same options as keywords; one given in both places is an error.

    Raises:
        ParameterError: an unknown scheme (the message lists those that exist) or option, or a bad value.
        SourceError: the source can't be opened.
        MissingExtraError: an optional dependency is not installed.
    """
    name, colon, rest = spec.partition(":")
    target, _, query = rest.partition("?")
    opener = _opener(name) if colon else None
    if opener is None:
        known = ", ".join(f"{row['scheme']}:" for row in available())
        hint = f" (a file is opened as file:{spec})" if Path(spec.partition("?")[0]).exists() else ""
        raise ParameterError(f"no source named {spec!r}: it must start with one of {known}{hint}")
    taken = Options(name, query, options)
    source = opener(unquote(target), taken)
    left = taken.unknown()
    if left:
        source.close()
        raise ParameterError(left)
    return source


def _opener(name: str) -> Opener | None:
    for scheme in _BUILT_IN:
        if scheme.name == name:
            if not scheme.available:
                raise MissingExtraError(f"the source {name}:", str(scheme.extra))
            built_in: Opener = importlib.import_module(scheme.module).open_spec
            return built_in
    point = _third_parties().get(name)
    if point is None:
        return None
    third_party: Opener = point.load()
    return third_party
