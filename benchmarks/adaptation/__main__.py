"""Certified bits a second of device time: `python -m benchmarks.adaptation [--chips 10]`.

fixed        one arm and threshold for all devices: what the model has best at their mean, 0.815 within 0.014
calibration  the arm that the model has best at the calibrated share won, taken as right within 0.01
tracking     the arm that the model has best at the share won of late, taken as right within 0.005
bandit       arms by `RateBandit`, the context being the share won of late; thresholds as in tracking
Q-learning   the same by `RateQLearner`
oracle       the arm that the model has best at the true share won and the true overheads
"""

from __future__ import annotations

import argparse
import functools
from typing import Any

import numpy as np

from benchmarks.adaptation.device import ARMS, Device, floor, predicted, threshold_for
from qrng.sources.adaptation import RateBandit, RateQLearner

BUDGET = 12 * 3600.0  # seconds of device time of one run
EDGES = np.array([0.78, 0.79, 0.80, 0.81, 0.82, 0.83])
CENTRES = np.array([0.775, 0.785, 0.795, 0.805, 0.815, 0.825, 0.835])
POLICIES = ("fixed", "calibration", "tracking", "bandit", "Q-learning", "oracle")


DOUBT = {"fixed": 0.014, "calibration": 0.01, "tracking": 0.005, "oracle": 0.0}


@functools.cache
def best_arm(win: float, doubt: float, overhead: float = 1.0) -> int:
    """The arm that the model has best."""
    return int(np.argmax([predicted(arm, win, doubt, overhead) for arm in ARMS]))


def run(policy: str, stale: float, drift: float, overhead: float, seed: int) -> float:
    """Net certified bits a second of one policy on one device."""
    device = Device(stale, drift, overhead, seed)
    prior = [[predicted(arm, win, DOUBT["tracking"]) for arm in ARMS] for win in CENTRES.tolist()]
    makers: dict[str, Any] = {"bandit": RateBandit, "Q-learning": RateQLearner}
    learner = makers[policy](prior, seed=seed) if policy in makers else None
    known = overhead if policy == "oracle" else 1.0
    total = seconds = 0.0
    late = device.calibrated  # the share won of late
    weight = 2e4  # trials that the calibration is worth
    while seconds < BUDGET:
        context = int(np.searchsorted(EDGES, late))
        believed = {"fixed": 0.815, "calibration": device.calibrated, "oracle": device.win}.get(policy, late)
        chosen = learner.choose(context) if learner else best_arm(floor(believed), DOUBT[policy], known)
        arm = ARMS[chosen]
        bits, share = device.run(arm, threshold_for(arm, believed))
        new = min(arm.tests, 100_000)
        late = (weight * late + new * share) / (weight + new)
        weight = min(weight + new, 2e5)
        total += bits
        took = arm.seconds(overhead)
        seconds += took
        if learner:
            learner.update(context, chosen, bits, took, int(np.searchsorted(EDGES, late)))
    return total / seconds


def main() -> None:
    """Print a table over staleness and drift."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--chips", type=int, default=20)
    chips = parser.parse_args().chips
    print(f"net certified bits a second of device time, mean of {chips} devices, 12 hours each")
    print(f"{'overhead':>8}{'stale':>7}{'drift':>7}" + "".join(f"{name:>12}" for name in POLICIES))
    for overhead in (1.0, 10.0):
        for stale in (0.0, 0.01, 0.02):
            for drift in (0.0, 0.005, 0.01):
                means = [np.mean([run(name, stale, drift, overhead, k) for k in range(chips)]) for name in POLICIES]
                row = "".join(f"{mean:12.0f}" for mean in means)
                print(f"{overhead:8.0f}{stale:7.3f}{drift:7.3f}{row}", flush=True)


if __name__ == "__main__":
    main()
