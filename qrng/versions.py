"""What ran: for records that somebody replays later."""

from __future__ import annotations

import platform
from importlib.metadata import version

import qrng
from qrng._native import kernel_name

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """The package, its kernel level, Python, the libraries that compute, and the kind of machine."""
    return {
        "qrng": qrng.__version__,
        "kernel": kernel_name(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "machine": platform.machine(),
    }
