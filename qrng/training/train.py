"""Trains the network and writes the artefact: weights.npz (no pickle) and manifest.json with its hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qrng.artefact import write
from qrng.health.learned.artefact import SCHEMA
from qrng.training.families import BLOCK, FAMILIES, Floats, sequences
from qrng.training.network import HIDDEN, INPUTS, SCALES, TAPS, inputs, loss_and_gradient, stakes, start

__all__ = ["make", "null_mean_payoff", "train"]

SEED = 20260223
SEQUENCES, BLOCKS, BATCH, STEPS = 1000, 1024, 32768, 5000


def train(seed: int = SEED, steps: int = STEPS) -> Floats:
    """Weights after `steps` steps of Adam (Kingma, Ba 2015); the same seed gives the same weights."""
    rng = np.random.default_rng(seed)
    ones, size = sequences(SEQUENCES, BLOCKS, rng)
    z = inputs(ones).reshape(-1, INPUTS)
    sizes = np.repeat(size, BLOCKS)
    flat = ones.reshape(-1)
    weights = start(rng)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        rows = rng.integers(0, len(flat), BATCH)
        _, gradient = loss_and_gradient(weights, z[rows], flat[rows], sizes[rows])
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        rate = 0.01 * (1 - step / (steps + 1))
        weights = weights - rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights.astype(np.float32).astype(np.float64)


def null_mean_payoff(weights: Floats, seed: int = SEED + 1, sequences_: int = 2000) -> tuple[float, float]:
    """Mean payoff of a block over fair bits, and its standard error: within the theorem it is at most 1."""
    rng = np.random.default_rng(seed)
    ones = rng.binomial(BLOCK, 0.5, (sequences_, 256)).astype(np.float64)
    stake = stakes(weights, inputs(ones).reshape(-1, INPUTS))
    flat = ones.reshape(-1)
    payoff = np.exp(flat * np.log1p(2 * stake) + (BLOCK - flat) * np.log1p(-2 * stake))
    return float(payoff.mean()), float(payoff.std() / np.sqrt(payoff.size))


def make(folder: Path, seed: int = SEED, steps: int = STEPS) -> dict[str, Any]:
    """Train, and write weights.npz and manifest.json into `folder`; returns the manifest."""
    weights = train(seed, steps)
    mean, error = null_mean_payoff(weights)
    facts = {
        "schema": SCHEMA,
        "seed": seed,
        "steps": steps,
        "families": list(FAMILIES),
        "scales": SCALES,
        "taps": TAPS,
        "hidden": HIDDEN,
        "null_mean_payoff": mean,
        "null_mean_payoff_standard_error": error,
    }
    return write(folder / "weights.npz", folder / "manifest.json", {"weights": weights}, facts)
