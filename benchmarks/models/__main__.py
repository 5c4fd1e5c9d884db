"""Prints, as Markdown, what each model of windows tells apart, how soon it alarms, what it costs."""

from __future__ import annotations

import argparse
import time

import numpy as np
import numpy.typing as npt

from benchmarks.models.worlds import WORLDS, World
from qrng import Samples
from qrng.health import Setting
from qrng.health.base import HealthTest, Piece
from qrng.health.models.features import FEATURES, features
from qrng.health.models.maps import feature_map
from qrng.health.models.model import KINDS, Model, fidelities, standardised
from qrng.health.registry import build
from qrng.health.score import Calibration, ScoreTest
from qrng.quantum.circuits import states
from qrng.training.models import fit

BEFORE = 32
"""Healthy windows before the onset."""


def auc(healthy: npt.NDArray[np.float64], bad: npt.NDArray[np.float64]) -> float:
    """Chance that a degraded window scores above a healthy one, ties counting half."""
    return float((bad[:, None] > healthy).mean() + (bad[:, None] == healthy).mean() / 2)


def fitted(world: World, seed: int, windows: int = 600) -> tuple[dict[str, Model], npt.NDArray[np.uint8]]:
    """Each kind fitted to healthy windows, and others to calibrate on."""
    rng = np.random.default_rng([seed, 1])
    window = world.shape.window
    healthy = world.healthy(windows, window, rng)
    return {kind: fit(kind, world.shape, healthy, seed) for kind in KINDS}, world.healthy(1000, window, rng)


