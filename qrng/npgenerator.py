"""NumPy's distributions over a random bit generator, and seeds for NumPy's own generators.

numpy's C interface to bit generators (numpy/random/bitgen.h) has no way to fail. So a failure is kept until the code
that draws gives back the bit generator's lock, which every draw of `numpy.random.Generator` holds; there it is raised,
and the result is lost with it. Until then the drawing code gets operating-system bytes, to come to its end.
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.random.bit_generator import ISpawnableSeedSequence

from qrng import default
from qrng._native import ffi, lib, wipe, writable
from qrng.errors import NoStateError, ReentryError

__all__ = ["Generator", "SeedSequence"]

_SEED_BITS = 256
"""PCG64DXSM takes 256 bits from its seed sequence: 128 of state and 127 of increment."""
_FIRST, _MOST = 64, 1 << 16  # bytes drawn at a time: twice as many each time within one call


class _Bytes(Protocol):
    def random_bytes(self, n: int, /) -> bytes: ...

    def readinto(self, buffer: Any, /) -> int: ...


class SeedSequence(ISpawnableSeedSequence):
    """A seed of 256 bits drawn from a random bit generator, for a *seeded* NumPy generator.

        numpy.random.Generator(numpy.random.PCG64DXSM(qrng.SeedSequence()))

    What follows is computed: fast, with the statistics of PCG64DXSM, reproducible by anyone who learns the seed, not
    for keys, and without the claim, health tests and alarms of the generator behind the seed.

    Args:
        rbg: the generator; the default one of `qrng.random_bytes` if not given.

    Raises: as `RandomBitGenerator.random_bytes`.
    """

    def __init__(self, rbg: _Bytes | None = None) -> None:
        seed = (default if rbg is None else rbg).random_bytes(_SEED_BITS // 8)
        # numpy's default pool of 4 words would hold 128 bits only.
        self._numpy = np.random.SeedSequence(int.from_bytes(seed, "big"), pool_size=_SEED_BITS // 32)

    @property
    def entropy(self) -> int:
        """The seed: keep it to repeat a computation, as `numpy.random.SeedSequence(entropy, pool_size=8)`."""
        return int(self._numpy.entropy)  # type: ignore[arg-type]

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
        """`n_words` words of state for a bit generator; numpy calls this."""
        return self._numpy.generate_state(n_words, dtype)

    def spawn(self, n_children: int) -> list[Any]:
        """Seeds for independent streams, as NumPy's own objects, which show the seed when printed."""
        return self._numpy.spawn(n_children)

    def __repr__(self) -> str:
        return f"<SeedSequence of {_SEED_BITS} bits from qrng>"


class Generator(np.random.Generator):
    """A `numpy.random.Generator` whose every bit comes from a random bit generator.

    Args:
        rbg: the generator; the default one of `qrng.random_bytes` if not given. It stays yours to close.

    Every method raises what the random bit generator raises, and gives nothing. An array that was to be filled or
    shuffled in place was then changed with operating-system bytes, and is not to be used. No bytes are kept between
    calls: after a fork or an alarm nothing old comes out. Threads may share it; they draw one after the other.

    `bit_generator` and `spawn` raise NoStateError: the bare bit generator couldn't report a failure. Pickling and
    copying raise TypeError.
    """

    def __init__(self, rbg: _Bytes | None = None) -> None:
        super().__init__(_BitGenerator(default if rbg is None else rbg))  # type: ignore[arg-type]  # by its interface

    @property
    def bit_generator(self) -> NoReturn:
        """Raise NoStateError."""
        raise NoStateError(
            "the bit generator behind qrng.Generator can't report a failure and stays private; for a seeded NumPy "
            "generator use numpy.random.PCG64DXSM(qrng.SeedSequence())"
        )

    def spawn(self, n_children: int) -> NoReturn:
        """Raise NoStateError."""
        raise NoStateError("qrng.Generator has no seed to spawn from: share it between threads, or make another one")

    def __getstate__(self) -> NoReturn:
        self.__reduce__()

    def __reduce__(self) -> NoReturn:
        raise TypeError("qrng.Generator can't be pickled or copied; make another one on the same generator")

    def __repr__(self) -> str:
        return "<qrng.Generator>"

    __str__ = __repr__


class _BitGenerator:
    """What `numpy.random.Generator` wants of a bit generator: `capsule`, and `lock`, which is this object itself."""

    def __init__(self, rbg: _Bytes) -> None:
        self._rbg = rbg
        self._mutex = threading.RLock()
        self._busy = False
        self._error: BaseException | None = None
        self._buffer = bytearray(_FIRST)
        self._callback = ffi.callback("int(void *)", self._refill, error=-1, onerror=self._failed)
        self._words = ffi.new("qrng_words *")
        self._words.refill = self._callback
        self._bitgen = ffi.new("qrng_bitgen *")
        lib.qrng_words_bitgen(self._bitgen, self._words)
        self.capsule = _capsule(int(ffi.cast("intptr_t", self._bitgen)), _CAPSULE_NAME, None)
        self.lock = self
        _alive.add(self)

    @property
    def seed_seq(self) -> NoReturn:
        """Raise NoStateError: what NumPy and SciPy ask for to spawn generators from a seed."""
        raise NoStateError("qrng.Generator has no seed to spawn from; a seeded one takes qrng.SeedSequence()")

    _seed_seq = seed_seq

    def __enter__(self) -> None:
        self._mutex.acquire()
        if self._busy:
            self._mutex.release()
            raise ReentryError("this generator was called from a signal handler that interrupted a call of it")
        self._busy = True
        self._empty()
        self._error = None

    def __exit__(self, *_: object) -> None:
        error, self._error = self._error, None
        self._empty()
        self._busy = False
        self._mutex.release()
        if error is not None:
            raise error

    def _empty(self) -> None:
        """Wipe what is left of the last call's bytes; the next refill is a small one."""
        self._words.at = self._words.bytes = 0
        wipe(self._buffer)
        if len(self._buffer) > _FIRST:
            self._buffer = bytearray(_FIRST)

    def _refill(self, _: Any) -> int:
        """Called by the C side from within numpy, with no bytes left."""
        if self._words.bytes and len(self._buffer) < _MOST:
            self._buffer = bytearray(2 * len(self._buffer))
        if self._error is None:
            try:
                self._rbg.readinto(self._buffer)
            except BaseException as error:  # noqa: BLE001 - raised when numpy gives back the lock
                self._error = error
        if self._error is not None:
            self._buffer[:] = os.urandom(len(self._buffer))
        self._words.buffer = writable(self._buffer)
        self._words.bytes, self._words.at = len(self._buffer), 0
        return 0

    def _failed(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        """Even the operating system failed, or a signal came: the C side ends the call by itself."""
        self._error = self._error or error

    def _after_fork_in_child(self) -> None:
        self._mutex = threading.RLock()  # the old one may be held by a thread that this process doesn't have
        self._busy = False
        self._empty()


_CAPSULE_NAME = b"BitGenerator"  # numpy looks for this name; a capsule keeps the pointer, not the text
_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = ctypes.py_object
_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

_alive: weakref.WeakSet[_BitGenerator] = weakref.WeakSet()


def _empty_all() -> None:
    for generator in list(_alive):
        generator._after_fork_in_child()


os.register_at_fork(after_in_child=_empty_all)
