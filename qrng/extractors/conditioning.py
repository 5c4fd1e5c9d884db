"""Conditioning functions of SP 800-90B, section 3.1.5: computational extractors, with the standard's accounting.

Vetted (3.1.5.1.1): HMAC, hash functions and Hash_df (SP 800-90A, 10.3.1) on approved hashes of hashlib; CMAC on AES,
which needs the extra `crypto`. They rest on the hash or cipher, not on a leftover hash lemma: no trace distance is
claimed.
"""

from __future__ import annotations

import decimal
import hashlib
import hmac
import importlib
import math
from abc import ABC, abstractmethod
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

from qrng.errors import MissingExtraError, ParameterError
from qrng.extractors.params import Number, exact
from qrng.extractors.seeds import readable_bytes

__all__ = [
    "CmacConditioner",
    "Conditioner",
    "HashConditioner",
    "HashDfConditioner",
    "HmacConditioner",
    "non_vetted_output_entropy",
    "output_entropy",
]

FULL_ENTROPY_EXCESS = 64
"""Bits of input entropy beyond n_out with which output has full entropy, by SP 800-90C: h_in >= n_out + 64."""

APPROVED_HASHES = ("sha224", "sha256", "sha384", "sha512", "sha512_256", "sha3_224", "sha3_256", "sha3_384", "sha3_512")
"""FIPS 180-4 and FIPS 202 hashes; hashlib lacks SHA-512/256 where OpenSSL does."""

_HASH_DF_MOST_BLOCKS = 255  # SP 800-90A, 10.3.1


def _lengths(**lengths: Any) -> None:
    for name, value in lengths.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ParameterError(f"{name} must be a whole number of bits of at least 1, not {value!r}")


