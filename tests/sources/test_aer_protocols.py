"""Protocols in Aer: the values that quantum mechanics gives, settings beside each symbol, claims in the end."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng.accounting import account
from qrng.errors import ParameterError
from qrng.formats import open_capture
from qrng.samples import Samples
from qrng.sources import open_source

pytestmark = pytest.mark.usefixtures("ibm_extra", "sim_extra")


def run(spec: str, count: int) -> Samples:
    with open_source(spec) as source:
        return source.read(count)


def s_value(samples: Samples, lane: int) -> float:
    symbols = samples.symbols()[lane :: samples.lanes].astype(int)
    settings = samples.side_data["settings"][lane :: samples.lanes].astype(int)
    won = (symbols // 2 != symbols % 2) == (settings == 3)
    return sum((2 * won[settings == s].mean() - 1) for s in range(4))


def test_ideal_pairs_reach_tsirelsons_bound() -> None:
    samples = run("aer:fake_melbourne?circuit=chsh&noise=none&qubits=3,7,0,1&seed=1", 80_000)
    assert (samples.bits_per_symbol, samples.lanes) == (2, 2)
    assert np.bincount(samples.side_data["settings"]).min() > 15_000
    for lane in (0, 1):
        assert s_value(samples, lane) == pytest.approx(2 * math.sqrt(2), abs=0.06)
    assert abs(samples.symbols().mean() - 1.5) < 0.03


def test_readout_errors_lower_it() -> None:
    noisy = run("aer:fake_melbourne?circuit=chsh&qubits=3,7&seed=1", 40_000)
    assert 1.5 < s_value(noisy, 0) < 2.75


def test_settings_stay_for_a_group_and_follow_their_symbols_through_any_reads() -> None:
    spec = "aer:fake_melbourne?circuit=chsh&noise=none&qubits=0,1,2,3&group=5&seed=4"
    whole = run(spec, 7000)
    with open_source(spec) as source:
        parts = [source.read(n) for n in (1, 33, 6966)]
    assert (
        np.concatenate([part.side_data["settings"] for part in parts]).tolist() == whole.side_data["settings"].tolist()
    )
    assert Samples.join(parts).symbols().tolist() == whole.symbols().tolist()
    lane = whole.side_data["settings"][::2][:3000].reshape(-1, 5)
    assert (lane == lane[:, :1]).all()


def test_a_capture_carries_the_settings_to_the_claim(run_qrng: Any, tmp_path: Path) -> None:
    spec = "aer:fake_melbourne?circuit=chsh&noise=none&qubits=0,1,2,3&seed=2"
    done = run_qrng("capture", spec, "--samples", "150000", "-o", "bell.qrng")
    assert done.returncode == 0, done.stderr
    with open_capture(tmp_path / "bell.qrng") as capture:
        samples = capture.read_all()
    assert len(samples.side_data["settings"]) == 150_000
    claims = {name: account(samples, f"{name}:log2_error=-20").claim for name in ("chsh", "entropy-accumulation")}
    assert 0.05 < claims["entropy-accumulation"].bits_per_sample < 1.24
    assert 0.2 < claims["chsh"].bits_per_sample < 1.24
    assert claims["chsh"].assumptions[-1].startswith("shots that share their settings")


@pytest.mark.parametrize("options", ["qubits=0,1,2", "qubits=0,1&group=0", "qubits=0,1&group=99999"])
def test_what_makes_no_pairs_is_refused(options: str) -> None:
    with pytest.raises(ParameterError):
        open_source(f"aer:fake_melbourne?circuit=chsh&{options}")


@pytest.mark.parametrize(
    ("backend", "pairs"), [("fake_guadalupe", 6), pytest.param("fake_fez", 60, marks=pytest.mark.trial)]
)
def test_all_takes_disjoint_couplers_of_a_whole_chip(backend: str, pairs: int) -> None:
    with open_source(f"aer:{backend}?circuit=chsh&noise=none&group=8&seed=6") as source:
        qubits = source.provenance()["qubits"]
        assert source.lanes >= pairs and len(set(qubits)) == 2 * source.lanes
        samples = source.read(100 * source.lanes)
    assert samples.side_data["settings"].size == samples.count


def parity_means(samples: Samples) -> list[float]:
    """Mean product of the outcomes at each setting."""
    symbols, settings = samples.symbols(), samples.side_data["settings"]
    odd = np.array([bin(k).count("1") % 2 for k in range(2**samples.bits_per_symbol)])[symbols]
    return [float(1 - 2 * odd[settings == s].mean()) for s in range(int(settings.max()) + 1)]


@pytest.mark.parametrize(
    ("circuit", "qubits", "means"),
    [
        ("mermin", "0,1,2,3,4,5", [1, -1, -1, -1]),
        ("source-independent", "0,1,2", [0, 1]),
        ("dimension-witness", "0,1", [-1, 0, 1, 0, 0, -1, 0, 1]),
    ],
)
def test_ideal_units_have_the_values_of_the_textbook(circuit: str, qubits: str, means: list[float]) -> None:
    spec = f"aer:fake_melbourne?circuit={circuit}&noise=none&qubits={qubits}&test_share=0.5&seed=1"
    samples = run(spec, 40_000)
    assert parity_means(samples) == pytest.approx(means, abs=0.06)
    assert samples.provenance["simulated"] is True


def test_readout_errors_lower_the_mermin_value() -> None:
    noisy = parity_means(run("aer:fake_melbourne?circuit=mermin&qubits=0,1,2&seed=1", 20_000))
    assert 2 < noisy[0] - sum(noisy[1:]) < 3.95
