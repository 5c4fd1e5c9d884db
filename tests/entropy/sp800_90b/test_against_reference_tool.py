"""Odd sequences through the reference tool itself, where QRNG_PEER_EA_NON_IID names a built ea_non_iid."""

import os
import re
import subprocess

import numpy as np
import pytest

from qrng.entropy.sp800_90b.tracks import run
from qrng.samples import Samples

rng = np.random.default_rng(77)


def skewed(n: int, alphabet: int, zeros: float) -> np.ndarray:
    return np.where(rng.random(n) < zeros, 0, rng.integers(0, alphabet, n))


SEQUENCES = {
    "alphabet with wide gaps": np.array([3, 17, 40, 200, 255])[rng.integers(0, 5, 300_000)],
    "two symbols in a wide word": np.array([5, 250])[rng.integers(0, 5, 200_000) // 2 % 2],
    "length not divisible by 6": rng.integers(0, 2, 100_001),
    "biased, length not divisible by 6": (rng.random(123_457) < 0.8).astype(int),
    "long repeat": np.tile(rng.integers(0, 256, 9000), 3),
    "long repeat of bits": np.tile(rng.integers(0, 2, 70_001), 2),
    "periodic": np.arange(50_000) % 7,
    "5000 bytes": rng.integers(0, 256, 5000),
    "5000 of three symbols": rng.integers(0, 3, 5000),
    "2^20 + 3 bits": rng.integers(0, 2, 2**20 + 3),
    "2^20 + 3 of five bits": rng.integers(0, 32, 2**20 + 3),
    "rarely more than zero": skewed(400_000, 256, 0.9),
    "99 percent ones": (rng.random(300_000) < 0.99).astype(int),
    "walk": np.cumsum(rng.integers(0, 2, 500_000) * 2 - 1) % 97,
    "129 symbols": rng.integers(0, 129, 300_000),
    "zeros, then noise": np.concatenate([np.zeros(100_000, int), rng.integers(0, 2, 100_000)]),
    "runs": np.repeat(rng.integers(0, 5, 30_000), rng.integers(1, 30, 30_000)),
}

NAMES = {
    "Most Common Value": "most_common_value",
    "t-Tuple": "t_tuple",
    "LRS": "lrs",
    "MultiMCW Prediction": "multi_mcw",
    "Lag Prediction": "lag",
    "MultiMMC Prediction": "multi_mmc",
    "LZ78Y Prediction": "lz78y",
}


@pytest.mark.trial
@pytest.mark.parametrize(("track", "flag"), [("non-iid", "-i"), ("conditioned", "-c")])
@pytest.mark.parametrize("name", SEQUENCES)
def test_min_entropies_and_counts_agree(name, track, flag, tmp_path):
    tool = os.environ.get("QRNG_PEER_EA_NON_IID")
    if not tool:
        pytest.skip("QRNG_PEER_EA_NON_IID is not set: the reference tool is not here")
    symbols = SEQUENCES[name].astype(np.uint8)
    symbols.tofile(tmp_path / "symbols.bin")
    printed = subprocess.run(
        [tool, flag, "-a", "-vv", str(tmp_path / "symbols.bin")], capture_output=True, text=True, check=True
    ).stdout
    width = int(symbols.max()).bit_length()
    outcome = run(Samples.from_symbols(symbols, width), track)
    seen = {(estimate.on, estimate.name): estimate for estimate in outcome.estimates}
    found = set()
    for on, title, key, value in re.findall(r"^(Literal|Bitstring) (.*) Estimate: (.*) = (\S+)$", printed, re.M):
        estimate = seen[on.lower(), NAMES.get(title, title.lower())]
        if key == "min entropy":
            assert estimate.min_entropy == pytest.approx(float(value), abs=1e-12, rel=0), (title, on)
            found.add((estimate.on, estimate.name))
        elif key in ("v", "t", "u", "C", "r", "N"):
            assert estimate.details[key] == int(value), (title, on, key)
    assert found == set(seen)
    assessed = float(re.search(r"Assessed min entropy: (\S+)", printed)[1])
    assert outcome.min_entropy == pytest.approx(assessed, abs=width * 1e-12, rel=0)
