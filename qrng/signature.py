"""Ed25519 signatures (RFC 8032) on JSON records, so that a certificate says who stands behind it (extra `crypto`).

What is signed is the record without its signature, as JSON with sorted keys, no white space and ASCII alone. A key is
a PEM file, such as `openssl genpkey -algorithm ed25519 -out key.pem` makes; the public one as
`openssl pkey -in key.pem -pubout -out key.pub` does.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from qrng.errors import FormatError, MissingExtraError, ParameterError

__all__ = ["public_key", "sign", "signer"]

_ALGORITHM = "ed25519"
_LONGEST_KEY = 1 << 16  # bytes of a PEM file

Path_ = str | os.PathLike[str]


def sign(record: dict[str, Any], key: Path_) -> dict[str, Any]:
    """The record with a signature under "signature": algorithm, public key and value, both in hexadecimal.

    Args:
        record: JSON-ready; a signature that it has is replaced.
        key: PEM file with an Ed25519 private key, not encrypted.

    Raises:
        MissingExtraError: `cryptography` is not installed.
        ParameterError: the file holds no such key.
        OSError: it can't be read.
    """
    ed25519, serialization = _cryptography()
    pem = bytearray(_pem(key))
    try:
        private = serialization.load_pem_private_key(bytes(pem), password=None)
    except (ValueError, TypeError):
        raise ParameterError(f"{key}: no private key in PEM without a password") from None
    finally:
        pem[:] = bytes(len(pem))
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise ParameterError(f"{key}: the key is not of Ed25519")
    public = private.public_key().public_bytes_raw().hex()
    value = private.sign(_message(record)).hex()
    return record | {"signature": {"algorithm": _ALGORITHM, "public_key": public, "value": value}}


def signer(record: dict[str, Any]) -> str | None:
    """The public key, in hexadecimal, whose signature the record bears; None if it bears none.

    Raises:
        MissingExtraError: `cryptography` is not installed.
        FormatError: the signature is none, or not of this record.
    """
    said = record.get("signature")
    if said is None:
        return None
    ed25519, _ = _cryptography()
    from cryptography.exceptions import InvalidSignature

    try:
        if said["algorithm"] != _ALGORITHM:
            raise ValueError
        public = bytes.fromhex(said["public_key"])
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(said["value"]), _message(record))
    except (KeyError, TypeError, ValueError):
        raise FormatError("the signature is not a whole Ed25519 signature") from None
    except InvalidSignature:
        raise FormatError("the signature is not of this record: one of the two was changed") from None
    return public.hex()


def public_key(path: Path_) -> str:
    """The Ed25519 public key in a PEM file, in hexadecimal.

    Raises:
        MissingExtraError: `cryptography` is not installed.
        ParameterError: the file holds no such key.
        OSError: it can't be read.
    """
    ed25519, serialization = _cryptography()
    pem = _pem(path)
    try:
        public = serialization.load_pem_public_key(pem)
    except ValueError:
        raise ParameterError(f"{path}: no public key in PEM") from None
    if not isinstance(public, ed25519.Ed25519PublicKey):
        raise ParameterError(f"{path}: the key is not of Ed25519")
    found: str = public.public_bytes_raw().hex()
    return found


def _message(record: dict[str, Any]) -> bytes:
    unsigned = {key: value for key, value in record.items() if key != "signature"}
    return json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def _pem(path: Path_) -> bytes:
    with Path(path).open("rb") as file:
        content = file.read(_LONGEST_KEY + 1)
    if len(content) > _LONGEST_KEY:
        raise ParameterError(f"{path}: longer than {_LONGEST_KEY} bytes, so no key in PEM")
    return content


def _cryptography() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingExtraError("a signature", "crypto") from None
    return ed25519, serialization