def output_entropy(n_in: int, n_out: int, nw: int, h_in: Number) -> float:
    """Output_Entropy of SP 800-90B, 3.1.5.1.2: entropy of n_out bits conditioned from n_in bits of entropy h_in.

    Args:
        n_in, n_out: bits in and out.
        nw: narrowest internal width of the function, in bits.
        h_in: min-entropy of the input, 0 < h_in <= n_in.

    Returns:
        -log2 max(psi, omega), correct to the last digit but one of a float.

    Raises:
        ParameterError: an argument is out of range.
    """
    _lengths(n_in=n_in, n_out=n_out, nw=nw)
    h = exact(h_in, "h_in")
    if not 0 < h <= n_in:
        raise ParameterError(f"h_in is the entropy of {n_in} bits, above 0 and at most {n_in}: not {float(h):g}")
    n = min(n_out, nw, n_in)
    # As many digits as 2 n_in bits, as the standard's note on precision asks, and some more.
    with decimal.localcontext(prec=2 * n_in * 302 // 1000 + 60, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN):
        two, ln2 = Decimal(2), Decimal(2).ln()
        p_high = two ** (-Decimal(h.numerator) / Decimal(h.denominator))
        p_low = (1 - p_high) / (two**n_in - 1)
        spread = two ** (n_in - n)
        psi = spread * p_low + p_high
        omega = (spread + (2 * n * spread * ln2).sqrt()) * p_low
        return float(-max(psi, omega).ln() / ln2)


def non_vetted_output_entropy(n_in: int, n_out: int, nw: int, h_in: Number, h_estimate: Number) -> float:
    """min(Output_Entropy, 0.999 n_out, h' n_out) of 3.1.5.2; h' is the assessed entropy a bit of the output."""
    estimate = exact(h_estimate, "h_estimate")
    if not 0 < estimate <= 1:
        raise ParameterError(f"h_estimate is bits of entropy a bit, above 0 and at most 1: not {float(estimate):g}")
    return min(output_entropy(n_in, n_out, nw, h_in), 0.999 * n_out, float(estimate * n_out))


class Conditioner(ABC):
    """A vetted conditioning function.

    Attributes:
        n_in, n_out: bits in and out, whole bytes.
        nw: narrowest internal width, bits.
    """

    name: ClassVar[str]

    def __init__(self, n_in: int, n_out: int, nw: int) -> None:
        _lengths(n_in=n_in, n_out=n_out)
        if n_in % 8 or n_out % 8:
            raise ParameterError(f"conditioning takes and gives whole bytes: not {n_in} and {n_out} bits")
        self.n_in, self.n_out, self.nw = n_in, n_out, nw

    @abstractmethod
    def _compute(self, data: memoryview) -> bytes:
        """At least n_out / 8 bytes."""

    def condition(self, raw: Any) -> bytes:
        """The n_out / 8 bytes for n_in / 8 bytes of raw data; ParameterError for any other length."""
        data = readable_bytes(raw, "raw")
        if 8 * len(data) != self.n_in:
            raise ParameterError(f"this function conditions {self.n_in // 8} bytes: {len(data)} were given")
        return self._compute(data)[: self.n_out // 8]

    def output_entropy(self, h_in: Number) -> float:
        """Entropy of the output for input of min-entropy h_in, by 3.1.5.1.2."""
        return output_entropy(self.n_in, self.n_out, self.nw, h_in)

    def has_full_entropy(self, h_in: Number) -> bool:
        """Whether h_in is at least 64 bits above what can come out: full entropy by SP 800-90C."""
        return exact(h_in, "h_in") >= Fraction(min(self.n_out, self.nw) + FULL_ENTROPY_EXCESS) and self.n_out <= self.nw


def _digest_bits(hash_name: str) -> int:
    if hash_name not in APPROVED_HASHES:
        raise ParameterError(f"{hash_name!r} is no approved hash: choose one of {', '.join(APPROVED_HASHES)}")
    try:
        return 8 * hashlib.new(hash_name).digest_size
    except ValueError:
        raise ParameterError(f"this Python's hashlib lacks {hash_name}") from None


def _at_most(n_out: int | None, most: int) -> int:
    if n_out is not None and n_out > most:
        raise ParameterError(f"n_out = {n_out} is more than the {most} bits that this function gives")
    return most if n_out is None else n_out


class HashConditioner(Conditioner):
    """An approved hash, cut to the leftmost n_out bits (all if None)."""

    name: ClassVar[str] = "hash"

    def __init__(self, n_in: int, hash_name: str = "sha256", n_out: int | None = None) -> None:
        self.hash_name = hash_name
        width = _digest_bits(hash_name)
        super().__init__(n_in, _at_most(n_out, width), width)

    def _compute(self, data: memoryview) -> bytes:
        return hashlib.new(self.hash_name, data).digest()


class HmacConditioner(Conditioner):
    """HMAC with an approved hash (FIPS 198-1) and any fixed key, cut to the leftmost n_out bits."""

    name: ClassVar[str] = "hmac"

    def __init__(self, n_in: int, key: bytes, hash_name: str = "sha256", n_out: int | None = None) -> None:
        self.hash_name, self._key = hash_name, bytes(readable_bytes(key, "key"))
        width = _digest_bits(hash_name)
        super().__init__(n_in, _at_most(n_out, width), width)

    def _compute(self, data: memoryview) -> bytes:
        return hmac.digest(self._key, data, self.hash_name)


class HashDfConditioner(Conditioner):
    """Hash_df of SP 800-90A, 10.3.1: as many digests as n_out needs, at most 255; nw is one digest."""

    name: ClassVar[str] = "hash_df"

    def __init__(self, n_in: int, n_out: int, hash_name: str = "sha256") -> None:
        self.hash_name = hash_name
        width = _digest_bits(hash_name)
        super().__init__(n_in, _at_most(n_out, _HASH_DF_MOST_BLOCKS * width), width)

    def _compute(self, data: memoryview) -> bytes:
        blocks = math.ceil(self.n_out / self.nw)
        length = self.n_out.to_bytes(4)
        return b"".join(
            hashlib.new(self.hash_name, bytes([counter]) + length + data).digest() for counter in range(1, blocks + 1)
        )


class CmacConditioner(Conditioner):
    """CMAC with AES (SP 800-38B) and any fixed key of 128, 192 or 256 bits, cut to the leftmost n_out bits."""

    name: ClassVar[str] = "cmac"

    def __init__(self, n_in: int, key: bytes, n_out: int | None = None) -> None:
        self._key = bytes(readable_bytes(key, "key"))
        if len(self._key) not in (16, 24, 32):
            raise ParameterError(f"an AES key has 16, 24 or 32 bytes, not {len(self._key)}")
        super().__init__(n_in, _at_most(n_out, 128), 128)
        try:
            self._cmac = importlib.import_module("cryptography.hazmat.primitives.cmac")
            self._aes = importlib.import_module("cryptography.hazmat.primitives.ciphers.algorithms").AES
        except ImportError:
            raise MissingExtraError("CMAC conditioning", "crypto") from None

    def _compute(self, data: memoryview) -> bytes:
        mac = self._cmac.CMAC(self._aes(self._key))
        mac.update(bytes(data))
        result: bytes = mac.finalize()
        return result
