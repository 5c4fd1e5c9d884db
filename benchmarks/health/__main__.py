"""Prints the evaluation as Markdown: delays by degradation and method, false alarms, what passed the quarantine."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

import qrng
from benchmarks.health import adc, claims
from benchmarks.health.divergence import kl
from benchmarks.health.families import FAMILIES, LANES, Family
from benchmarks.health.hidden import HIDDEN
from benchmarks.health.methods import Method, detector, for_hidden, methods
from qrng import Samples
from qrng.health import Setting, coupling
from qrng.health.base import Piece
from qrng.health.context import EVERY, LOOK, ContextTest
from qrng.health.coupling import CouplingTest
from qrng.health.edetector import EDetector
from qrng.health.gate import DEFAULT_QUARANTINE
from qrng.health.registry import build

BEFORE = 1 << 14
"""Fair bits before the onset, less up to ANYWHERE of them."""
ANYWHERE = 1 << 12
"""The onset falls anywhere in the methods' blocks."""
ESTIMATED = 1 << 17
"""Degraded bits that the batch estimators of SP 800-90B are given."""

UNSEEN = 1 << 62
"""Later than any delay."""
ADC = "8-bit samples of Gaussian noise"

Found = dict[str, list[int | None]]


def delays(family: Family, found: list[Method], runs: int, n: int, seed: int) -> tuple[Found, float]:
    """Raw bits from onset to alarm of each method in each run, None where none came; the batch estimate of run 0."""
    rng = np.random.default_rng([seed, *family.name.encode()])
    before = rng.integers(0, 2, (runs, BEFORE - BEFORE % family.lanes), dtype=np.uint8)
    after = np.zeros((runs, n), np.uint8) if family.make is None else family.make(runs, n, rng)
    out: Found = {method.name: [] for method in found}
    batch: list[float] = []
    for row in np.concatenate([before, after], axis=1):
        skip = int(rng.integers(0, ANYWHERE)) // family.lanes * family.lanes
        if family.make is None:
            row[before.shape[1] :] = np.resize(row[skip : before.shape[1]], n)
        samples = Samples.from_symbols(row[skip:], 1, lanes=family.lanes)
        for method in found:
            at = method.find(samples)
            out[method.name].append(None if at is None else at + 1 + skip - before.shape[1])
        batch = batch or [qrng.assess(Samples.from_symbols(row[-n:][:ESTIMATED], 1)).min_entropy]
    return out, batch[0]


def cell(values: list[int | None], n: int) -> str:
    """Median / 95th percentile, and the share of runs without an alarm."""
    ordered = sorted(n if v is None else v for v in values)
    missed = sum(v is None for v in values)
    if missed * 2 > len(values):
        return f"– ({missed}/{len(values)} missed)"
    middle, late = quantile(ordered, 0.5), quantile(ordered, 0.95)
    text = f"{middle:,} / {late:,}" if late < n else f"{middle:,} / –"
    return text + (f" ({missed}/{len(values)} missed)" if missed else "")


def quantile(ordered: list[int], q: float) -> int:
    """The value below which a share q of the sorted ones lies."""
    return ordered[min(int(len(ordered) * q), len(ordered) - 1)]


Medians = dict[str, dict[str, int | None]]
"""Of each degradation, by method; None where more than half of the runs ended without an alarm."""


