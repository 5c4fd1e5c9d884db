"""Features and scores against their definitions, written out."""

from __future__ import annotations

import numpy as np
import pytest

from qrng.errors import ParameterError
from qrng.health.models.features import FEATURES, Shape, features
from qrng.health.models.model import KINDS, Model, fidelities
from qrng.quantum.born import word_bits

SHAPE = Shape(1, 4, 256)
KNOWN = {"mean": np.zeros(FEATURES), "deviation": np.ones(FEATURES)}


def windows(count: int, seed: int, shape: Shape = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**shape.bits_per_symbol, (count, shape.window), dtype=np.uint8)


def test_features_of_bits_are_the_sums_that_they_are_said_to_be() -> None:
    (window,) = windows(1, 1)
    x = [2 * int(b) - 1 for b in window]
    n = len(x)

    def lagged(*lags: int) -> float:
        far = max(lags)
        return sum(x[t] * np.prod([x[t - lag] for lag in lags]) for t in range(far, n)) / np.sqrt(n - far)

    def spread(block: int) -> float:
        sums = [sum(x[at : at + block]) for at in range(0, n, block)]
        return (sum(s * s for s in sums) / block - len(sums)) / np.sqrt(2 * len(sums))

    lanes = [sum(x[lane::4]) for lane in range(4)]
    expected = [
        sum(x) / 16,
        lagged(1),
        lagged(2),
        lagged(4),
        lagged(1, 2),
        spread(16),
        spread(32),
        (sum(s * s for s in lanes) / 64 - 4) / np.sqrt(8),
    ]
    assert features(window[None], SHAPE)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("lanes", [1, 4])
def test_features_of_fair_bits_have_mean_zero_and_variance_one(lanes: int) -> None:
    z = features(windows(4000, 2), Shape(1, lanes, 256))
    assert np.abs(z.mean(axis=0)).max() < 0.1
    assert np.abs(z.std(axis=0) - 1).max() < 0.15


def test_features_of_wide_symbols_see_offset_gain_and_a_stuck_bit() -> None:
    shape = Shape(8, 1, 256)
    healthy = np.clip(np.random.default_rng(3).normal(128, 20, (50, 256)), 0, 255).astype(np.uint8)
    base = features(healthy, shape).mean(axis=0)
    assert features(healthy + 5, shape).mean(axis=0)[0] - base[0] == pytest.approx(5 / 255, rel=0.01)
    gain = features((128 + (healthy.astype(float) - 128) / 2).astype(np.uint8), shape).mean(axis=0)[1] - base[1]
    assert gain == pytest.approx(-np.log(2), abs=0.02)
    assert features(healthy // 2 * 2, shape).mean(axis=0)[4] == pytest.approx(-16)


def gan(bits: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    return {
        "first": rng.normal(size=(bits, 3)),
        "first_bias": rng.normal(size=3),
        "second": rng.normal(size=3),
        "second_bias": rng.normal(size=1),
    }


def parameters(kind: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    vectors = {"support": rng.normal(size=(4, FEATURES)), "weights": np.array([0.1, 0.2, 0.3, 0.4])}
    own = {
        "sum-of-squares": {},
        "mahalanobis": {"inverse": np.diag(np.arange(1.0, 9))},
        "rbf": vectors | {"gamma": np.array(0.1)},
        "fidelity": vectors | {"bandwidth": np.array(0.2)},
        "network": gan(FEATURES),
        "variational": {
            "angles": rng.normal(size=48),
            "readout": rng.normal(size=FEATURES),
            "bias": np.array(0.3),
            "scale": np.array(0.4),
        },
        "gan": gan(4),
    }[kind]
    return own if kind == "gan" else KNOWN | own


def test_scores_are_those_of_their_formulas() -> None:
    window = windows(1, 6)
    z = np.clip(features(window, SHAPE)[0], -8, 8)
    p = parameters("rbf")
    assert Model("sum-of-squares", SHAPE, KNOWN).score(window[0]) == pytest.approx((z**2).sum())
    assert Model("mahalanobis", SHAPE, parameters("mahalanobis")).score(window[0]) == pytest.approx(
        sum((k + 1) * v * v for k, v in enumerate(z))
    )
    kernel = [np.exp(-0.1 * ((z - s) ** 2).sum()) for s in p["support"]]
    assert Model("rbf", SHAPE, p).score(window[0]) == pytest.approx(-np.dot(kernel, p["weights"]))
    net = parameters("network")
    hidden = np.tanh(z @ net["first"] + net["first_bias"])
    assert Model("network", SHAPE, net).score(window[0]) == pytest.approx(
        float(hidden @ net["second"] + net["second_bias"][0])
    )


def test_the_quantum_kernel_of_a_window_with_itself_is_one_and_with_others_less() -> None:
    p = parameters("fidelity")
    alone = p | {"support": p["support"][:1], "weights": np.ones(1)}
    model = Model("fidelity", SHAPE, alone)
    from qrng.health.models.maps import feature_map
    from qrng.quantum.circuits import states

    there = states(FEATURES, feature_map(p["support"], 0.2), 4)
    kernel = fidelities(there, there)
    assert np.diag(kernel) == pytest.approx(np.ones(4))
    assert kernel.max() <= 1 + 1e-12
    assert np.allclose(kernel, kernel.T)
    assert kernel[0, 1] < 0.999
    assert -1 <= model.score(windows(1, 7)[0]) <= 0


@pytest.mark.parametrize("kind", KINDS)
def test_one_window_scores_as_it_does_among_others(kind: str) -> None:
    model = Model(kind, SHAPE, parameters(kind))
    many = windows(600, 8)
    scores = model.scores(many)
    assert [model.score(many[k]) for k in (0, 511, 512, 599)] == pytest.approx(scores[[0, 511, 512, 599]], rel=1e-9)
    assert scores.std() > 0


def test_a_discriminator_scores_words_by_their_bits() -> None:
    shape = Shape(1, 1, 128)
    assert word_bits(1, 1) == 8
    p = {"first": np.zeros((8, 1)), "first_bias": np.zeros(1), "second": np.ones(1), "second_bias": np.zeros(1)}
    p["first"][7, 0] = 1.0  # the first bit of a word, the most significant: +1 for a zero
    model = Model("gan", shape, p)
    ones_first = np.tile([1, 0, 0, 0, 0, 0, 0, 0], 16).astype(np.uint8)
    assert model.score(ones_first) == pytest.approx(np.tanh(1))
    assert model.score(np.roll(ones_first, 1)) == pytest.approx(-np.tanh(1))


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_that_make_no_model_are_refused(kind: str) -> None:
    good = parameters(kind)
    name = sorted(good)[0]
    for wrong in ({key: value for key, value in good.items() if key != name}, good | {name: np.array([np.nan])}):
        with pytest.raises(ParameterError):
            Model(kind, SHAPE, wrong)
    with pytest.raises(ParameterError, match="choose one of"):
        Model("oracle", SHAPE, good)


@pytest.mark.parametrize(("lanes", "window"), [(1, 127), (4, 130), (100, 300)])
def test_windows_hold_whole_shots_and_enough_of_them(lanes: int, window: int) -> None:
    with pytest.raises(ParameterError, match="multiple of the"):
        Shape(1, lanes, window)
