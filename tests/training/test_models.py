"""Models are fitted deterministically, and find what they were made to find."""

from __future__ import annotations

import numpy as np
import pytest

from qrng.errors import ParameterError
from qrng.health.models.features import Shape
from qrng.health.models.model import KINDS
from qrng.quantum import born
from qrng.training import gan, models
from qrng.training.models import degraded, fit
from qrng.training.support_vectors import one_class

SHAPE = Shape(1, 8, 256)


def fair(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (count, SHAPE.window), dtype=np.uint8)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps of the circuits' training: enough to tell two seeds apart."""
    monkeypatch.setattr(gan, "_STEPS", 10)
    monkeypatch.setattr(models, "_CIRCUIT_STEPS", 3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_model(kind: str, short: None) -> None:
    first, again, other = (fit(kind, SHAPE, fair(60, 1), seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first.parameters[name], again.parameters[name]) for name in first.parameters)
    same = all(np.array_equal(first.parameters[name], other.parameters[name]) for name in first.parameters)
    assert same == (kind in ("sum-of-squares", "mahalanobis", "rbf", "fidelity"))  # which draw nothing


def auc(healthy: np.ndarray, bad: np.ndarray) -> float:
    return float((bad[:, None] > healthy).mean())


@pytest.mark.parametrize("kind", ["sum-of-squares", "mahalanobis", "rbf", "fidelity", "network"])
def test_what_is_degraded_scores_higher(kind: str) -> None:
    model = fit(kind, SHAPE, fair(150, 2), 1)
    bad = (np.random.default_rng(4).random((150, SHAPE.window)) < 0.6).astype(np.uint8)
    assert auc(model.scores(fair(150, 3)), model.scores(bad)) > 0.9


def test_the_variational_circuit_learns_to_tell_degraded_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_CIRCUIT_STEPS", 50)
    model = fit("variational", SHAPE, fair(150, 5), 1)
    assert auc(model.scores(fair(200, 6)), model.scores(degraded(fair(200, 7), SHAPE, 8))) > 0.7


def test_degraded_windows_are_the_same_for_the_same_seed_and_leave_the_healthy_ones() -> None:
    healthy = fair(30, 9)
    kept = healthy.copy()
    bad = degraded(healthy, SHAPE, 1)
    assert np.array_equal(healthy, kept)
    assert np.array_equal(bad, degraded(healthy, SHAPE, 1))
    assert (bad != healthy).any(axis=1).all()
    assert 0.01 < (bad != healthy).mean() < 0.3


def test_support_vector_weights_meet_the_conditions_of_the_optimum() -> None:
    """Karush, Kuhn, Tucker: K α is least on free weights, no lower where α = 0, no higher where it is at its most."""
    x = np.random.default_rng(10).normal(size=(80, 3))
    kernel = np.exp(-0.5 * ((x[:, None] - x) ** 2).sum(axis=2))
    nu = 0.2
    alpha = one_class(kernel, nu)
    most = 1 / (nu * 80)
    assert alpha.sum() == pytest.approx(1)
    assert alpha.min() >= 0
    assert alpha.max() <= most + 1e-12
    slope = kernel @ alpha
    free = (alpha > 1e-9) & (alpha < most - 1e-9)
    assert free.any()
    level = slope[free].mean()
    assert np.abs(slope[free] - level).max() < 1e-6
    assert slope[alpha <= 1e-9].min() >= level - 1e-6
    assert slope[alpha >= most - 1e-9].max() <= level + 1e-6
    assert (slope < level - 1e-6).mean() <= nu


def test_the_generator_comes_to_make_the_words_of_the_source() -> None:
    """Two lanes that agree more often than not: a fair start is a quarter away in total variation."""
    shape = Shape(1, 2, 256)
    rng = np.random.default_rng(11)
    first = rng.integers(0, 2, (60, 128, 1), dtype=np.uint8)
    pairs = np.concatenate([first, first ^ (rng.random((60, 128, 1)) < 0.25)], axis=2).astype(np.uint8)
    model = fit("gan", shape, pairs.reshape(60, 256), 1)
    made = born.probabilities(2, model.parameters["angles"])
    real = np.bincount(born.words(pairs.reshape(60, 256), 1, 2).ravel(), minlength=4) / (60 * 128)
    assert np.abs(np.full(4, 0.25) - real).sum() / 2 > 0.2
    assert np.abs(made - real).sum() / 2 < 0.05


def test_what_can_not_be_fitted_is_refused() -> None:
    for windows in (fair(49, 1), fair(60, 1)[:, :-1], fair(60, 1).ravel()):
        with pytest.raises(ParameterError, match="50 windows or more"):
            fit("rbf", SHAPE, windows)
    with pytest.raises(ParameterError, match="choose one of"):
        fit("oracle", SHAPE, fair(60, 1))
    with pytest.raises(ParameterError, match="at most 10 bits"):
        fit("gan", Shape(12, 1, 256), fair(60, 1).astype(np.uint32))