def apart(world: World, models: dict[str, Model], seed: int, windows: int) -> dict[str, dict[str, float]]:
    """AUC of each model on each family of the world, by single windows."""
    rng = np.random.default_rng([seed, 2])
    n = world.shape.window
    healthy = world.healthy(windows, n, rng)
    base = {kind: model.scores(healthy) for kind, model in models.items()}
    rows = {}
    for name, (_, make) in world.families.items():
        per = max(1, windows // 20)
        bad = make(20, per * n, rng).reshape(-1, n)
        rows[name] = {kind: auc(base[kind], model.scores(bad)) for kind, model in models.items()}
    return rows


def delay(test: list[HealthTest], samples: Samples, onset: int) -> int | None:
    """Symbols from the onset to the first alarm after it; None without."""
    piece = Piece(samples)
    hits = [at for one in test if (at := one.update(piece, 0)) is not None]
    return min(hits) + 1 - onset if hits else None


def cell(values: list[int | None]) -> str:
    ordered = sorted(float("inf") if v is None else v for v in values)
    middle = ordered[len(ordered) // 2]
    return "–" if middle == float("inf") else f"{middle:,.0f}"


def setting_of(world: World, log2: int) -> Setting:
    """What is claimed of the healthy source; e-detectors at 2^log2, RCT and APT at an α of 2^-(log2 + 3)."""
    width = world.shape.bits_per_symbol
    claim = 1.0 if width == 1 else 5.64  # log2(20 sqrt(2 pi)) = 5.648
    return Setting.of(width, world.shape.lanes, claim, -log2 - 3, log2)


def delays(
    world: World, models: dict[str, Model], calibration: npt.NDArray[np.uint8], log2: int, runs: int, windows: int
) -> dict[str, dict[str, str]]:
    """Median delay of each model and of the default tests, all at an average run length of 2^log2."""
    shape, setting = world.shape, setting_of(world, log2)
    calibrations = {kind: Calibration.of(model, calibration) for kind, model in models.items()}
    onset = BEFORE * shape.window
    rows = {}
    for name, (_, make) in world.families.items():
        rng = np.random.default_rng([log2, *name.encode()])
        streams = np.concatenate([world.healthy(runs, onset, rng), make(runs, windows * shape.window, rng)], axis=1)
        found: dict[str, list[int | None]] = {}
        for stream in streams:
            samples = Samples.from_symbols(stream, shape.bits_per_symbol, lanes=shape.lanes)
            for kind, model in models.items():
                test: list[HealthTest] = [ScoreTest(setting, kind, model, calibrations[kind])]
                found.setdefault(kind, []).append(delay(test, samples, onset))
            found.setdefault("default", []).append(delay(build(setting), samples, onset))
        rows[name] = {kind: cell(values) for kind, values in found.items()}
    return rows


def table(world: World, rows: dict[str, dict[str, float]] | dict[str, dict[str, str]], title: str) -> None:
    names = list(next(iter(rows.values())))
    print(f"\n{title}, {world.name}:\n\n| degradation | shown | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    for name, row in rows.items():
        cells = [value if isinstance(value, str) else f"{value:.3f}" for value in row.values()]
        print(f"| {name} | {world.families[name][0]} | " + " | ".join(cells) + " |", flush=True)
    for which in ("yes", "no"):
        chosen = [row for name, row in rows.items() if world.families[name][0] == which]
        if chosen and isinstance(next(iter(chosen[0].values())), float):
            means = [np.mean([float(row[name]) for row in chosen]) for name in names]
            print(f"| **mean** | {which} | " + " | ".join(f"**{mean:.3f}**" for mean in means) + " |", flush=True)


def costs(world: World, models: dict[str, Model], windows: npt.NDArray[np.uint8]) -> None:
    print(f"\nCost, {world.name}, CPU time of one window at a time:\n\n| model | parameters | µs a symbol |")
    print("|---|---|---|")
    for kind, model in models.items():
        best = float("inf")
        for _ in range(3):
            began = time.process_time()
            for window in windows[:60]:
                model.score(window)
            best = min(best, (time.process_time() - began) / 60 / world.shape.window * 1e6)
        print(f"| {kind} | {model.size} | {best:.3f} |", flush=True)


def false_alarms(world: World, models: dict[str, Model], seed: int, runs: int, drift: float) -> None:
    """Share of runs of 2^17 bits that alarm at 2^19; with drift, P(1) moves within a claim of 0.5 bits."""
    log2, windows = 19, 128
    setting = Setting.of(1, 1, 0.5, run_length_log2=log2)
    n = world.shape.window
    print(f"\nHealthy, {'drifting by ' + str(drift) if drift else 'steady'}: share of {runs} runs that alarm\n")
    cells = []
    for kind, model in models.items():
        alarms = 0
        for run in range(runs):
            rng = np.random.default_rng([seed, 3, run])
            chance = 0.5 + drift * np.clip((np.arange(300 + windows) - 300) / windows, 0, 1)[:, None]
            rows = (rng.random((300 + windows, n)) < chance).astype(np.uint8)
            test = ScoreTest(setting, kind, model, Calibration.of(model, rows[:300]))
            alarms += test.update(Piece(Samples.from_symbols(rows[300:].ravel())), 0) is not None
        cells.append(f"{alarms / runs:.3f}")
    print("| " + " | ".join(models) + " | bound |\n|" + "---|" * (len(models) + 1))
    print("| " + " | ".join(cells) + " | 0.250 |", flush=True)


def concentration(world: World, seed: int, windows: int) -> None:
    """How the quantum kernel of two healthy windows spreads, by bandwidth and by qubits, and what that does to AUC."""
    rng = np.random.default_rng([seed, 4])
    raw = features(world.healthy(300, world.shape.window, rng), world.shape)
    z = standardised(raw, {"mean": raw.mean(axis=0), "deviation": raw.std(axis=0)})
    pairs = np.triu_indices(len(z), 1)
    print("\nConcentration of the quantum kernel between healthy windows (mean / standard deviation):\n")
    print("| bandwidth | 2 qubits | 4 qubits | 6 qubits | 8 qubits | mean AUC with 8 |\n|---|---|---|---|---|---|")
    fresh = world.healthy(600, world.shape.window, rng)
    for bandwidth in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
        cells = []
        for qubits in (2, 4, 6, FEATURES):
            found = states(qubits, feature_map(z[:, :qubits], bandwidth), len(z))
            kernel = fidelities(found, found)[pairs]
            cells.append(f"{kernel.mean():.4f} / {kernel.std():.4f}")
        model = fit("fidelity", world.shape, fresh, seed, bandwidth)
        rows = apart(world, {"fidelity": model}, seed, windows)
        mean = np.mean([row["fidelity"] for row in rows.values()])
        print(f"| {bandwidth} | " + " | ".join(cells) + f" | {mean:.3f} |", flush=True)


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("--windows", type=int, default=400, help="windows an AUC is made of")
    parser.add_argument("--runs", type=int, default=8, help="streams a median delay is made of")
    parser.add_argument("--null-runs", type=int, default=64)
    parser.add_argument("--run-length", type=int, default=30, help="log2 of the average run length to a false alarm")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[world.name for world in WORLDS], help="one source of the three")
    chosen = parser.parse_args()
    print(f"Seed {chosen.seed}; AUC of {chosen.windows} windows; median delay in symbols of {chosen.runs} runs.")
    for world in (world for world in WORLDS if chosen.only in (None, world.name)):
        models, calibration = fitted(world, chosen.seed)
        table(world, apart(world, models, chosen.seed, chosen.windows), "AUC of a single window")
        default = dict.fromkeys(test.name for test in build(setting_of(world, chosen.run_length)))
        print(f"\nThe default for {world.name}: {', '.join(default)}.", flush=True)
        found = delays(world, models, calibration, chosen.run_length, chosen.runs, 256)
        table(world, found, f"Delay at an average run length of 2^{chosen.run_length}")
        costs(world, models, calibration)
        if world is WORLDS[0]:
            for drift in (0.0, 0.15):
                false_alarms(world, models, chosen.seed, chosen.null_runs, drift)
            concentration(world, chosen.seed, chosen.windows)


if __name__ == "__main__":
    main()
