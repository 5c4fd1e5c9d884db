"""Others' libraries, found by environment variables that name a built shared library.

QRNG_PEER_GF2X: libgf2x.so of gf2x, built for this machine (./configure CFLAGS="-O3 -march=native").
QRNG_PEER_BITPOLYMUL2: a library of all C files of bitpolymul2 but its test
(cc -O3 -funroll-loops -march=native -std=gnu99 -fPIC -shared).
"""

from __future__ import annotations

import os

from cffi import FFI

from qrng._native import ffi as ours_ffi
from qrng._native import lib

ffi = FFI()
ffi.cdef(
    "int gf2x_mul(uint64_t *, const uint64_t *, unsigned long, const uint64_t *, unsigned long);"
    "void bitpolymul_2_64(uint64_t *, const uint64_t *, const uint64_t *, unsigned);"
    "typedef int (*five)(uint64_t *, const uint64_t *, size_t, const uint64_t *, size_t);"
    "typedef int (*product)(uint64_t *, const uint64_t *, size_t, const uint64_t *, size_t, void *, size_t);"
)


def ours():
    """Our product, called in the same way as the peers, so that calls weigh the same."""
    address = ours_ffi.cast("uintptr_t", ours_ffi.addressof(lib, "qrng_gf2_multiply"))
    return ffi.cast("product", int(address))


def empty_calls():
    """Calls with as many arguments as ours and as gf2x's have, that come back at once: what calling costs."""
    address = int(ours_ffi.cast("uintptr_t", ours_ffi.addressof(lib, "qrng_gf2_multiply")))
    null, five = ffi.NULL, ffi.cast("five", address)
    seven = ffi.cast("product", address)
    return lambda: seven(null, null, 0, null, 0, null, 0), lambda: five(null, null, 0, null, 0)


def found() -> dict[str, object]:
    """Name to a function of (out, a, b, words)."""
    peers = {}
    if path := os.environ.get("QRNG_PEER_GF2X"):
        gf2x = ffi.dlopen(path)
        peers["gf2x"] = lambda out, a, b, words: gf2x.gf2x_mul(out, a, words, b, words)
    if path := os.environ.get("QRNG_PEER_BITPOLYMUL2"):
        bitpolymul2 = ffi.dlopen(path)
        peers["bitpolymul2"] = lambda out, a, b, words: bitpolymul2.bitpolymul_2_64(out, a, b, words)
    return peers
