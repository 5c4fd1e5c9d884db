"""Tried, and not in the product: a recurrent network as learned bettor. `python -m benchmarks.health.recurrent`.

A gated recurrent unit (Cho et al., EMNLP 2014) of 16 units reads the present bettor's sums of (ones - zeros) on
eight scales, block after block, and sets the stake on the next block: what the present network sees and a memory
of its own. Trained on the same families, with the same loss, by backpropagation through 128 blocks; evaluated on
the same parities with the same three stakes and blocks. numpy and one seed: the same weights on one machine.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.health.__main__ import BEFORE, cell
from benchmarks.health.families import FAMILIES, Bits
from benchmarks.health.hidden import HIDDEN
from benchmarks.health.methods import LearnedTest, detector
from qrng import Samples
from qrng.training.descent import Adam
from qrng.training.families import BLOCK, Floats, sequences
from qrng.training.network import LIMIT, SCALES, inputs

UNITS, STEPS, BATCH, SPAN = 16, 2000, 100, 128
SIZES = np.cumsum([UNITS * (SCALES + UNITS)] * 3)
PARITIES = ((), (1,), (2,), (8,), (16,), (1, 2))
Parts = tuple[Floats, Floats, Floats, Floats]


def parts(weights: Floats) -> Parts:
    """Update gate, reset gate, candidate (UNITS, SCALES + UNITS), and the output."""
    update, reset, candidate, out = np.split(weights, SIZES)
    shape = (UNITS, SCALES + UNITS)
    return update.reshape(shape), reset.reshape(shape), candidate.reshape(shape), out


def logistic(v: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(v / 2), np.float64)


def step(p: Parts, z: Floats, h: Floats) -> tuple[Floats, tuple[Floats, ...]]:
    """The state after one block's inputs z (rows, SCALES), and what its gradient needs."""
    both = np.concatenate([z, h], axis=1)
    u, r = logistic(both @ p[0].T), logistic(both @ p[1].T)
    held = np.concatenate([z, r * h], axis=1)
    c = np.tanh(held @ p[2].T)
    return h + u * (c - h), (both, held, u, r, c, h)


def stake_of(p: Parts, h: Floats) -> tuple[Floats, Floats]:
    v = h @ p[3]
    return LIMIT * v / (1 + np.abs(v)), LIMIT / (1 + np.abs(v)) ** 2


def gradient(weights: Floats, z: Floats, ones: Floats, size: Floats) -> Floats:
    """Of the mean over blocks of -(log payoff) / (2 BLOCK size^2), as in qrng/training/network.py."""
    p = parts(weights)
    out = [np.zeros_like(part) for part in p]
    h, kept, slopes = np.zeros((len(z), UNITS)), [], []
    for t in range(z.shape[1]):
        h, needs = step(p, z[:, t], h)
        stake, by = stake_of(p, h)
        won = ones[:, t]
        slope = 2 * won / (1 + 2 * stake) - 2 * (BLOCK - won) / (1 - 2 * stake)
        slopes.append(-slope * by / (2 * BLOCK * size**2) / ones.size)
        kept.append((needs, h))
    by_h = np.zeros_like(h)
    for (both, held, u, r, c, before), after in reversed(kept):
        slope = slopes.pop()
        out[3] += slope @ after
        by_h = by_h + np.outer(slope, p[3])
        by_u = by_h * (c - before) * u * (1 - u)
        by_c = by_h * u * (1 - c * c)
        by_held = by_c @ p[2]
        by_r = by_held[:, SCALES:] * before * r * (1 - r)
        out[0] += by_u.T @ both
        out[1] += by_r.T @ both
        out[2] += by_c.T @ held
        by_h = by_h * (1 - u) + by_held[:, SCALES:] * r + (by_u @ p[0] + by_r @ p[1])[:, SCALES:]
    return np.concatenate([part.ravel() for part in out])


def train(seed: int, steps: int) -> Floats:
    rng = np.random.default_rng(seed)
    ones, size = sequences(1000, 1024, rng)
    z = inputs(ones)[:, :, :SCALES]
    weights = rng.normal(0, 0.2, SIZES[-1] + UNITS)
    by = Adam(len(weights), 0.01)
    for k in range(steps):
        rows, at = rng.integers(0, len(ones), BATCH), int(rng.integers(0, 1024 - SPAN))
        turn = rng.choice([-1.0, 1.0], BATCH)[:, None]  # every bit turned over, in half of them
        won = BLOCK / 2 + turn * (ones[rows, at : at + SPAN] - BLOCK / 2)
        slope = gradient(weights, turn[:, :, None] * z[rows, at : at + SPAN], won, size[rows])
        weights = by.step(weights, slope / max(1.0, float(np.linalg.norm(slope))), 1 - k / steps)
    return weights


def find(weights: Floats, streams: Bits, log2: float) -> list[int | None]:
    """Index of the first alarm of each row; e-detectors of six parities and three stakes with equal weights."""
    p, n = parts(weights), streams.shape[1] // BLOCK
    counts = []
    for lags in PARITIES:
        y = streams.copy()
        for lag in lags:
            y[:, lag:] ^= streams[:, :-lag]
        counts.append(y[:, : n * BLOCK].reshape(len(y), n, BLOCK).sum(axis=2))
    ones = np.concatenate(counts).astype(np.float64)
    z = inputs(ones)[:, :, :SCALES]
    h = np.zeros((len(ones), UNITS))
    log_m = np.full((3, len(ones)), -np.inf)
    found: list[int | None] = [None] * len(streams)
    for t in range(n):
        h, _ = step(p, z[:, t], h)
        stake = np.clip(np.array([0.5, 1, 2])[:, None] * stake_of(p, h)[0], -LIMIT, LIMIT)
        won = ones[:, t] * np.log2(1 + 2 * stake) + (BLOCK - ones[:, t]) * np.log2(1 - 2 * stake)
        log_m = won + np.logaddexp2(log_m, np.log2(BLOCK))
        total = np.logaddexp2.reduce(log_m.reshape(3 * len(PARITIES), -1)) - np.log2(3 * len(PARITIES))
        for run in np.flatnonzero(total >= log2):
            found[run] = (t + 1) * BLOCK - 1 if found[run] is None else found[run]
    return found


def main() -> None:
    """Print delays in raw bits, median / 95th percentile, as the tables of `python -m benchmarks.health` do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health.recurrent", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--bits", type=int, default=1 << 18)
    parser.add_argument("--run-length", type=int, default=30)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    start = time.process_time()
    weights = train(chosen.seed, chosen.steps)
    print(f"{len(weights)} weights, trained in {time.process_time() - start:.0f} s of processor time.\n")
    present = detector(LearnedTest, chosen.run_length)
    print("| degradation | trained | learned | recurrent |\n|---|---|---|---|")
    for family in (family for family in FAMILIES + HIDDEN if family.lanes == 1 and family.make):
        assert family.make is not None
        rng = np.random.default_rng([chosen.seed, *family.name.encode()])
        fair = rng.integers(0, 2, (chosen.runs, BEFORE), dtype=np.uint8)
        streams = np.concatenate([fair, family.make(chosen.runs, chosen.bits, rng)], axis=1)
        hits = [present(Samples.from_symbols(row, 1)) for row in streams], find(weights, streams, chosen.run_length)
        cells = [cell([None if at is None else at + 1 - BEFORE for at in found], chosen.bits) for found in hits]
        print(f"| {family.name} | {'yes' if family.trained else 'no'} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
