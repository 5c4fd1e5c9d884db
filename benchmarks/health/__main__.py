"""Prints the evaluation as Markdown: delays by degradation and method, false alarms, what passed the quarantine."""

from __future__ import annotations

import argparse
import hashlib

import numpy as np

from benchmarks.health.families import FAMILIES, Family
from benchmarks.health.methods import Method, methods
from qrng import Samples
from qrng.health import Setting
from qrng.health.base import Piece
from qrng.health.edetector import EDetector
from qrng.health.gate import DEFAULT_QUARANTINE
from qrng.health.registry import build

BEFORE = 1 << 14
"""Fair bits before the onset."""


def delays(family: Family, found: list[Method], runs: int, n: int, seed: int) -> dict[str, list[int | None]]:
    """Raw bits from onset to alarm of each method in each run; None where none came."""
    rng = np.random.default_rng([seed, *family.name.encode()])
    before = rng.integers(0, 2, (runs, BEFORE - BEFORE % family.lanes), dtype=np.uint8)
    streams = np.concatenate([before, family.make(runs, n, rng)], axis=1)
    out: dict[str, list[int | None]] = {method.name: [] for method in found}
    for stream in streams:
        samples = Samples.from_symbols(stream, 1, lanes=family.lanes)
        for method in found:
            at = method.find(samples)
            out[method.name].append(None if at is None else at + 1 - before.shape[1])
    return out


def cell(values: list[int | None], n: int) -> str:
    """Median / 95th percentile, and the share of runs without an alarm."""
    ordered = sorted(n if v is None else v for v in values)
    missed = sum(v is None for v in values)
    middle, late = ordered[len(ordered) // 2], ordered[min(len(ordered) * 19 // 20, len(ordered) - 1)]
    if missed * 2 > len(values):
        return f"– ({missed}/{len(values)} missed)"
    text = f"{middle:,} / {late:,}" if late < n else f"{middle:,} / –"
    return text + (f" ({missed}/{len(values)} missed)" if missed else "")


def table(lanes: bool, log2: int, runs: int, n: int, seed: int) -> None:
    """One Markdown table for streams of one lane, or of many."""
    chosen = [family for family in FAMILIES if (family.lanes > 1) == lanes]
    names = [method.name for method in methods(log2, chosen[0].lanes)]
    print("| degradation | trained | " + " | ".join(names) + " | all, × limit | through quarantine |")
    print("|---|---|" + "---|" * (len(names) + 2))
    for family in chosen:
        found = delays(family, methods(log2, family.lanes), runs, n, seed)
        final = sorted(n if v is None else v for v in found["all"])
        limit = "" if family.divergence is None else f"{final[len(final) // 2] * family.divergence / log2:.2f}"
        through = sorted(max(v - DEFAULT_QUARANTINE, 0) for v in final)
        passed = f"{through[len(through) // 2]:,} / {through[-1]:,}"
        cells = [cell(found[name], n) for name in names]
        print(
            f"| {family.name} | {'yes' if family.trained else 'no'} | " + " | ".join(cells) + f" | {limit} | {passed} |"
        )


def null_share(claim: float, lanes: int, runs: int, n: int, log2: int, seed: int) -> float:
    """Share of runs of `n` symbols that alarm, of the least favourable source inside the claim (fair at one bit)."""
    alarms = 0
    for run in range(runs):
        key = f"{seed} {claim} {lanes} {run}".encode()
        if claim == 1:
            packed = np.frombuffer(hashlib.shake_256(key).digest(n // 8), np.uint8)
        else:
            rng = np.random.default_rng(list(key))
            packed = np.packbits(rng.random(n, np.float32) < np.float32(2.0**-claim))
        piece = Piece(Samples(packed, n, 1, lanes))
        tests = build(Setting.of(1, lanes, claim, run_length_log2=log2))
        hits = [test.update(piece, 0) for test in tests if isinstance(test, EDetector)]
        alarms += any(hit is not None for hit in hits)
    return alarms / runs


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--bits", type=int, default=1 << 19, help="bits after onset")
    parser.add_argument("--run-length", type=int, default=30, help="log2 of the average run length to a false alarm")
    parser.add_argument("--null-runs", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print(
        f"Seed {chosen.seed}, {chosen.runs} runs, claim 1 bit, average run length 2^{chosen.run_length}; delay in raw "
        f"bits, median / 95th percentile, of {chosen.bits:,} bits watched. Limit: log2(run length) / divergence.\n"
    )
    for lanes in (False, True):
        table(lanes, chosen.run_length, chosen.runs, chosen.bits, chosen.seed)
        print()
    n, log2 = 1 << 22, 24
    print("| source inside its claim | runs | share with an alarm | bound |")
    print("|---|---|---|---|")
    for name, claim, lanes in (("CSPRNG", 1.0, 1), ("CSPRNG", 1.0, 20), ("independent bits at the claim", 0.9, 1)):
        share = null_share(claim, lanes, chosen.null_runs, n, log2, chosen.seed)
        print(f"| {name}, claim {claim}, {lanes} lanes | {chosen.null_runs} | {share:.4f} | {n / 2**log2:.2f} |")


if __name__ == "__main__":
    main()
