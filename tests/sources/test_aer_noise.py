"""Noise from a calibration: each kind adds errors to the one before, as far as its method goes, and no further."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qrng.errors import ParameterError
from qrng.sources import open_source
from qrng.sources.aer_noise import FULL_NOISE_QUBITS

pytestmark = pytest.mark.usefixtures("ibm_extra", "sim_extra")


def disagreement(noise: str, count: int = 8192) -> float:
    """Share of shots in which a Bell pair on a coupler of an old chip disagrees."""
    spec = f"aer:fake_melbourne?circuit=bell&qubits=5,6&noise={noise}&seed=3"
    with open_source(spec) as source:
        assert source.simulated and f"noise: {noise}" in source.provenance()["device"]
        bits = source.read(2 * count).symbols().reshape(-1, 2)
    return float((bits[:, 0] != bits[:, 1]).mean())


def expected(calibrated: dict[str, float]) -> float:
    """Disagreement of a Bell pair by readout errors alone."""
    p = [(calibrated[f"p01_{k}"], calibrated[f"p10_{k}"]) for k in (0, 1)]
    both_zero = p[0][0] * (1 - p[1][0]) + p[1][0] * (1 - p[0][0])
    both_one = p[0][1] * (1 - p[1][1]) + p[1][1] * (1 - p[0][1])
    return (both_zero + both_one) / 2


def test_each_kind_of_noise_adds_to_the_one_before() -> None:
    from qiskit_ibm_runtime.fake_provider import FakeMelbourneV2

    properties = FakeMelbourneV2().properties()
    calibrated = {}
    for k, qubit in enumerate((5, 6)):
        known = properties.qubit_property(qubit)
        calibrated[f"p01_{k}"], calibrated[f"p10_{k}"] = known["prob_meas1_prep0"][0], known["prob_meas0_prep1"][0]
    found = {noise: disagreement(noise) for noise in ("none", "readout", "gates", "full")}
    assert found["none"] == 0
    assert found["readout"] == pytest.approx(expected(calibrated), abs=0.02)
    assert found["readout"] + 0.005 < found["gates"] < 0.5
    # relaxation is part of the calibrated gate error, which the model keeps: it moves errors, and adds few
    assert found["gates"] - 0.02 < found["full"] < 0.5


def test_relaxation_pulls_towards_zero_where_depolarizing_does_not() -> None:
    """The ground state is where relaxation ends: qubits with full noise read 0 more often, beyond the readout's own."""
    ones = {}
    for noise in ("gates", "full"):
        with open_source(f"aer:fake_melbourne?circuit=ghz&qubits=0,1,2,3,4,5&noise={noise}&seed=4") as source:
            ones[noise] = source.read(6 * 6000).symbols().mean()
    assert ones["full"] < ones["gates"] - 0.005


def test_every_qubit_of_the_largest_chip_with_the_noise_of_its_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qrng.sources.aer._BLOCK", 1 << 16)
    with open_source("aer:fake_fez?noise=gates&seed=1") as source:
        bits = source.read(300 * source.lanes).symbols().reshape(300, source.lanes)
    assert source.lanes == 156
    assert abs(bits.mean() - 0.5) < 0.03
    assert bits.any(axis=0).all() and not bits.all(axis=0).any()


def test_qubits_that_are_not_entangled_take_full_noise_in_any_number() -> None:
    """All 14 of this chip, more than one density matrix would hold."""
    with open_source("aer:fake_melbourne?noise=full&seed=1") as source:
        bits = source.read(2000 * source.lanes).symbols().reshape(-1, source.lanes)
    assert source.lanes > FULL_NOISE_QUBITS
    assert (abs(bits.mean(axis=0) - 0.5) < 0.2).all()
    assert abs(np.corrcoef(bits[:, 0], bits[:, 9])[0, 1]) < 0.1


def test_qubits_that_are_not_coupled_are_routed_and_keep_their_lanes() -> None:
    for noise in ("gates", "full"):
        with open_source(f"aer:fake_melbourne?circuit=bell&qubits=0,2,7,8&noise={noise}&seed=5") as source:
            bits: np.ndarray[Any, Any] = source.read(4 * 3000).symbols().reshape(-1, 4)
        for a, b in ((0, 1), (2, 3)):
            assert 0.01 < (bits[:, a] != bits[:, b]).mean() < 0.3
        for a, b in ((0, 2), (1, 3), (0, 3), (1, 2)):
            assert abs((bits[:, a] == bits[:, b]).mean() - 0.5) < 0.05


def test_more_entangled_qubits_than_a_density_matrix_holds_are_refused_with_full_noise() -> None:
    many = ",".join(map(str, range(FULL_NOISE_QUBITS + 1)))
    with pytest.raises(ParameterError, match=r"at most 12 entangled qubits.*noise=gates"):
        open_source(f"aer:fake_melbourne?circuit=ghz&noise=full&qubits={many}")


@pytest.mark.parametrize("noise", ["gates", "full"])
def test_protocols_feel_the_gates(noise: str) -> None:
    def s_value(kind: str) -> float:
        with open_source(f"aer:fake_melbourne?circuit=chsh&qubits=5,6&noise={kind}&seed=1") as source:
            samples = source.read(20_000)
        symbols, settings = samples.symbols(), samples.side_data["settings"]
        won = (symbols // 2 != symbols % 2) == (settings == 3)
        return sum(2 * won[settings == s].mean() - 1 for s in range(4))

    assert 1.0 < s_value(noise) < s_value("readout") - 0.02
