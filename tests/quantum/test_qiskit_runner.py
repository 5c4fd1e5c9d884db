"""Qiskit runs the same circuits: Aer to 1e-9, sampled runs on a fake backend within statistics."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from qrng.errors import ParameterError
from qrng.health.models.features import Shape, features
from qrng.health.models.maps import ansatz, feature_map
from qrng.health.models.measured import MeasuredModel
from qrng.health.models.model import Model, standardised
from qrng.quantum import born
from qrng.quantum.circuits import Gate, states
from qrng.quantum.qiskit_runner import SampledRunner, circuit, exact_states

pytestmark = pytest.mark.usefixtures("ibm_extra", "sim_extra")

SHOTS = 4096


@functools.cache
def fake_backend(noise: bool) -> Any:
    """A fake backend's qubits, couplings and gates; its noise too, or none."""
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeGuadalupeV2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        simulator = AerSimulator.from_backend(FakeGuadalupeV2())
    if not noise:
        simulator.set_options(noise_model=None)
    return simulator


def runner(noise: bool) -> SampledRunner:
    from qiskit.primitives import BackendSamplerV2

    backend = fake_backend(noise)
    return SampledRunner(backend, SHOTS, BackendSamplerV2(backend=backend, options={"seed_simulator": 1}))


@pytest.mark.parametrize("seed", range(2))
def test_aer_gives_the_states_of_numpy_within_1e_9(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2, (3, 8))
    made: Sequence[Sequence[Gate]] = (feature_map(z, 0.2), ansatz(z, rng.normal(size=48), 0.4))
    for gates in made:
        assert np.abs(exact_states(8, gates, 3) - states(8, gates, 3)).max() < 1e-9
    gates = born.circuit(5, rng.normal(size=2 * born.LAYERS * 5))
    assert np.abs(exact_states(5, gates) - states(5, gates)).max() < 1e-9


def within_statistics(shares: np.ndarray, chances: np.ndarray) -> bool:
    """Pearson's statistic of the counts, rare indices pooled, within five deviations of its mean."""
    order = np.argsort(chances)
    pooled = np.cumsum(chances[order]) * SHOTS < 20
    groups = [order[pooled], *order[~pooled][:, None]]
    expected = np.array([chances[g].sum() for g in groups]) * SHOTS
    counts = np.array([shares[g].sum() for g in groups]) * SHOTS
    keep = expected > 0
    statistic = ((counts - expected)[keep] ** 2 / expected[keep]).sum()
    freedom = keep.sum() - 1
    return bool(abs(statistic - freedom) < 5 * np.sqrt(2 * freedom) + 5)


def test_samples_through_the_gates_of_a_fake_backend_follow_the_exact_probabilities() -> None:
    z = np.random.default_rng(3).normal(size=(2, 4))
    shares = runner(noise=False).probabilities(4, feature_map(z, 0.5), 2)
    exact = np.abs(states(4, feature_map(z, 0.5), 2)) ** 2
    for row in range(2):
        assert within_statistics(shares[row], exact[row])
    assert not within_statistics(shares[0], exact[1])


def test_fidelities_sampled_on_a_fake_backend_are_those_of_the_states() -> None:
    rng = np.random.default_rng(4)
    here, there = feature_map(rng.normal(size=(1, 4)), 0.5), feature_map(rng.normal(size=(3, 4)), 0.5)
    exact = np.abs(states(4, there, 3).conj() @ states(4, here)[0]) ** 2
    sampled = runner(noise=False).fidelities(4, here, there, 3)
    assert np.abs(sampled - exact).max() < 5 * np.sqrt(0.25 / SHOTS)
    assert exact.std() > 0.05  # they differ, so that agreement says something


def test_the_noise_of_a_fake_backend_shows_and_is_that_of_its_own_model() -> None:
    """Sampled with the noise model, against Aer's density matrix with the same one: exact, no sampling."""
    from qiskit.transpiler import generate_preset_pass_manager

    gates = feature_map(np.random.default_rng(5).normal(size=(1, 3)), 0.5)
    backend = fake_backend(noise=True)
    shares = runner(noise=True).probabilities(3, gates)[0]
    measured = circuit(3, gates)
    measured.measure_all()
    made = generate_preset_pass_manager(optimization_level=1, backend=backend, seed_transpiler=1).run(measured)
    counts = backend.run(made, method="density_matrix", shots=200_000, seed_simulator=7).result().get_counts()
    noisy = np.zeros(8)
    for text, count in counts.items():
        noisy[int(text, 2)] = count / 200_000
    assert within_statistics(shares, noisy)
    assert np.abs(noisy - np.abs(states(3, gates)[0]) ** 2).max() > 0.01


@pytest.mark.parametrize("kind", ["fidelity", "variational"])
def test_a_model_measured_on_a_fake_backend_scores_as_the_exact_one(kind: str) -> None:
    rng = np.random.default_rng(6)
    shape = Shape(1, 1, 128)
    raw = features(rng.integers(0, 2, (50, 128), dtype=np.uint8), shape)
    known: dict[str, Any] = {"mean": raw.mean(axis=0), "deviation": raw.std(axis=0)}
    if kind == "fidelity":
        known |= {"support": standardised(raw, known)[:6], "weights": np.full(6, 1 / 6), "bandwidth": np.array(0.2)}
    else:
        known |= {"angles": rng.normal(size=48), "readout": rng.normal(size=8), "bias": 0.5, "scale": np.array(0.4)}
    model = Model(kind, shape, known)
    window = rng.integers(0, 2, 128, dtype=np.uint8)
    sampled = MeasuredModel(model, runner(noise=False)).score(window)
    scale = np.abs(model.parameters["weights" if kind == "fidelity" else "readout"]).sum()
    assert abs(sampled - model.score(window)) < 5 * scale / np.sqrt(SHOTS)


def test_the_runtime_runs_them_on_a_fake_backend_as_it_would_on_hardware() -> None:
    gates = feature_map(np.random.default_rng(8).normal(size=(1, 2)), 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client's own local mode
        shares = SampledRunner(fake_backend(noise=False), SHOTS).probabilities(2, gates)[0]
    assert within_statistics(shares, np.abs(states(2, gates)[0]) ** 2)


def test_what_can_not_be_measured_is_refused() -> None:
    model = Model("sum-of-squares", Shape(1, 1, 128), {"mean": np.zeros(8), "deviation": np.ones(8)})
    measured = runner(noise=False)
    with pytest.raises(ParameterError, match="no circuit"):
        MeasuredModel(model, measured)
    with pytest.raises(ParameterError, match="at least once"):
        SampledRunner(fake_backend(False), 0)
    with pytest.raises(ParameterError, match="no gate named"):
        circuit(1, [Gate("t", (0,))])
