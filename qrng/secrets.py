"""The standard module `secrets`, name for name, over the default generator.

    from qrng import secrets
    secrets.token_hex(16)

Everything raises as `qrng.random_bytes` does; nothing falls back to the operating system alone.
"""

from __future__ import annotations

import base64
from hmac import compare_digest
from operator import index

from qrng.default import random_bytes
from qrng.errors import ParameterError
from qrng.pyrandom import QuantumRandom

__all__ = [
    "SystemRandom",
    "choice",
    "compare_digest",
    "randbelow",
    "randbits",
    "token_bytes",
    "token_hex",
    "token_urlsafe",
]

DEFAULT_ENTROPY = 32
"""Bytes of a token whose length isn't given, as in the standard module."""

SystemRandom = QuantumRandom
_random = QuantumRandom()
randbits = _random.getrandbits
choice = _random.choice


def randbelow(exclusive_upper_bound: int) -> int:
    """A uniform integer from 0 to the bound, the bound left out; ParameterError (a ValueError) if that is no range."""
    bound = index(exclusive_upper_bound)
    if bound <= 0:
        raise ParameterError(f"the upper bound must be positive, not {bound}")
    return _random.randrange(bound)


def token_bytes(nbytes: int | None = None) -> bytes:
    """`nbytes` random bytes; 32 if not given."""
    return random_bytes(DEFAULT_ENTROPY if nbytes is None else nbytes)


def token_hex(nbytes: int | None = None) -> str:
    """`nbytes` random bytes as twice as many hexadecimal digits."""
    return token_bytes(nbytes).hex()


def token_urlsafe(nbytes: int | None = None) -> str:
    """`nbytes` random bytes in URL-safe base64 without padding, about 1.3 characters a byte."""
    return base64.urlsafe_b64encode(token_bytes(nbytes)).rstrip(b"=").decode("ascii")
