"""The C core: the only importer of the extension module, and the one place that chooses its kernels.

`QRNG_KERNEL` names the level to use (portable, avx2, avx512, neon); unset or "auto" takes the best that
this processor runs. An unknown or unsupported name is an error at import: a forced kernel is never replaced.
"""

from __future__ import annotations

import os
from typing import Any

from qrng._core import ffi, lib
from qrng.errors import ParameterError

__all__ = ["check", "ffi", "force_kernel", "kernel_levels", "kernel_name", "lib", "readable", "wipe", "writable"]


def readable(buffer: Any) -> Any:
    """C pointer (uint8_t *) to any C-contiguous buffer, for reading."""
    return ffi.from_buffer("uint8_t[]", buffer)


def writable(buffer: Any) -> Any:
    """C pointer (uint8_t *) to any C-contiguous writable buffer; BufferError or TypeError if it is read-only."""
    return ffi.from_buffer("uint8_t[]", buffer, require_writable=True)


def check(status: int, what: str) -> None:
    """Raise ParameterError, saying `what`, for a negative status of the C core."""
    if status != lib.QRNG_OK:
        raise ParameterError(what)


def wipe(buffer: Any) -> None:
    """Overwrite a writable buffer with zeros in a way that the compiler keeps."""
    pointer = writable(buffer)
    lib.qrng_wipe(pointer, len(pointer))


def kernel_name() -> str:
    """Name of the kernel level in force."""
    name: bytes = ffi.string(lib.qrng_kernel_name())
    return name.decode()


def kernel_levels() -> dict[str, bool]:
    """Kernel levels built in, lowest first, and whether this processor runs them."""
    levels: dict[str, bool] = {}
    supported = ffi.new("int *")
    while (name := lib.qrng_kernel_level(len(levels), supported)) != ffi.NULL:
        levels[ffi.string(name).decode()] = bool(supported[0])
    return levels


def force_kernel(name: str) -> None:
    """Use one kernel level for everything from now on ("auto" for the best); ParameterError if it can't run here."""
    status = lib.qrng_kernel_select(name.encode())
    if status == lib.QRNG_EUNKNOWN:
        raise ParameterError(f"no kernel named {name!r}: choose one of auto, {', '.join(kernel_levels())}")
    if status == lib.QRNG_ENOTSUP:
        runs = ", ".join(level for level, here in kernel_levels().items() if here)
        raise ParameterError(f"this processor can't run the {name!r} kernel; it runs {runs}")


force_kernel(os.environ.get("QRNG_KERNEL") or "auto")
