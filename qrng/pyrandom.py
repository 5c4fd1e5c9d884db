"""`random.Random` over a random bit generator: the standard library's methods, with nothing seeded and nothing kept."""

from __future__ import annotations

import random
from collections.abc import MutableSequence
from operator import index
from typing import Any, NoReturn, Protocol, Self

from qrng import default
from qrng.errors import NoStateError, ParameterError

__all__ = ["QuantumRandom"]


class _Bytes(Protocol):
    def random_bytes(self, n: int, /) -> bytes: ...


class QuantumRandom(random.Random):
    """A `random.Random` whose every bit comes from a random bit generator.

    Args:
        rbg: the generator; the default one of `qrng.random_bytes` if not given. It stays yours to close.

    No bytes are kept between calls, so there is nothing that a fork could double or an alarm would have to recall, and
    threads may share it. Every method raises what the generator raises; `shuffle` then leaves the list as it was.

    `seed`, `getstate` and `setstate` raise NoStateError; pickling and copying raise TypeError.
    """

    def __new__(cls, rbg: _Bytes | None = None) -> Self:
        """Without the argument, from which the base class would seed itself."""
        return super().__new__(cls)

    def __init__(self, rbg: _Bytes | None = None) -> None:
        # The base class would call seed().
        self._bytes = (default if rbg is None else rbg).random_bytes

    def random(self) -> float:
        """A multiple of 2**-53 in [0, 1), each of the 2**53 equally likely."""
        return (int.from_bytes(self._bytes(7), "big") % 2**53) * 2.0**-53

    def getrandbits(self, k: int, /) -> int:
        """A uniform integer of `k` bits; ParameterError (a ValueError) below 0."""
        k = index(k)
        if k < 0:
            raise ParameterError(f"the number of bits must not be negative: {k}")
        number = int.from_bytes(self._bytes((k + 7) // 8), "big")
        return number % int(2**k)

    def randbytes(self, n: int) -> bytes:
        """`n` random bytes; ParameterError (a ValueError) below 0."""
        return self._bytes(n)

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """Shuffle in place (Fisher and Yates). All is drawn before the first swap."""
        draws = [(i, self.randrange(i + 1)) for i in range(len(x) - 1, 0, -1)]
        for i, j in draws:
            x[i], x[j] = x[j], x[i]

    def gauss(self, mu: float = 0.0, sigma: float = 1.0) -> float:
        """`normalvariate`: the base class would keep every second value for the next call."""
        return self.normalvariate(mu, sigma)

    def seed(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise NoStateError: a seed would make the output predictable."""
        raise NoStateError("QuantumRandom takes no seed: use random.Random(seed) for numbers that can come again")

    def getstate(self) -> NoReturn:
        """Raise NoStateError."""
        raise NoStateError("QuantumRandom has no state to save: what it gave can't come again")

    def setstate(self, state: object) -> NoReturn:
        """Raise NoStateError."""
        raise NoStateError("QuantumRandom has no state to restore: what it gave can't come again")

    def __reduce__(self) -> NoReturn:
        raise TypeError("QuantumRandom can't be pickled or copied; make another one on the same generator")
