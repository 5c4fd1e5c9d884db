"""Signed records: the key is named, any change shows, and a wrong key file is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qrng.errors import FormatError, ParameterError
from qrng.signature import public_key, sign, signer

pytestmark = pytest.mark.usefixtures("crypto_extra")

# RFC 8032, section 7.1, TEST 1: secret and public key.
SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

RECORD: dict[str, Any] = {"schema": "s/1", "claim": {"bits": 0.9, "words": ["größer", "b"]}, "list": [1, None]}


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET))
    (tmp_path / "key.pem").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (tmp_path / "key.pub").write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return tmp_path / "key.pem", tmp_path / "key.pub"


def test_the_signer_is_named(keys: tuple[Path, Path]) -> None:
    signed = sign(RECORD, keys[0])
    assert signer(signed) == PUBLIC == public_key(keys[1])
    assert {key: value for key, value in signed.items() if key != "signature"} == RECORD
    assert signer(dict(reversed(signed.items()))) == PUBLIC  # the order of keys is no part of the record
    assert signer(RECORD) is None


def test_the_signature_is_over_the_canonical_json(keys: tuple[Path, Path]) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed = sign(RECORD, keys[0])
    message = b'{"claim":{"bits":0.9,"words":["gr\\u00f6\\u00dfer","b"]},"list":[1,null],"schema":"s/1"}'
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC)).verify(
        bytes.fromhex(signed["signature"]["value"]), message
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(list=[1, 0]),
        lambda record: record["claim"].update(bits=0.91),
        lambda record: record.update(more=1),
        lambda record: record["signature"].update(value="00" * 64),
        lambda record: record["signature"].update(public_key="11" * 32),
        lambda record: record["signature"].update(value="zz"),
        lambda record: record["signature"].update(algorithm="none"),
        lambda record: record["signature"].pop("value"),
        lambda record: record.update(signature="signed, honestly"),
    ],
)
def test_any_change_shows(keys: tuple[Path, Path], change: Any) -> None:
    signed = sign({**RECORD, "claim": dict(RECORD["claim"])}, keys[0])
    change(signed)
    with pytest.raises(FormatError, match="signature"):
        signer(signed)


PARTS = ["schema", "created", "versions", "provenance", "input", "claim", "claim_made_from", "health", "allowance"]


@pytest.mark.parametrize("part", [*PARTS, "extractor", "blocks", "seed", "output"])
def test_every_part_of_a_certificate_is_signed(keys: tuple[Path, Path], part: str) -> None:
    signed = sign({part: "as it was", "other": 1}, keys[0])
    assert signer(signed) == PUBLIC
    with pytest.raises(FormatError, match="not of this record"):
        signer(signed | {part: "changed"})


def test_a_file_too_long_to_be_a_key_is_not_read(keys: tuple[Path, Path]) -> None:
    """A key with a megabyte of comment before it, which would parse."""
    for path in keys:
        path.write_bytes(b"a comment\n" * 100_000 + path.read_bytes())
    with pytest.raises(ParameterError, match="so no key in PEM"):
        sign(RECORD, keys[0])
    with pytest.raises(ParameterError, match="so no key in PEM"):
        public_key(keys[1])


def test_what_is_no_key_is_refused(keys: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key")
    (tmp_path / "long").write_bytes(bytes(1 << 17))
    for path in (keys[1], tmp_path / "text", tmp_path / "long"):
        with pytest.raises(ParameterError):
            sign(RECORD, path)
    for path in (keys[0], tmp_path / "text", tmp_path / "long"):
        with pytest.raises(ParameterError):
            public_key(path)
    with pytest.raises(FileNotFoundError):
        sign(RECORD, tmp_path / "absent")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.generate()
    (tmp_path / "x").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (tmp_path / "x.pub").write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ParameterError, match="Ed25519"):
        sign(RECORD, tmp_path / "x")
    with pytest.raises(ParameterError, match="Ed25519"):
        public_key(tmp_path / "x.pub")
