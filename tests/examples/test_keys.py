"""The recipe for keys: what it writes is a key, beside it the record, and nothing of the key in the record."""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import qrng
from qrng import RandomBitGenerator
from qrng.errors import HealthError

EXAMPLE = Path(__file__).parents[2] / "examples" / "keys.py"


@pytest.fixture
def keys(crypto_extra: None) -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples.keys", EXAMPLE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def rbg() -> Iterator[RandomBitGenerator]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qrng.SimulatedSourceWarning)
        generator = RandomBitGenerator(qrng.open_source("sim:"))
    with generator:
        yield generator


def numbers_in(record: Any) -> str:
    return json.dumps(record).lower()


def test_a_private_key_can_be_loaded_again_and_fits_the_public_one(
    keys: ModuleType, rbg: RandomBitGenerator, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    signer = keys.make_pair(keys.Ed25519PrivateKey, rbg, tmp_path, "signing")
    loaded = load_pem_private_key((tmp_path / "signing.key").read_bytes(), None)
    signer.public_key().verify(loaded.sign(b"message"), b"message")
    record = json.loads((tmp_path / "signing.json").read_text())
    assert bytes.fromhex(record["public_key"]) == signer.public_key().public_bytes_raw()
    assert signer.private_bytes_raw().hex() not in numbers_in(record)
    assert record["key"] == "Ed25519"
    assert record["health"] == "OK"
    assert record["generator"] == json.loads(json.dumps(rbg.provenance()))
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600


def test_both_ends_of_x25519_derive_one_key_and_strangers_another(
    keys: ModuleType, rbg: RandomBitGenerator, tmp_path: Path
) -> None:
    alice, bob, eve = (keys.make_pair(keys.X25519PrivateKey, rbg, tmp_path, name) for name in ("alice", "bob", "eve"))
    assert keys.agree(alice, bob) == keys.agree(bob, alice)
    assert keys.agree(alice, bob) != keys.agree(alice, eve)


def test_the_aes_key_on_disk_opens_what_was_sealed(keys: ModuleType, rbg: RandomBitGenerator, tmp_path: Path) -> None:
    key = keys.make_aes(rbg, tmp_path)
    sealed = keys.AESGCM(key).encrypt(b"\x00" * keys.NONCE_BYTES, b"message", None)
    stored = (tmp_path / "data.key").read_bytes()
    assert keys.AESGCM(stored).decrypt(b"\x00" * keys.NONCE_BYTES, sealed, None) == b"message"
    record = json.loads((tmp_path / "data.json").read_text())
    assert record["public_key"] is None
    assert stored.hex() not in numbers_in(record)


def test_an_existing_key_is_not_replaced(keys: ModuleType, rbg: RandomBitGenerator, tmp_path: Path) -> None:
    keys.make_aes(rbg, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileExistsError, match="not overwritten"):
        keys.make_aes(rbg, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_after_an_alarm_no_key_is_made(keys: ModuleType, stuck_soon: RandomBitGenerator, tmp_path: Path) -> None:
    with pytest.raises(HealthError):
        stuck_soon.random_bytes(10**6)
    with pytest.raises(HealthError):
        keys.make_pair(keys.Ed25519PrivateKey, stuck_soon, tmp_path, "signing")
    assert list(tmp_path.iterdir()) == []
