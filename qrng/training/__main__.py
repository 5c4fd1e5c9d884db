"""`python -m qrng.training FOLDER`: train the learned bettor and write its artefact into FOLDER."""

from __future__ import annotations

import argparse
from pathlib import Path

from qrng.training.train import SEED, STEPS, make


def main() -> None:
    """Parse the command line, train, write, say what came out."""
    parser = argparse.ArgumentParser(prog="python -m qrng.training", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="existing folder for weights.npz and manifest.json")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--steps", type=int, default=STEPS)
    chosen = parser.parse_args()
    manifest = make(chosen.folder, chosen.seed, chosen.steps)
    print(f"weights.npz  SHA-256 {manifest['sha256']}")
    print(f"mean payoff over fair bits {manifest['null_mean_payoff']:.6f}, at most 1 by the theorem")
    print(f"standard error of that mean {manifest['null_mean_payoff_standard_error']:.6f}")


if __name__ == "__main__":
    main()
