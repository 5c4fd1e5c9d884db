"""Vetted conditioning functions and the entropy accounting of SP 800-90B, 3.1.5."""

from __future__ import annotations

import hashlib
import sys

import pytest

from qrng.errors import MissingExtraError, ParameterError
from qrng.extractors.conditioning import (
    CmacConditioner,
    HashConditioner,
    HashDfConditioner,
    HmacConditioner,
    non_vetted_output_entropy,
    output_entropy,
)


@pytest.mark.parametrize(
    ("n_in", "n_out", "nw", "h_in", "h_out"),
    # extractor_vectors.json, "sp800_90b_output_entropy": what NIST's tool prints.
    [
        (512, 256, 256, 300, 255.9999999999999179961),
        (256, 256, 256, 256, 251.689764568727055119),
        (512, 256, 256, 256, 255),
        (2048, 256, 256, 1024, 256),
        (128, 128, 128, 64, 64),
        (384, 256, 512, 256.5, 255.2284466968363880329),
        (1024, 512, 512, 512, 511),
        (8, 4, 4, 3, 2.474717184015645167179),
        (64, 32, 64, 60, 31.99985338606228451978),
        (32, 32, 32, 16, 15.99997798672453302396),
    ],
)
def test_output_entropy_is_what_nists_tool_prints(n_in, n_out, nw, h_in, h_out):
    assert output_entropy(n_in, n_out, nw, h_in) == pytest.approx(h_out, rel=4e-16)


@pytest.mark.parametrize(
    ("arguments", "h_estimate", "h_out"),
    # extractor_vectors.json, "sp800_90b_non_vetted".
    [
        ((512, 256, 256, 300), 0.99, 253.44),
        ((256, 128, 128, 200), 0.5, 64),
        ((512, 256, 256, 256), 0.9999, 255),
        ((64, 32, 64, 60), 0.8, 25.6),
        ((32, 32, 32, 16), 0.75, 15.999977986724533),
    ],
)
def test_functions_that_are_not_vetted_get_less(arguments, h_estimate, h_out):
    assert non_vetted_output_entropy(*arguments, h_estimate) == pytest.approx(h_out, rel=1e-15)


def test_hash_is_the_hash_cut_to_the_left():
    raw = bytes(range(64))
    assert HashConditioner(512).condition(raw) == hashlib.sha256(raw).digest()
    assert HashConditioner(512, "sha512", 256).condition(raw) == hashlib.sha512(raw).digest()[:32]
    assert HashConditioner(512, "sha512", 256).nw == 512


def test_hmac_of_rfc_4231():
    # RFC 4231, test case 2.
    out = HmacConditioner(8 * 28, b"Jefe").condition(b"what do ya want for nothing?")
    assert out.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_hash_df_counts_and_names_the_length():
    raw = bytes(range(48))
    out = HashDfConditioner(384, 640).condition(raw)
    # SP 800-90A, 10.3.1: Hash(counter, 8 bits ‖ number of bits to return, 32 bits ‖ input), leftmost bits.
    expected = b"".join(hashlib.sha256(bytes([i, 0, 0, 2, 128]) + raw).digest() for i in (1, 2, 3))
    assert out == expected[:80]
    with pytest.raises(ParameterError, match="65280"):
        HashDfConditioner(384, 65288)


def test_cmac_of_rfc_4493(crypto_extra):
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    message = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411")
    assert CmacConditioner(320, key).condition(message).hex() == "dfa66747de9ae63030ca32611497c827"


def test_cmac_without_its_extra_is_one_line_that_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.cmac", None)
    with pytest.raises(MissingExtraError, match=r"qrng-toolkit\[crypto\]"):
        CmacConditioner(128, bytes(16))


def test_full_entropy_takes_64_bits_more_than_come_out():
    function = HashConditioner(1024)
    assert function.has_full_entropy(320)
    assert not function.has_full_entropy(319)
    assert not HashDfConditioner(1024, 512).has_full_entropy(1000)  # wider than its narrowest width
    assert function.output_entropy(512) == pytest.approx(256, abs=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: HashConditioner(512, "md5"),
        lambda: HashConditioner(512, "sha256", 264),
        lambda: HashConditioner(511),
        lambda: HashConditioner(0),
        lambda: CmacConditioner(128, bytes(15)),
        lambda: HashConditioner(512).condition(bytes(63)),
        lambda: output_entropy(256, 256, 256, 257),
        lambda: output_entropy(256, 256, 0, 10),
        lambda: non_vetted_output_entropy(256, 256, 256, 10, 1.5),
    ],
)
def test_impossible_parameters_are_refused(make):
    with pytest.raises(ParameterError):
        make()
