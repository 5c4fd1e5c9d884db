"""Outputs equal those of cryptomite and randextract, bit for bit, under the conventions of the reference page.

Each family has a hundred cases, whose lengths and bits follow from SHA-256 of their names. Where a peer is installed it
is asked; everywhere, its answers as recorded in answers.json (cryptomite 0.3.0, randextract 0.2.2) must come out.

    python tests/extractors/peers/test_peers.py     records them anew, with both peers installed
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from qrng import bits
from qrng.extractors import Circulant, Dodis, ModifiedToeplitz, Raz, Toeplitz, Trevisan, VonNeumann
from qrng.extractors.primes import is_prime
from qrng.extractors.raz_bounds import TRINOMIALS
from qrng.extractors.trevisan_bounds import design_degree

ANSWERS = Path(__file__).with_name("answers.json")
CASES = 100

# Primitive polynomials of least weight (J. Arndt's table), which cryptomite takes for the one-bit extractor's field.
PRIMITIVE = {
     20: (3,), 21: (2,), 22: (1,), 23: (5,), 24: (4, 3, 1), 25: (3,), 26: (6, 2, 1), 27: (5, 2, 1), 28: (3,), 29:
    (2,), 30: (6, 4, 1), 31: (3,), 32: (7, 6, 2), 33: (13,), 34: (8, 4, 3), 35: (2,), 36: (11,), 37: (6, 4, 1),
    38: (6, 5, 1), 39: (4,), 40: (5, 4, 3), 41: (3,), 42: (7, 4, 3), 43: (6, 4, 3), 44: (6, 5, 2), 45: (4, 3, 1),
    46: (8, 7, 6), 47: (5,), 48: (9, 7, 4), 49: (9,), 50: (4, 3, 2), 51: (6, 3, 1), 52: (3,), 53: (6, 2, 1), 54:
    (8, 6, 3), 55: (24,), 56: (7, 4, 2), 57: (7,), 58: (19,), 59: (7, 4, 2), 60: (1,), 61: (5, 2, 1), 62: (6, 5,
    3), 63: (1,), 64: (4, 3, 1), 65: (18,), 66: (9, 8, 6), 67: (5, 2, 1), 68: (9,), 69: (6, 5, 2), 70: (5, 3, 1),
    71: (6,), 72: (10, 9, 3), 73: (25,), 74: (7, 4, 3), 75: (6, 3, 1), 129: (5,), 130: (3,), 132: (29,),
}  # fmt: skip


class Case(NamedTuple):
    """One question: lengths, further numbers of its family, and the bits."""

    n: int
    m: int
    more: dict[str, Any]
    raw: list[int]
    seed: list[int]


def stream(name: str) -> Iterator[int]:
    """Bits of SHA-256(name:0) ‖ SHA-256(name:1) ‖ …"""
    for i in itertools.count():
        for byte in hashlib.sha256(f"{name}:{i}".encode()).digest():
            yield from (byte >> (7 - j) & 1 for j in range(8))


def bits_of(name: str, count: int) -> list[int]:
    return list(itertools.islice(stream(name), count))


def number(name: str, low: int, high: int) -> int:
    """A number from low to high."""
    return low + int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % (high - low + 1)


@functools.cache
def make(family: str, index: int) -> Case:
    name = f"{family}:{index}"
    n = number(name + ":n", 2, 40 if index % 3 == 0 else 700)
    more: dict[str, Any] = {}
    if family in ("circulant", "dodis"):
        prime = next(p for p in itertools.count(max(5, n)) if is_prime(p))  # 2 a primitive root or not
        n = prime - 1 if family == "circulant" else prime
        seed_bits = prime
        m = number(name + ":m", 1, n - 1)
    elif family == "toeplitz":
        m = number(name + ":m", 1, n - 1)
        seed_bits = n + m - 1
    elif family == "modified-toeplitz":
        m = number(name + ":m", 1, n - 1)
        seed_bits = n - 1
    elif family == "raz":
        r = [r for r in TRINOMIALS if r <= 1279][index % 8]
        n, seed_bits = 2 * r, r
        m = number(name + ":m", 1, r)
    elif family == "trevisan":
        # As cryptomite's plan has it: n bits of full min-entropy, error 2^-e; larger e for t = 256 and 512.
        longer, smaller = [(0, 1), (0, 1), (0, 1), (100, 15), (250, 44)][index % 5]
        n = number(name + ":n", 60, 250) + longer
        for e in range(smaller + number(name + ":e", 0, 7), 80):
            ext = Trevisan.plan(n, n, -e)
            more = {"log2_error": -e, "l": ext.l, "k": n}
            if ext.l in PRIMITIVE:
                break
        n, m, seed_bits = ext.n, ext.m, ext.seed_bits
    elif family == "rsh":
        more = {"l": 20 + index % 3}
        n, m, seed_bits = number(name + ":n", 140, 400), 1, 2 * more["l"]
    else:
        m, seed_bits = 0, 0
    return Case(n, m, more, bits_of(name + ":raw", n), bits_of(name + ":seed", seed_bits))


def polynomial(l: int) -> int:  # noqa: E741
    return 1 << l | sum(1 << e for e in PRIMITIVE[l]) | 1


def packed(values: list[int]) -> bytes:
    return bits.pack(np.array(values, np.uint8)).tobytes()


def unpacked(data: Any, count: int) -> list[int]:
    return [int(bit) for bit in bits.unpack(bytes(data), count)]


def chunks_reversed(values: list[int], size: int) -> list[int]:
    """Bits of each chunk of `size` backwards, the last one padded with zeros."""
    values = values + [0] * (-len(values) % size)
    return [bit for i in range(0, len(values), size) for bit in reversed(values[i : i + size])]


def rsh(case: Case) -> list[int]:
    """The one-bit extractor alone, as output 0 of Trevisan's: its seed bits stand at the places a t of the first block.

    randextract's first bit of a chunk is the highest power, ours the lowest.
    """
    l = case.more["l"]  # noqa: E741
    raw = chunks_reversed(case.raw, l)
    ext = Trevisan(len(raw), 1, l, polynomial(l))
    block = next(i for i, size in enumerate(ext.sizes) if size)
    log_t = design_degree(l)
    seed = np.zeros(ext.seed_bits, np.uint8)
    for a, bit in enumerate(chunks_reversed(case.seed, l)):
        seed[(block << 2 * log_t) + (a << log_t)] = bit
    return unpacked(ext.extract(packed(raw), bits.pack(seed)), 1)


def ours(family: str, case: Case) -> list[int]:
    if family == "von-neumann":
        return unpacked(*VonNeumann().extract(packed(case.raw), case.n))
    if family == "rsh":
        return rsh(case)
    made: Any = {
        "toeplitz": lambda: Toeplitz(case.n, case.m),
        "modified-toeplitz": lambda: ModifiedToeplitz(case.n, case.m),
        "circulant": lambda: Circulant(case.n, case.m, case.n + 1, any_prime=True),
        "dodis": lambda: Dodis(case.n, case.m, case.n, any_prime=True),
        "raz": lambda: Raz(case.n, case.m),
        "trevisan": lambda: Trevisan(case.n, case.m, case.more["l"], polynomial(case.more["l"])),
    }[family]()
    return unpacked(made.extract(packed(case.raw), packed(case.seed)), case.m)


def ask_cryptomite(family: str, case: Case) -> list[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptomite.circulant import Circulant as CirculantPeer
        from cryptomite.dodis import Dodis as DodisPeer
        from cryptomite.raz import Raz as RazPeer
        from cryptomite.toeplitz import Toeplitz as ToeplitzPeer
        from cryptomite.trevisan import Trevisan as TrevisanPeer
        from cryptomite.utils import von_neumann
    if family == "von-neumann":
        return [int(bit) for bit in von_neumann(case.raw)]
    if family == "trevisan":
        peer = TrevisanPeer(case.n, case.more["k"], 2.0 ** case.more["log2_error"])
        assert (peer.config.m, peer.config.l) == (case.m, case.more["l"])
        assert peer.ext.get_seed_length() == len(case.seed)
    else:
        peers = {"circulant": CirculantPeer, "dodis": DodisPeer, "raz": RazPeer, "toeplitz": ToeplitzPeer}
        peer = peers[family](case.n, case.m)
    return [int(bit) for bit in peer.extract(case.raw, case.seed)][: case.m]


def ask_randextract(family: str, case: Case) -> list[int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from galois import GF2, Poly
        from randextract import ModifiedToeplitzHashing, ToeplitzHashing
        from randextract.polynomial_hashing import PolynomialOneBitExtractor

        if family == "rsh":
            l = case.more["l"]  # noqa: E741
            peer = PolynomialOneBitExtractor(case.n, 2 * l, Poly.Degrees([l, *PRIMITIVE[l], 0]))
        else:
            peer = {"toeplitz": ToeplitzHashing, "modified-toeplitz": ModifiedToeplitzHashing}[family](case.n, case.m)
        out = peer.extract(GF2(case.raw), GF2(case.seed))
    return [int(bit) for bit in np.atleast_1d(np.array(out))]


ASK: dict[str, tuple[tuple[str, Callable[[str, Case], list[int]]], ...]] = {
    "toeplitz": (("cryptomite", ask_cryptomite), ("randextract", ask_randextract)),
    "modified-toeplitz": (("randextract", ask_randextract),),
    "circulant": (("cryptomite", ask_cryptomite),),
    "dodis": (("cryptomite", ask_cryptomite),),
    "raz": (("cryptomite", ask_cryptomite),),
    "trevisan": (("cryptomite", ask_cryptomite),),
    "rsh": (("randextract", ask_randextract),),
    "von-neumann": (("cryptomite", ask_cryptomite),),
}


@pytest.mark.parametrize(("family", "peer"), [(family, peer) for family, peers in ASK.items() for peer, _ in peers])
def test_a_hundred_cases_equal_the_peer(family, peer):
    pytest.importorskip(peer, reason=f"{peer} is not installed; its recorded answers are tested instead")
    ask = dict(ASK[family])[peer]
    for index in range(CASES):
        case = make(family, index)
        assert ours(family, case) == ask(family, case), (family, index)


@pytest.mark.parametrize("family", ASK)
def test_a_hundred_cases_equal_the_recorded_answers(family):
    answers = json.loads(ANSWERS.read_text())["answers"][family]
    assert len(answers) == CASES
    for index, answer in enumerate(answers):
        assert text(ours(family, make(family, index))) == answer, (family, index)


def test_the_cases_reach_the_designs_of_every_size():
    places = {design_degree(make("trevisan", index).more["l"]) for index in range(CASES)}
    assert places == {6, 7, 8, 9}


def text(values: list[int]) -> str:
    """Number of bits, and the packed bytes in hex."""
    return f"{len(values)}:{packed(values).hex()}" if values else "0:"


def record() -> None:
    """Ask the peers, which must agree where there are two, and write what they say."""
    answers = {}
    for family, peers in ASK.items():
        said = [[text(ask(family, make(family, index))) for index in range(CASES)] for _, ask in peers]
        assert all(other == said[0] for other in said)
        answers[family] = said[0]
    record = {"source": "cryptomite 0.3.0, randextract 0.2.2; bits and their packed bytes in hex", "answers": answers}
    ANSWERS.write_text(json.dumps(record, indent=0) + "\n")


if __name__ == "__main__":
    record()
