"""Tried, and not in the product: a mixture over lanes learned online. `python -m benchmarks.health.lane_mixture`.

Each lane has weights on the last bit of every lane (its own too) and, if asked for, on all products of two of them;
they foretell its next bit by a logistic function and are learned online, each with a step that shrinks with what it
has seen down to one of two floors, as in csrc/health/side.c. All and half of each belief is staked. A lane's bets
make an e-detector of their own, which other lanes' bits don't disturb, and all lanes' bets together another. All of
them have equal weights. numpy, all runs side by side; the floors were set before any row was looked at.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.health.__main__ import BEFORE, cell
from benchmarks.health.families import FAMILIES, LANES, Bits
from benchmarks.health.hidden import HIDDEN

FLOORS = np.array([2048.0, 32768.0])
"""Precision of a weight at most: it remembers some four times as many bits of its lane."""


def find(streams: Bits, lanes: int, products: bool, threshold: float) -> list[int | None]:
    """Index of the first alarm of each row, at a claim of one bit."""
    runs, n = streams.shape
    pairs = np.triu_indices(lanes, 1)
    terms = 1 + lanes + (len(pairs[0]) if products else 0)
    signs = streams.astype(np.float64) * 2 - 1
    last = np.zeros((runs, lanes))
    x = np.ones((runs, terms))
    weights = np.zeros((lanes, len(FLOORS), runs, terms))
    shares = np.array([1.0, 0.5])[:, None, None]
    by_lane = np.zeros((lanes, 2, len(FLOORS), runs))
    whole = np.zeros((2, len(FLOORS), runs))
    found: list[int | None] = [None] * runs
    for t in range(n):
        lane = t % lanes
        x[:, 1 : lanes + 1] = last
        if products:
            x[:, lanes + 1 :] = last[:, pairs[0]] * last[:, pairs[1]]
        w, bit = weights[lane], signs[:, t]
        off = np.tanh(np.clip(np.einsum("rk,frk->fr", x, w), -15, 15) / 2)  # belief in a one: (1 + off) / 2
        paid = 1 + shares * off * bit  # q / (1/2)
        by_lane[lane] = paid * (by_lane[lane] + (1 if t < lanes else lanes))
        whole = paid * (whole + 1)
        precision = np.minimum(32 + 2.0 * terms + 0.25 * (t // lanes), FLOORS)
        w += ((bit - off) / 2 / precision[:, None])[:, :, None] * x
        last[:, lane] = bit
        if t % lanes == lanes - 1:
            total = by_lane.mean(axis=(0, 1, 2)) / 2 + whole.mean(axis=(0, 1)) / 2
            for run in np.flatnonzero(total >= threshold):
                found[run] = t if found[run] is None else found[run]
            if None not in found:
                break
    return found


def main() -> None:
    """Print delays in raw bits, median / 95th percentile, as the tables of `python -m benchmarks.health` do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health.lane_mixture", description=__doc__)
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--bits", type=int, default=1 << 18)
    parser.add_argument("--run-length", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print("| degradation | last bits of lanes | and their products |\n|---|---|---|")
    before = BEFORE - BEFORE % LANES
    for family in (family for family in FAMILIES + HIDDEN if family.lanes == LANES and family.make):
        assert family.make is not None
        rng = np.random.default_rng([chosen.seed, *family.name.encode()])
        fair = rng.integers(0, 2, (chosen.runs, before), dtype=np.uint8)
        streams = np.concatenate([fair, family.make(chosen.runs, chosen.bits, rng)], axis=1)
        cells = []
        for products in (False, True):
            hits = find(streams, LANES, products, 2.0**chosen.run_length)
            cells.append(cell([None if at is None else at + 1 - before for at in hits], chosen.bits))
        print(f"| {family.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
