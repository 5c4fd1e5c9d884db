"""The pool: extractor output that waits for delivery. Each byte leaves it once, mixed on the way, and is wiped there.

The mixing is the XOR construction of NIST SP 800-90C: output XOR bytes of the operating system drawn for this delivery.
"""

from __future__ import annotations

import os

from qrng._native import ffi, lib, wipe, writable

__all__ = ["SMALL", "Pool"]

SMALL = 4096
"""Bytes that `Pool.take_small` gives at most."""
_ZEROS = bytes(SMALL)


class Pool:
    """Bytes that are ready, in the order in which they leave. Not safe for threads: its owner holds a lock.

    Args:
        pure: deliver the bytes as they are, without the XOR.

    Attributes:
        data: the bytes, those that were delivered overwritten with zeros.
        left: how many are still to be delivered.
    """

    def __init__(self, pure: bool) -> None:
        self.data = bytearray()
        self.left = 0
        self._pure = pure
        self._pointer = writable(self.data)
        self._small = ffi.new("uint8_t[]", SMALL)
        self._small_view = ffi.buffer(self._small)

    def fill(self, data: bytearray) -> None:
        """Take over `data`; what was left of the old bytes is wiped."""
        self.wipe()
        self._pointer = writable(data)
        self.data = data
        self.left = len(data)

    def take_small(self, n: int) -> bytes:
        """The next `n` bytes, n <= SMALL and n <= left, with no copy left behind."""
        fresh = _ZEROS if self._pure else os.urandom(n)
        at = len(self.data) - self.left
        # First gone, then read: should a signal's exception come between, these bytes are lost, never given twice.
        self.left -= n
        try:
            lib.qrng_pool_take(self._small, self._pointer, at, fresh, n)
            return self._small_view[:n]  # type: ignore[no-any-return]
        finally:
            lib.qrng_wipe(self._small, n)

    def take_into(self, view: memoryview) -> int:
        """Fill the start of a writable view with what there is; returns the number of bytes."""
        n = min(len(view), self.left)
        fresh = bytes(n) if self._pure else os.urandom(n)
        at = len(self.data) - self.left
        self.left -= n
        lib.qrng_pool_take(writable(view[:n]), self._pointer, at, fresh, n)
        return n

    def wipe(self) -> None:
        """Overwrite and forget everything."""
        self.left = 0
        wipe(self.data)
