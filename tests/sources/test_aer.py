"""Fake backends in Aer: lanes, entanglement, readout errors, and that all of it says it is simulated."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qrng.errors import ClosedError, ParameterError, SourceError
from qrng.sources import open_source

pytestmark = pytest.mark.usefixtures("ibm_extra", "sim_extra")


def shots(spec: str, count: int) -> np.ndarray:
    with open_source(spec) as source:
        return source.read(count * source.lanes).symbols().reshape(count, source.lanes).astype(float)


def test_a_whole_chip_of_156_qubits_gives_one_lane_a_qubit() -> None:
    bits = shots("aer:fake_fez?seed=1", 500)
    assert bits.shape == (500, 156)
    assert abs(bits.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(bits[:, 3], bits[:, 77])[0, 1]) < 0.25


def test_bell_pairs_agree_within_a_pair_and_ghz_states_everywhere() -> None:
    pairs = shots("aer:fake_melbourne?circuit=bell&noise=none&qubits=3,7,0,1&seed=2", 400)
    assert (pairs[:, 0] == pairs[:, 1]).all() and (pairs[:, 2] == pairs[:, 3]).all()
    assert abs((pairs[:, 0] == pairs[:, 2]).mean() - 0.5) < 0.15
    ghz = shots("aer:fake_melbourne?circuit=ghz&noise=none&seed=2", 200)
    assert (ghz == ghz[:, :1]).all()


def test_readout_errors_of_the_backend_show() -> None:
    noisy = shots("aer:fake_melbourne?circuit=bell&qubits=3,7&seed=3", 4000)
    assert 0.005 < (noisy[:, 0] != noisy[:, 1]).mean() < 0.3


def test_it_says_that_it_is_simulated_and_has_no_claim() -> None:
    with open_source("aer:fake_melbourne?qubits=0,1") as source:
        assert source.simulated and not source.finite and not source.reproducible
        assert source.claim() is None
        facts = source.provenance()
        assert facts["simulated"] is True and "pseudo-random" in facts["shot_noise"]
        json.dumps(facts, allow_nan=False)
        assert open_source(source.spec).provenance() == facts
        before = source.read(3001)
        assert source.read(10).first == 3001
        source.reopen()
        assert source.read(3001).packed.tobytes() != before.packed.tobytes()
    with pytest.raises(ClosedError):
        source.read(1)


def test_a_seed_makes_it_repeatable_and_says_so() -> None:
    runs = [shots("aer:fake_melbourne?qubits=0,1&seed=5", 200_000) for _ in range(2)]
    assert (runs[0] == runs[1]).all()
    assert (runs[0][:100_000] != runs[0][100_000:]).any()
    with open_source("aer:fake_melbourne?seed=5") as source, pytest.raises(SourceError, match="forked"):
        source.reopen()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("aer:", "needs a fake backend"),
        ("aer:fake_provider_for_backend", "no fake backend named"),
        ("aer:fake_nowhere", "no fake backend named .fake_nowhere.; there are fake_ . .*torino"),
        (
            "aer:fake_melbourne?circuit=w",
            "one of hadamard, bell, ghz, source-independent, chsh, mermin, dimension-witness",
        ),
        ("aer:fake_melbourne?noise=loud", "one of readout, gates, full, none"),
        ("aer:fake_melbourne?circuit=bell&qubits=1,2,3", "even number"),
        ("aer:fake_melbourne?qubits=99", "from 0 to 14"),
        ("aer:fake_melbourne?qubits=a", '"all" or numbers'),
    ],
)
def test_what_can_not_be_simulated_is_refused(spec: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        open_source(spec)
