"""Each protocol from submission to claim: the pretended platform runs the very circuits that the true client sent."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from qrng.cli import cli
from qrng.errors import ParameterError
from qrng.formats import open_capture
from qrng.sources.ibm import client, jobs
from qrng.sources.ibm.learned import choose_learned, unit_prior
from qrng.sources.ibm.ledger import Ledger
from qrng.sources.ibm.plans import choose_qubits
from qrng.sources.ibm.source import IbmSource
from qrng.sources.protocols import PROTOCOLS, distribution

OpenIbm = Callable[..., IbmSource]

NOISE, FLIPS = 0.005, 0.001  # shots of which every bit is a coin; bits read wrong


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.fixture
def quantum(platform: Any, rng: np.random.Generator) -> Any:
    """The platform, executing what it is sent by state vectors, with a little noise."""
    from qiskit.quantum_info import Statevector

    def run(circuits: list[Any], shots: int) -> list[np.ndarray]:
        return [one(circuit, shots) for circuit in circuits]

    def one(circuit: Any, shots: int) -> np.ndarray:
        measured = {
            circuit.find_bit(step.clbits[0]).index: circuit.find_bit(step.qubits[0]).index
            for step in circuit.data
            if step.operation.name == "measure"
        }
        state = Statevector(circuit.remove_final_measurements(inplace=False))
        chances = state.probabilities([measured[k] for k in range(circuit.num_clbits)])
        drawn = rng.choice(chances.size, shots, p=chances / chances.sum())
        bits = (drawn[:, None] // 2 ** np.arange(circuit.num_clbits) % 2).astype(bool)
        coins = rng.random(shots) < (NOISE if circuit.count_ops().get("barrier") else 0)  # known answers have none
        bits[coins] = rng.random((int(coins.sum()), bits.shape[1])) < 0.5
        return bits ^ (rng.random(bits.shape) < FLIPS)

    platform.execute = run
    return platform


@pytest.fixture
def run(connect: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    monkeypatch.setattr(client, "connect", lambda instance: connect())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(cli, [str(arg) for arg in args], catch_exceptions=False)


@pytest.mark.parametrize(
    ("circuit", "options", "shots", "bound", "lanes"),
    [
        ("source-independent", "", 40_000, "source-independent", 5),
        ("chsh", "", 60_000, "chsh", 2),
        ("chsh", "", 60_000, "probability-estimation:expected=2.7", 2),
        ("mermin", "", 40_000, "mermin", 1),
        ("dimension-witness", "&group=500", 100_000, "dimension-witness", 5),
    ],
)
def test_a_protocol_goes_from_submission_to_its_claim(
    run: Callable[..., Result],
    quantum: Any,
    tmp_path: Path,
    circuit: str,
    options: str,
    shots: int,
    bound: str,
    lanes: int,
) -> None:
    assert run("capture", f"ibm:ibm_loop?circuit={circuit}&shots={shots}{options}", "--submit").exit_code == 0
    assert run("jobs", "collect", "job0", "-o", "raw.qrng").exit_code == 0
    protocol = PROTOCOLS[circuit]
    with open_capture(tmp_path / "raw.qrng") as capture:
        samples = capture.read_all()
        facts = capture.provenance["recorded"]
    assert (samples.lanes, samples.bits_per_symbol) == (lanes, protocol.qubits)
    assert samples.count >= lanes * shots
    assert (facts["circuit"], facts["simulated"]) == (circuit, False)
    assert facts["settings"].startswith(f"random, {protocol.about}, ")
    answers = facts["known_answers"]
    assert answers["shots"] * 5 > sum(answers["flips01"]) > 0
    assert len(answers["flips10"]) == lanes * protocol.qubits
    settings, outcomes = samples.side_data["settings"], samples.symbols()
    for setting in range(len(protocol.settings)):
        taken = outcomes[settings == setting]
        found = np.bincount(taken, minlength=2**protocol.qubits) / taken.size
        assert found == pytest.approx(distribution(protocol, setting), abs=0.04)

    spec = f"{bound}{',' if ':' in bound else ':'}log2_error=-20"
    told = json.loads(run("assess", "raw.qrng", "--first", 30_000, "--physical", spec, "--json").stdout)
    assert told["physical"]["bound"] == bound.partition(":")[0]
    claim = told["physical"]["claim"]
    assert 0 < claim["bits_per_sample"] < protocol.qubits
    assert any("share their settings" in words for words in claim["assumptions"])


def test_settings_are_drawn_for_each_unit_circuit_and_job(open_ibm: OpenIbm, platform: Any, ledger: Ledger) -> None:
    platform.qubits = 5
    with open_ibm(circuit="dimension-witness", shots=1280, group=5) as source:
        first, second = (np.array(source.submit()[0].plan["settings"]) for _ in range(2))
    assert first.shape == (256, 5)
    assert set(first.reshape(-1)) == set(range(8))
    assert (first != second).any() and (first[:, 0] != first[:, 1]).any()
    with open_ibm(circuit="source-independent", shots=1280, group=5, test_share=0.25) as source:
        assert "test_share=0.25" in source.spec
        drawn = np.array(source.submit()[0].plan["settings"])
        assert set(drawn.reshape(-1)) == {0, 1} and 0.2 < drawn.mean() < 0.3
        assert source.read(5 * 1280).provenance["test_share"] == 0.25


@pytest.mark.parametrize("program", ["executor", "sampler"])
def test_both_samplers_are_sent_the_angles_of_the_settings(
    open_ibm: OpenIbm, quantum: Any, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if program == "sampler":
        monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.executor_sampler", None)
    elif importlib.util.find_spec("qiskit_ibm_runtime.executor_sampler") is None:
        pytest.skip("this client has SamplerV2 alone")
    with open_ibm(circuit="mermin", qubits="4,3,2", shots=6400) as source:
        samples = source.read(6400)
    assert [job["program_id"] for job in quantum.jobs.values()] == [program]
    odd = np.array([0, 1, 1, 0, 1, 0, 0, 1])[samples.symbols()]
    right = odd == (samples.side_data["settings"] != 0)
    assert right.mean() > 0.98


def test_all_takes_chains_and_couplers_that_work(platform: Any, connect: Callable[[], Any]) -> None:
    backend = connect().backend("ibm_loop")
    assert len(choose_qubits(backend, "all", "chsh")) == 4
    assert set(np.diff(choose_qubits(backend, "all", "mermin"))) <= {-1, 1}
    assert choose_qubits(backend, "all", "dimension-witness") == (0, 1, 2, 3, 4)
    for gate in platform.properties["gates"]:
        if set(gate["qubits"]) == {1, 2}:
            gate["parameters"].append({"name": "operational", "value": 0, "unit": "", "date": "2026-01-01T00:00:00Z"})
    broken = connect().backend("ibm_loop")
    pairs = np.sort(np.reshape(choose_qubits(broken, "all", "chsh"), (-1, 2))).tolist()
    assert len(pairs) == 2 and [0, 1] in pairs and [1, 2] not in pairs
    assert set(choose_qubits(broken, "all", "mermin")) == {2, 3, 4}


def test_chains_of_three_are_learned_by_the_trials_that_they_won(
    open_ibm: OpenIbm, quantum: Any, connect: Callable[[], Any], ledger: Ledger
) -> None:
    backend = connect().backend("ibm_loop")
    prior = unit_prior(backend, PROTOCOLS["mermin"])
    assert set(prior) == {"0-1-2", "1-2-3", "2-3-4"}
    assert all(0.75 < win < 1 for win in prior.values())
    ledger.learn(ledger.intend("ibm_loop", {}), "mermin", {"1-2-3": (99_000, 100_000), "0-1-2": (70_000, 100_000)})
    ledger.learn(ledger.intend("ibm_loop", {}), "mermin", {"2-3-4": (60_000, 100_000)})
    assert choose_learned(backend, 1, "mermin", ledger, 1) == (1, 2, 3)
    with open_ibm(circuit="mermin", qubits="learned:1", shots=640) as source:
        (entry,) = source.submit()
        samples = jobs.collect(connect(), entry, ledger)
    arm, wins, trials = ledger.outcomes("ibm_loop", "mermin")[-1]
    even = np.isin(samples.symbols(), [0, 3, 5, 6])
    assert (arm, trials) == ("1-2-3", 640)
    assert wins == int((even == (samples.side_data["settings"] == 0)).sum()) > 600


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"circuit": "mermin", "qubits": "0,1"}, "a multiple of 3 qubits, not 2"),
        ({"circuit": "mermin", "qubits": "0,2,1"}, "0 and 2 are not coupled on ibm_loop: no unit of mermin"),
        ({"circuit": "ghz"}, "one of hadamard, source-independent, chsh, mermin, dimension-witness, not 'ghz'"),
        ({"circuit": "source-independent", "test_share": 0.3}, "multiple of 1/256"),
        ({"circuit": "dimension-witness", "group": 0}, "from 1 to 10000 shots"),
        ({"circuit": "mermin", "qubits": "learned:2"}, "only 1 units of mermin that share no qubit"),
    ],
)
def test_what_makes_no_units_is_refused_before_anything_is_sent(
    open_ibm: OpenIbm, platform: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ParameterError, match=says), open_ibm(**options) as source:
        source.submit()
    assert platform.jobs == {}
