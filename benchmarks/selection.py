"""What learned selection of Bell pairs brings: certified bits a trial against fixed, calibration-only and an oracle.

    python benchmarks/selection.py

A model of a chip, not a chip: 100 disjoint pairs whose CHSH values scatter; a calibration that is partly stale; values
that drift. Each round, 10 pairs are measured 2,000 times each. What counts is f(S) of the true S of the pairs chosen,
averaged over rounds: the asymptotic min-entropy a trial (Pironio et al. 2010).
"""

from __future__ import annotations

import numpy as np

from qrng.entropy.physical.chsh import TSIRELSON, min_entropy_of_s
from qrng.sources.selection import ThompsonSelector

PAIRS, CHOSEN, ROUNDS, TRIALS = 100, 10, 200, 2000


def worth(s: np.ndarray) -> float:
    """Mean min-entropy a trial."""
    return float(np.mean([min_entropy_of_s(min(x, TSIRELSON)) for x in s]))


def run(staleness: float, drift: float, seed: int) -> dict[str, float]:
    """Mean bits a trial of each policy, for one chip."""
    rng = np.random.default_rng(seed)
    s = np.clip(rng.normal(2.55, 0.12, PAIRS), 2.0, 2.8)
    calibration = np.clip(s + rng.normal(0, staleness, PAIRS), 2.0, 2.8)
    fixed, trusted = np.arange(CHOSEN), np.argsort(-calibration)[:CHOSEN]
    prior = 0.5 + calibration / 8
    selector = ThompsonSelector(prior, 1 / max(staleness, 0.02) ** 2 * 8, 20_000 if drift else None, seed=seed)
    total = dict.fromkeys(("fixed", "calibration", "thompson", "oracle"), 0.0)
    for _ in range(ROUNDS):
        chosen = selector.choose(CHOSEN)
        for arm in chosen:
            selector.update(arm, int(rng.binomial(TRIALS, 0.5 + s[arm] / 8)), TRIALS)
        total["fixed"] += worth(s[fixed])
        total["calibration"] += worth(s[trusted])
        total["thompson"] += worth(s[chosen])
        total["oracle"] += worth(np.sort(s)[-CHOSEN:])
        s = np.clip(s + rng.normal(0, drift, PAIRS), 2.0, 2.8)
    return {name: value / ROUNDS for name, value in total.items()}


def main() -> None:
    """Print a table over staleness and drift."""
    print("bits a trial, mean of 10 chips")
    print(f"{'stale':>6}{'drift':>7}{'fixed':>8}{'calibr.':>9}{'Thompson':>10}{'oracle':>8}")
    for staleness in (0.0, 0.05, 0.1, 0.2):
        for drift in (0.0, 0.005):
            runs = [run(staleness, drift, seed) for seed in range(10)]
            mean = {name: float(np.mean([r[name] for r in runs])) for name in runs[0]}
            print(
                f"{staleness:6.2f}{drift:7.3f}{mean['fixed']:8.3f}{mean['calibration']:9.3f}"
                f"{mean['thompson']:10.3f}{mean['oracle']:8.3f}"
            )


if __name__ == "__main__":
    main()
