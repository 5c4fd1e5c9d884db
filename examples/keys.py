"""Keys made of quantum random bytes, each with the record of where its bytes came from beside it.

AES-256-GCM (NIST SP 800-38D), Ed25519 (RFC 8032) and X25519 (RFC 7748) by the package `cryptography`; QRNG_SOURCE names
the source, else it is the simulator. Everything is written to the folder `keys` here.

    pip install 'qrng-toolkit[crypto]'
    python examples/keys.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import qrng
from qrng.files import atomic_write

KEY_BYTES = 32  # of each of the three
NONCE_BYTES = 12  # SP 800-38D 8.2.2: with random nonces at most 2^32 messages a key (8.3)


def random_key(rbg: qrng.RandomBitGenerator) -> bytearray:
    """32 random bytes in a buffer that can be overwritten after use, unlike `bytes`."""
    key = bytearray(KEY_BYTES)
    rbg.readinto(key)
    return key


def record(rbg: qrng.RandomBitGenerator, kind: str, public: bytes | None) -> dict[str, object]:
    """What may be known of a key: never its bytes, nor a hash of them."""
    return {
        "key": kind,
        "public_key": None if public is None else public.hex(),
        "generator": rbg.provenance(),
        "health": rbg.status()["health"]["state"],
    }


def keep(folder: Path, name: str, secret: bytes | bytearray, about: dict[str, object]) -> None:
    """Write the record, then the key: no key is ever there without its record. Nothing is replaced."""
    key, beside = folder / f"{name}.key", folder / f"{name}.json"
    if key.exists():
        raise FileExistsError(f"{key} exists: a key is not overwritten")
    with atomic_write(beside, mode=0o644) as file:
        file.write(json.dumps(about, indent=2).encode())
    with atomic_write(key, mode=0o600) as file:
        file.write(secret)


def make_aes(rbg: qrng.RandomBitGenerator, folder: Path) -> bytearray:
    """A key for AES-256-GCM; overwrite it when you are done."""
    key = random_key(rbg)
    keep(folder, "data", key, record(rbg, "AES-256-GCM", None))
    return key


def make_pair(
    kind: type[Ed25519PrivateKey] | type[X25519PrivateKey], rbg: qrng.RandomBitGenerator, folder: Path, name: str
) -> Ed25519PrivateKey | X25519PrivateKey:
    """A private key from 32 random bytes, written as PEM (PKCS #8)."""
    seed = random_key(rbg)
    private = kind.from_private_bytes(seed)
    seed[:] = bytes(KEY_BYTES)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    keep(folder, name, pem, record(rbg, kind.__name__.removesuffix("PrivateKey"), public))
    return private


def agree(mine: X25519PrivateKey, theirs: X25519PrivateKey) -> bytes:
    """The key that both get: the shared secret is hashed, never used as it is (RFC 7748, section 6.1)."""
    return HKDF(SHA256(), KEY_BYTES, None, b"qrng example").derive(mine.exchange(theirs.public_key()))


def main() -> None:
    """Make the three and use each once."""
    folder = Path("keys")
    folder.mkdir(mode=0o700, exist_ok=True)
    with qrng.RandomBitGenerator(qrng.open_source(os.environ.get("QRNG_SOURCE", "sim:"))) as rbg:
        if rbg.status()["simulated"]:
            print("SIMULATED: the source is computed; not for keys that matter.")
        message = b"a photon at a beam splitter"
        key = make_aes(rbg, folder)
        nonce = rbg.random_bytes(NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, message, None)
        opened = AESGCM(key).decrypt(nonce, sealed, None) == message
        key[:] = bytes(KEY_BYTES)
        print(f"  keys/data.key       AES-256-GCM; sealed and opened a message: {'yes' if opened else 'no'}")

        signer = make_pair(Ed25519PrivateKey, rbg, folder, "signing")
        signer.public_key().verify(signer.sign(message), message)  # raises if it does not hold
        print("  keys/signing.key    Ed25519; signed a message, and the signature holds")

        alice = make_pair(X25519PrivateKey, rbg, folder, "alice")
        bob = make_pair(X25519PrivateKey, rbg, folder, "bob")
        same = agree(alice, bob) == agree(bob, alice)
        print(f"  keys/alice.key      X25519, with keys/bob.key; both derive the same key: {'yes' if same else 'no'}")
    print("Beside each .key stands a .json: source, claim and its assumptions, extractor, health; nothing of the key.")


if __name__ == "__main__":
    main()
