"""Certified bits a second of device time: `python -m benchmarks.adaptation [--chips 10]`.

fixed        all trials tests, 16 shots a setting, a million trials; threshold by the calibration
calibration  the arm that the model has best at the calibrated share won, and its threshold
tracking     the arm that the model has best at the share won of late, threshold by that
bandit       arms by `RateBandit`, the context being the share won of late; thresholds as in tracking
Q-learning   the same by `RateQLearner`
oracle       the arm that the model has best at the true share won, threshold by that
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from benchmarks.adaptation.device import ARMS, FIXED, Device, floor, predicted, threshold_for
from qrng.sources.adaptation import RateBandit, RateQLearner

BUDGET = 12 * 3600.0  # seconds of device time of one run
EDGES = np.array([0.78, 0.79, 0.80, 0.81, 0.82, 0.83])
CENTRES = np.array([0.775, 0.785, 0.795, 0.805, 0.815, 0.825, 0.835])
POLICIES = ("fixed", "calibration", "tracking", "bandit", "Q-learning", "oracle")


def best_arm(win: float) -> int:
    """The arm that the model has best."""
    return int(np.argmax([predicted(arm, floor(win)) for arm in ARMS]))


def run(policy: str, stale: float, drift: float, seed: int) -> float:
    """Net certified bits a second of one policy on one device."""
    device = Device(stale, drift, seed)
    prior = [[max(0.0, predicted(arm, win)) for arm in ARMS] for win in CENTRES.tolist()]
    learner: Any = {"bandit": RateBandit, "Q-learning": RateQLearner}.get(policy, lambda *_, **__: None)(prior, seed=seed)
    total = seconds = 0.0
    late = device.calibrated  # the share won of late
    weight = 2e4  # trials that the calibration is worth
    while seconds < BUDGET:
        context = int(np.searchsorted(EDGES, late))
        believed = {"fixed": device.calibrated, "calibration": device.calibrated, "oracle": device.win}.get(policy, late)
        chosen = FIXED if policy == "fixed" else learner.choose(context) if learner else best_arm(believed)
        arm = ARMS[chosen]
        bits, share = device.run(arm, threshold_for(arm, believed))
        new = min(arm.tests, 100_000)
        late = (weight * late + new * share) / (weight + new)
        weight = min(weight + new, 2e5)
        total += bits
        seconds += arm.seconds
        if learner:
            learner.update(context, chosen, bits, arm.seconds, int(np.searchsorted(EDGES, late)))
    return total / seconds


def main() -> None:
    """Print a table over staleness and drift."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chips", type=int, default=20)
    chips = parser.parse_args().chips
    print(f"net certified bits a second of device time, mean of {chips} devices, 12 hours each")
    print(f"{'stale':>6}{'drift':>7}" + "".join(f"{name:>12}" for name in POLICIES))
    for stale in (0.0, 0.01, 0.02):
        for drift in (0.0, 0.005, 0.01):
            means = [float(np.mean([run(name, stale, drift, seed) for seed in range(chips)])) for name in POLICIES]
            print(f"{stale:6.3f}{drift:7.3f}" + "".join(f"{mean:12.1f}" for mean in means), flush=True)


if __name__ == "__main__":
    main()