def median(values: list[int | None]) -> int | None:
    """The middle delay, None if more than half are missing."""
    missed = sum(v is None for v in values)
    return None if missed * 2 > len(values) else sorted(UNSEEN if v is None else v for v in values)[len(values) // 2]


def table(
    families: list[Family], methods: Callable[[int, int], list[Method]], log2: int, runs: int, n: int, seed: int
) -> tuple[Medians, Medians]:
    """One Markdown table for families of equally many lanes; returns median delays and median deficits of `all`."""
    medians: Medians = {}
    deficits: Medians = {}
    names = [method.name for method in methods(log2, families[0].lanes)]
    last = ("all, × limit", "deficit through quarantine", "90B estimate")
    print("| degradation | trained | " + " | ".join([*names, *last]) + " |")
    print("|---|---|" + "---|" * (len(names) + len(last)))
    for family in families:
        found, batch = delays(family, methods(log2, family.lanes), runs, n, seed)
        final = sorted(n if v is None else v for v in found["all"])
        limit = times_limit(median(found["all"]), family, log2)
        lost = 1 - (family.min_entropy or 0.0)
        passed = [round(max(v - DEFAULT_QUARANTINE, 0) * lost) for v in final]
        deficit = f"{quantile(passed, 0.5):,} / {quantile(passed, 0.95):,} / {passed[-1]:,}"
        cells = [cell(found[name], n) for name in names]
        trained = "yes" if family.trained else "no"
        print(
            f"| {family.name} | {trained} | " + " | ".join([*cells, limit, deficit, f"{batch:.3f}"]) + " |", flush=True
        )
        medians[family.name] = {name: median(found[name]) for name in names}
        deficits[family.name] = {"all": quantile(passed, 0.5)}
    return medians, deficits


def times_limit(delay: int | None, family: Family, log2: int) -> str:
    """The median delay over log2(run length) / divergence, and over the same with what nobody knows beforehand."""
    limit, fairer = family.limit(log2), family.limit(log2, family.unknown)
    if limit is None or fairer is None:
        return ""
    if delay is None:
        return "–"
    return f"{delay / limit:.2f}" + (f" ({delay / fairer:.2f})" if family.unknown else "")


def claims_tables(log2: int, runs: int, n: int, seed: int) -> Medians:
    """The rows of claims.py, a small table each."""
    family, _ = claims.below_claim()
    rng = np.random.default_rng([seed, *family.name.encode()])
    found: Found = {method.name: [] for method in claims.claim_methods(log2)}
    for _ in range(runs):
        assert family.make is not None
        skip = int(rng.integers(0, ANYWHERE))
        before = claims.at_its_claim(BEFORE - skip, rng)
        samples = Samples.from_symbols(np.concatenate([before, family.make(1, n, rng)[0]]), 1)
        for method in claims.claim_methods(log2):
            at = method.find(samples)
            found[method.name].append(None if at is None else at + 1 - len(before))
    print("| degradation | " + " | ".join(found) + " | all, × limit |")
    print("|---|" + "---|" * (len(found) + 1))
    cells = [cell(values, n) for values in found.values()]
    print(
        f"| {family.name} | " + " | ".join([*cells, times_limit(median(found["all"]), family, log2)]) + " |\n",
        flush=True,
    )
    medians: Medians = {family.name: {name: median(values) for name, values in found.items()}}

    name = f"neighbour in side data, {claims.BETRAYED}"
    rng = np.random.default_rng([seed, *name.encode()])
    found = {method.name: [] for method in claims.side_methods(log2)}
    for _ in range(runs):
        start = BEFORE - int(rng.integers(0, ANYWHERE))
        samples = claims.betrayed(start, n, rng)
        for method in claims.side_methods(log2):
            at = method.find(samples)
            found[method.name].append(None if at is None else at + 1 - start)
    times = quantile(sorted(n if v is None else v for v in found["all"]), 0.5) * kl(0.5 + claims.BETRAYED) / log2
    print("| degradation | " + " | ".join(found) + " | all, × limit |")
    print("|---|" + "---|" * (len(found) + 1))
    print(f"| {name} | " + " | ".join(cell(values, n) for values in found.values()) + f" | {times:.2f} |\n", flush=True)
    return medians | {name: {method: median(values) for method, values in found.items()}}


def summary(medians: Medians, deficits: Medians) -> None:
    """What the tables say of `all` against RCT and APT, and of what passed the quarantine."""
    reference, factors = ("RCT+APT", "RCT+APT lanes"), {}
    for name, found in medians.items():
        ours, theirs = found["all"], [delay for key in reference if (delay := found.get(key)) is not None]
        if theirs and ours is not None:
            factors[name] = ours / min(theirs)
    if "bias 0.55" in factors:
        print(f"At a bias of .55 `all` is {1 / factors['bias 0.55']:.1f} times as fast as RCT+APT.")
    if factors:
        worst = max(factors, key=lambda name: factors[name])
        print(
            f"Of the {len(factors)} degradations that RCT and APT find in half of the runs `all` takes the longest, "
            f"compared with them, on {worst}: {factors[worst]:.2f} times."
        )
    fast = [name for name in deficits if (delay := medians[name]["all"]) is not None and delay < 1 << 15]
    leaking = [name for name in fast if deficits[name]["all"]]
    print(
        f"Of {len(fast)} degradations with a median delay below 2^15 bits {len(leaking)} have a median deficit above 0"
        + (f": {', '.join(leaking)}." if leaking else ".")
    )


def looks_table(
    test: type[ContextTest] | type[CouplingTest], look: int, every: int, n: int, log2: int, runs: int, seed: int
) -> None:
    """A test as the default runs it, within n bits, the onset falling anywhere between two looks."""
    print(f"| degradation | {test.name}, {look:,} bits of every {every:,} |\n|---|---|")
    for family in HIDDEN:
        lanes = family.lanes
        heard = lanes == LANES if test is CouplingTest else "rule" in family.name or "equal" in family.name
        if family.make is None or not heard:
            continue
        rng = np.random.default_rng([seed, *family.name.encode()])
        found: list[int | None] = []
        at_once = runs if lanes == 1 else 1  # rules go bit by bit, all runs side by side; shots need no loop
        for after in (row for _ in range(0, runs, at_once) for row in family.make(at_once, n, rng)):
            onset = int(rng.integers(look, every)) // lanes * lanes
            stream = np.concatenate([rng.integers(0, 2, onset, dtype=np.uint8), after])
            at = detector(test, log2)(Samples.from_symbols(stream, 1, lanes=lanes))
            found.append(None if at is None else at + 1 - onset)
        print(f"| {family.name} | {cell(found, n)} |", flush=True)


def adc_table(log2: int, runs: int, n: int, seed: int) -> None:
    """Faults of an ADC: delays in samples of eight bits."""
    names = [method.name for method in adc.methods(log2)]
    print("| fault of an 8-bit ADC, delay in samples | in sight | limit | " + " | ".join(names) + " | all, × limit |")
    print("|---|---|---|" + "---|" * (len(names) + 1))
    for fault in adc.FAULTS:
        rng = np.random.default_rng([seed, *fault.name.encode()])
        found: Found = {name: [] for name in names}
        for _ in range(runs):
            stream = np.concatenate([adc.healthy(BEFORE, rng), fault.make(n, rng)])
            for method in adc.methods(log2):
                at = method.find(Samples.from_symbols(stream, 8))
                found[method.name].append(None if at is None else at + 1 - BEFORE)
        limit = log2 / fault.divergence
        times = quantile(sorted(n if v is None else v for v in found["all"]), 0.5) / limit
        cells = ["yes" if fault.in_sight else "no", f"{limit:,.0f}", *(cell(found[name], n) for name in names)]
        print(f"| {fault.name} | " + " | ".join(cells) + f" | {times:.2f} |", flush=True)


def at_its_claim(kind: str, claim: float, n: int, seed: str) -> npt.NDArray[np.uint8]:
    """`n` packed symbols of a source that meets its claim: never one likelier than 2^-claim, whatever came."""
    if kind == ADC:
        return adc.healthy(n, np.random.default_rng(list(seed.encode())))
    if kind == "CSPRNG":
        return np.frombuffer(hashlib.shake_256(seed.encode()).digest(n // 8), np.uint8)
    rng = np.random.default_rng(list(seed.encode()))
    bits = rng.random(n, np.float32) < np.float32(2.0**-claim)
    if kind == "Markov":
        bits = np.bitwise_xor.accumulate(~bits)  # repeats its last bit with probability 2^-claim
    return np.packbits(bits)


def null_share(kind: str, claim: float, lanes: int, runs: int, n: int, log2: int, seed: int) -> float:
    """Share of runs of `n` symbols of a source inside the claim in which evidence alarms."""
    alarms = 0
    width = 8 if kind == ADC else 1
    for run in range(runs):
        piece = Piece(Samples(at_its_claim(kind, claim, n, f"{seed} {kind} {claim} {lanes} {run}"), n, width, lanes))
        tests = build(Setting.of(width, lanes, claim, run_length_log2=log2))
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
    parser.add_argument("--only", default="", help="families whose names hold this, and no other table")
    chosen = parser.parse_args()
    print(
        f"Seed {chosen.seed}, {chosen.runs} runs, claim 1 bit, average run length 2^{chosen.run_length}; delay in raw "
        f"bits, median / 95th percentile, of {chosen.bits:,} bits watched. Limit: log2(run length) / divergence.\n"
    )
    medians: Medians = {}
    deficits: Medians = {}
    for families, compared in ((FAMILIES, methods), (HIDDEN, for_hidden)):
        for lanes in (1, LANES):
            some = [f for f in families if f.lanes == lanes and chosen.only in f.name]
            if some:
                rows = table(some, compared, chosen.run_length, chosen.runs, chosen.bits, chosen.seed)
                medians |= rows[0]
                deficits |= rows[1]
                print()
    if not chosen.only:
        medians |= claims_tables(chosen.run_length, chosen.runs, chosen.bits, chosen.seed)
    summary(medians, deficits)
    if chosen.only:
        return
    looks_table(ContextTest, LOOK, EVERY, 2 * EVERY, chosen.run_length, chosen.runs, chosen.seed)
    print()
    looks_table(CouplingTest, coupling.LOOK, coupling.EVERY, 1 << 24, chosen.run_length, chosen.runs, chosen.seed)
    print()
    print(f"Eight-bit samples of Gaussian noise, claim {adc.CLAIM} bits a sample; delay in samples.\n")
    adc_table(chosen.run_length, chosen.runs, chosen.bits // 4, chosen.seed)
    print()
    n, log2 = 1 << 22, 24
    print("| source inside its claim | runs | share with an alarm | bound |")
    print("|---|---|---|---|")
    nulls = (("CSPRNG", 1.0, 1), ("CSPRNG", 1.0, 20), ("independent", 0.9, 1), ("Markov", 0.9, 1), (ADC, 6.23, 1))
    for kind, claim, lanes in nulls:
        share = null_share(kind, claim, lanes, chosen.null_runs, n, log2, chosen.seed)
        print(
            f"| {kind}, claim {claim}, {lanes} lanes | {chosen.null_runs} | {share:.4f} | {n / 2**log2:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
