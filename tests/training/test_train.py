"""Training is deterministic, its gradient is the loss's, and what it writes loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qrng.artefact import read, write
from qrng.health.learned import artefact
from qrng.training import train as training
from qrng.training.families import BLOCK, FAMILIES, sequences
from qrng.training.network import INPUTS, inputs, loss_and_gradient, stakes, start
from qrng.training.train import make, null_mean_payoff


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SEQUENCES", 20)
    monkeypatch.setattr(training, "BLOCKS", 64)
    monkeypatch.setattr(training, "BATCH", 256)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(small: None, tmp_path: Path) -> None:
    hashes = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / name).mkdir()
        hashes.append(make(tmp_path / name, seed, steps=20)["sha256"])
    assert hashes[0] == hashes[1] != hashes[2]
    assert artefact.load(tmp_path / "a").size == artefact.load().size


def test_the_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(1)
    ones, size = sequences(len(FAMILIES), 40, rng)
    z, sizes = inputs(ones).reshape(-1, INPUTS), np.repeat(size, 40)
    weights = start(rng)
    _, gradient = loss_and_gradient(weights, z, ones.ravel(), sizes)
    for i in (0, 7, INPUTS * 3 + 5, len(weights) - 1):
        step = np.zeros_like(weights)
        step[i] = 1e-5
        up, down = (loss_and_gradient(weights + s, z, ones.ravel(), sizes)[0] for s in (step, -step))
        assert (up - down) / 2e-5 == pytest.approx(gradient[i], rel=1e-4, abs=1e-7)


def test_inputs_know_nothing_of_the_block_they_bet_on_or_later() -> None:
    ones = np.random.default_rng(2).binomial(BLOCK, 0.5, (3, 50)).astype(float)
    changed = ones.copy()
    changed[:, 30:] = 0
    assert np.array_equal(inputs(ones)[:, :31], inputs(changed)[:, :31])
    assert not np.array_equal(inputs(ones)[:, 31], inputs(changed)[:, 31])


def test_the_mean_payoff_over_fair_bits_is_at_most_one_for_trained_and_for_wild_weights() -> None:
    for weights in (artefact.load(), start(np.random.default_rng(3)) * 3):
        mean, error = null_mean_payoff(weights, seed=9, sequences_=400)
        assert mean <= 1 + 4 * error


def test_what_was_learned_beats_staking_nothing_on_sequences_never_seen() -> None:
    ones, size = sequences(100, 256, np.random.default_rng(77))
    z = inputs(ones).reshape(-1, INPUTS)
    value, _ = loss_and_gradient(artefact.load(), z, ones.ravel(), np.repeat(size, 256))
    assert value < -0.3  # a constant bet that knew the bias would reach -1 where the bias is constant
    assert np.abs(stakes(artefact.load(), np.zeros((1, INPUTS)))).max() == 0


@pytest.mark.trial
def test_training_makes_the_shipped_artefact_again_bit_for_bit(tmp_path: Path) -> None:
    """Some minutes. Sums of products are the linear algebra library's: another one may round otherwise."""
    make(tmp_path)
    for name in ("weights.npz", "manifest.json"):
        assert (tmp_path / name).read_bytes() == (artefact.FOLDER / name).read_bytes()


def test_what_is_shipped_and_its_manifest_come_out_of_the_writer_bit_for_bit(tmp_path: Path) -> None:
    arrays, manifest = read(artefact.FOLDER / "weights.npz", artefact.FOLDER / "manifest.json", artefact.SCHEMA)
    facts = {name: value for name, value in manifest.items() if name != "sha256"}
    assert write(tmp_path / "weights.npz", tmp_path / "manifest.json", arrays, facts) == manifest
    for name in ("weights.npz", "manifest.json"):
        assert (tmp_path / name).read_bytes() == (artefact.FOLDER / name).read_bytes()
    mean, error = null_mean_payoff(artefact.load())
    assert (mean, error) == pytest.approx((manifest["null_mean_payoff"], manifest["null_mean_payoff_standard_error"]))
