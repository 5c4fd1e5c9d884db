"""Bits that the tests compute themselves, and the golden files, found through QRNG_TEST_DATA only."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nist_sts import Sequence

BITS = 1_000_000


def _e(k: int, end: int) -> tuple[int, int]:
    """P/Q = 1/k + 1/(k(k+1)) + ... up to 1/(k ... (end-1)), by binary splitting."""
    if end - k == 1:
        return 1, k
    middle = (k + end) // 2
    p1, q1 = _e(k, middle)
    p2, q2 = _e(middle, end)
    return p1 * q2 + p2, q1 * q2


def _chudnovsky(a: int, b: int) -> tuple[int, int, int]:
    """P, Q, T of the Chudnovsky series for terms a+1 to b."""
    if b - a == 1:
        p = (6 * b - 5) * (2 * b - 1) * (6 * b - 1)
        q = b**3 * 10939058860032000
        return p, q, (-1) ** b * p * (13591409 + 545140134 * b)
    middle = (a + b) // 2
    p1, q1, t1 = _chudnovsky(a, middle)
    p2, q2, t2 = _chudnovsky(middle, b)
    return p1 * p2, q1 * q2, t1 * q2 + p1 * t2


def _reciprocal(b: int) -> int:
    """1/b times a power of two, right to over BITS + 64 bits, by Newton's rule: multiplications alone."""
    k, size = 64, b.bit_length()
    r = (1 << 2 * k) // (b >> (size - k))
    while k < BITS + 64:
        k *= 2
        top = b >> (size - k) if size >= k else b << (k - size)
        r <<= k // 2
        r = 2 * r - (top * r * r >> 2 * k)
    return r


def _first_bits(scaled: int) -> bytes:
    """The first BITS bits of an integer, packed."""
    return (scaled >> (scaled.bit_length() - BITS)).to_bytes(BITS // 8, "big")


@pytest.fixture(scope="session")
def pi_bits() -> bytes:
    """First 10^6 bits of the binary expansion of pi, integer part included."""
    guard = BITS + 64
    _, q, t = _chudnovsky(0, guard // 47 + 2)  # each term gives 47 bits
    return _first_bits(426880 * math.isqrt(10005 << 2 * guard) * q * _reciprocal(13591409 * q + t))


@pytest.fixture(scope="session")
def e_bits() -> bytes:
    """First 10^6 bits of the binary expansion of e, integer part included."""
    p, q = _e(1, 70_000)  # 70,000! has over 1,020,000 bits
    return _first_bits((q + p) * _reciprocal(q))


@pytest.fixture(scope="session")
def sqrt2_bits() -> bytes:
    """First 10^6 bits of the binary expansion of the square root of 2."""
    return _first_bits(math.isqrt(2 << 2 * BITS))


@pytest.fixture(scope="session")
def sqrt3_bits() -> bytes:
    """First 10^6 bits of the binary expansion of the square root of 3."""
    return _first_bits(math.isqrt(3 << 2 * BITS))


@pytest.fixture(scope="session")
def constants(pi_bits: bytes, e_bits: bytes, sqrt2_bits: bytes, sqrt3_bits: bytes) -> dict[str, Sequence]:
    """The four expansions of SP 800-22's appendix B as sequences of 10^6 bits."""
    return {
        "pi": Sequence(pi_bits),
        "e": Sequence(e_bits),
        "sqrt2": Sequence(sqrt2_bits),
        "sqrt3": Sequence(sqrt3_bits),
    }


@pytest.fixture(scope="session")
def golden() -> dict[str, dict[str, list[float]]]:
    """P-values of NIST STS 2.1.2 by test, for pi, e and two generated files, from QRNG_TEST_DATA."""
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: no golden p-values of NIST STS")
    data = json.loads((Path(folder) / "golden" / "sp800_22.json").read_text())
    files = {name.split(" ")[0]: tests for name, tests in data["files"].items()} | data["generated"]
    return {
        name: {test: [float(p) for p in values] for test, values in tests.items() if isinstance(values, list)}
        for name, tests in files.items()
    }


@pytest.fixture(scope="session")
def golden_reports() -> dict[str, str]:
    """NIST STS 2.1.2's finalAnalysisReport.txt for pi and e, from QRNG_TEST_DATA."""
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: no golden report of NIST STS")
    data = json.loads((Path(folder) / "golden" / "sp800_22.json").read_text())
    return {name.split(" ")[0]: tests["finalAnalysisReport"] for name, tests in data["files"].items()}


@pytest.fixture(scope="session")
def exact() -> dict[str, Any]:
    """Exact probabilities and corrected p-values, computed independently, from QRNG_TEST_DATA."""
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: no independent exact probabilities")
    data: dict[str, Any] = json.loads((Path(folder) / "golden" / "sp800_22_exact.json").read_text())
    return data


@pytest.fixture(scope="session")
def generated() -> dict[str, Sequence]:
    """Two files of 10^6 bits from numpy's PCG64 raw output: fair bits, and ones with probability 0.6."""

    def below(seed: int, thousandths: int) -> Sequence:
        raw = np.random.PCG64(seed).random_raw(BITS)
        return Sequence(np.packbits(raw < np.uint64((2**64 // 1000) * thousandths)))

    return {"bits_fair": below(11, 500), "bits_060": below(12, 600)}


@pytest.fixture(scope="session")
def example_100() -> Sequence:
    """The 100 bits of the examples 2.1.8, 2.2.8, 2.3.8, 2.12.8 and 2.13.8: the expansion of pi."""
    return Sequence.from_string(
        "1100100100001111110110101010001000100001011010001100001000110100110001001100011001100010100010111000"
    )
