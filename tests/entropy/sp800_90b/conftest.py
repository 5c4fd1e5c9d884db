"""Symbol sequences that any implementation can remake, and what the reference tool says of them.

Each sequence is made by integer arithmetic from the raw 64-bit output of numpy's PCG64, so that it is the same on
every machine; `expected.json` holds its SHA-256 (one symbol a byte) and the results of the NIST reference tool
(usnistgov/SP800-90B_EntropyAssessment, version 1.1.7, commit 68ed165; -i -a -vv).
"""

import functools
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MILLION = 1_000_000


def words(seed: int, n: int = MILLION) -> np.ndarray:
    return np.random.PCG64(seed).random_raw(n)


def coin(seed: int, per_mille: int) -> np.ndarray:
    """1 with probability per_mille / 1000."""
    return (words(seed) < np.uint64(2**64 // 1000 * per_mille)).astype(np.uint8)


def markov_chain(seed: int, change_per_mille: int) -> np.ndarray:
    """A bit that changes with the given probability: parity of the number of changes so far."""
    return np.cumsum(coin(seed, change_per_mille), dtype=np.int64).astype(np.uint8) & 1


def geometric() -> np.ndarray:
    """Trailing zero bits of a word, at most 15: value k has probability 2^-(k+1)."""
    low_zeros = np.arange(1, 16, dtype=np.uint64)
    masks = (np.uint64(1) << low_zeros) - np.uint64(1)
    return sum((words(16) & mask == 0).astype(np.uint8) for mask in masks)


def bell() -> np.ndarray:
    """Sum of the eight lowest 5-bit fields of a word: 0 to 248, bell-shaped."""
    u = words(17)
    return sum((u >> np.uint64(5 * k)) % np.uint64(32) for k in range(8)).astype(np.uint8)


def gaps() -> np.ndarray:
    """Four equally likely symbols out of eight: 0, 2, 5, 7."""
    return np.array([0, 2, 5, 7], np.uint8)[words(18) >> np.uint64(62)]


def sawtooth() -> np.ndarray:
    """A ramp of period 1000 and height 200 with five bits of noise on top."""
    ramp = np.arange(MILLION) % 1000 // 5
    return (ramp.astype(np.uint64) + (words(19) >> np.uint64(59))).astype(np.uint8)


def walk() -> np.ndarray:
    """A random walk with steps of one, reflected at 0 and 63."""
    steps = 2 * coin(20, 500).astype(np.int64) - 1
    phase = (np.cumsum(steps) + 10_000_000) % 126
    return np.minimum(phase, 126 - phase).astype(np.uint8)


def noisy_pattern() -> np.ndarray:
    """The bits 1001110100011 again and again, each flipped with probability 0.2."""
    pattern = np.array([1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1], np.uint8)
    return np.resize(pattern, MILLION) ^ coin(21, 200)


RECIPES: dict[str, Callable[[], np.ndarray]] = {
    "bits_fair": lambda: coin(11, 500),
    "bits_060": lambda: coin(12, 600),
    "bits_090": lambda: coin(13, 900),
    "bits_markov_060": lambda: markov_chain(14, 400),
    "sym8_uniform": lambda: (words(15) >> np.uint64(56)).astype(np.uint8),
    "sym4_geometric": geometric,
    "sym8_bell": bell,
    "sym3_gaps": gaps,
    "sym8_sawtooth_noise": sawtooth,
    "sym6_walk": walk,
    "bits_period_noise": noisy_pattern,
    "sym8_short": lambda: (words(22, 20_000) >> np.uint64(56)).astype(np.uint8),
}


@functools.cache
def make(name: str) -> np.ndarray:
    symbols = RECIPES[name]()
    symbols.flags.writeable = False
    return symbols


@pytest.fixture(scope="session")
def recipe() -> Callable[[str], np.ndarray]:
    """The sequence of a name, one symbol a byte, checked against its SHA-256 where one is known."""
    return make


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """Results of the reference tool by sequence, sequence kind and estimator."""
    text = (Path(__file__).parent / "expected.json").read_text()
    table: dict[str, Any] = json.loads(text)["sequences"]
    for name, known in table.items():
        assert hashlib.sha256(make(name).tobytes()).hexdigest() == known["sha256"], name
    return table


@pytest.fixture(scope="session")
def reference_samples() -> Callable[[str], tuple[np.ndarray, dict[str, Any]]]:
    """Sample files of the reference tool with its results; skips where the optional data are absent."""
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: the reference tool's sample files are not here")
    golden = json.loads((Path(folder) / "golden" / "sp800_90b.json").read_text())["samples"]

    def load(name: str) -> tuple[np.ndarray, dict[str, Any]]:
        return np.fromfile(Path(folder) / "captures" / name, np.uint8), golden[name]

    return load
