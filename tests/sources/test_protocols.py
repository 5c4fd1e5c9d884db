"""Protocols: what quantum mechanics predicts, the same as circuits, settings, and couplers that share no qubit."""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter

import numpy as np
import pytest

from qrng.errors import ClosedError, ParameterError, SourceError
from qrng.sources import open_source
from qrng.sources.protocols import PROTOCOLS, angles, circuit, disjoint, distribution, draw_settings, symbols


def parity(protocol: str, setting: int) -> float:
    """Mean of the product of all outcomes."""
    p = distribution(PROTOCOLS[protocol], setting)
    return sum(q * (-1) ** bin(symbol).count("1") for symbol, q in enumerate(p))


def test_the_predictions_are_those_of_the_textbook() -> None:
    s = sum(parity("chsh", setting) * (-1 if setting == 3 else 1) for setting in range(4))
    assert s == pytest.approx(2 * math.sqrt(2))
    assert [parity("mermin", k) for k in range(4)] == pytest.approx([1, -1, -1, -1])
    assert distribution(PROTOCOLS["mermin"], 0) == pytest.approx([0.25, 0, 0, 0.25, 0, 0.25, 0.25, 0])
    assert distribution(PROTOCOLS["source-independent"], 0) == pytest.approx([0.5, 0.5])
    assert distribution(PROTOCOLS["source-independent"], 1) == pytest.approx([1, 0])
    ones = [distribution(PROTOCOLS["dimension-witness"], k)[1] for k in range(8)]
    assert ones == pytest.approx([1, 0.5, 0, 0.5, 0.5, 1, 0.5, 0])


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_marginal_depends_on_the_setting_of_another_qubit(name: str) -> None:
    protocol = PROTOCOLS[name]
    seen: dict[tuple[int, object], float] = {}
    for setting, turned in enumerate(protocol.settings):
        p = distribution(protocol, setting).reshape((2,) * protocol.qubits)
        for qubit, own in enumerate(turned):
            one = float(p.sum(axis=tuple(k for k in range(protocol.qubits) if k != qubit))[1])
            assert seen.setdefault((qubit, own), one) == pytest.approx(one)


@pytest.mark.usefixtures("ibm_extra")
@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_circuits_give_these_predictions(name: str) -> None:
    """Two units beside each other, all pairs of settings, by Qiskit's own state vectors."""
    from qiskit.quantum_info import Statevector

    protocol = PROTOCOLS[name]
    made, parameters = circuit(protocol, 2)
    for row in itertools.product(range(len(protocol.settings)), repeat=2):
        bound = made.assign_parameters(dict(zip(parameters, angles(protocol, row), strict=True)))
        bound.remove_final_measurements()
        found = Statevector(bound).probabilities()  # qubit 0 is the least significant bit of the index
        bits = np.array([[k >> q & 1 for q in range(2 * protocol.qubits)] for k in range(found.size)], np.uint8)
        units = symbols(protocol, bits)
        ideal = [distribution(protocol, setting) for setting in row]
        expected = ideal[0][units[:, 0]] * ideal[1][units[:, 1]]
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_simulation_follows_its_model(name: str) -> None:
    """Sum of squared z-scores over lane × setting × symbol, against chi-square (mean K, variance about 2 K)."""
    visibility, p01, p10, lanes = 0.9, 0.02, 0.07, 2
    protocol = PROTOCOLS[name]
    qubits = lanes * protocol.qubits
    spec = f"sim:?circuit={name}&qubits={qubits}&visibility={visibility}&p01={p01}&p10={p10}&test_share=0.25&seed=3"
    with open_source(spec) as source:
        samples = source.read(400_000)
    assert (samples.bits_per_symbol, samples.lanes) == (protocol.qubits, lanes)
    read = np.ones((1, 1))
    for _ in range(protocol.qubits):
        read = np.kron(read, [[1 - p01, p10], [p01, 1 - p10]])
    outcomes, settings = samples.symbols(), samples.side_data["settings"]
    total = cells = 0.0
    for lane, setting in itertools.product(range(lanes), range(len(protocol.settings))):
        ideal = visibility * distribution(protocol, setting) + (1 - visibility) / 2**protocol.qubits
        found = outcomes[lane::lanes][settings[lane::lanes] == setting]
        expected = found.size * (read @ ideal)
        total += float((((np.bincount(found, minlength=expected.size) - expected) ** 2) / expected).sum())
        cells += expected.size - 1
    assert abs(total - cells) < 4 * math.sqrt(2 * cells)


def test_settings_are_uniform_or_as_asked_and_stay_for_a_group() -> None:
    for name, protocol in PROTOCOLS.items():
        drawn = draw_settings(protocol, (40_000, 2), 0.25, os.urandom)
        shares = np.bincount(drawn.reshape(-1), minlength=len(protocol.settings)) / drawn.size
        expected = [0.75, 0.25] if name == "source-independent" else [1 / len(protocol.settings)] * len(shares)
        assert shares == pytest.approx(expected, abs=0.01)
    with open_source("sim:?circuit=chsh&qubits=4&group=5&seed=1") as source:
        parts = [source.read(n) for n in (1, 33, 6966)]
    settings = np.concatenate([part.side_data["settings"] for part in parts])
    lane = settings[::2][:3000].reshape(-1, 5)
    assert (lane == lane[:, :1]).all() and len(set(lane[:, 0].tolist())) == 4
    assert [part.first for part in parts] == [0, 1, 34]


def test_a_simulated_protocol_says_what_it_is() -> None:
    with open_source("sim:?circuit=mermin&qubits=6&readout_error=0.01") as source:
        facts = source.provenance()
        assert facts["simulated"] is True and facts["circuit"] == "mermin"
        assert "0 XXX, 1 XYY" in facts["settings"]
        assert source.claim() is None and not source.reproducible
        with open_source(source.spec) as again:
            assert again.provenance() == facts
        first = source.read(5000).packed.tobytes()
        source.reopen()
        assert source.read(5000).packed.tobytes() != first
    with pytest.raises(ClosedError):
        source.read(1)
    with open_source("sim:?circuit=chsh&seed=1") as seeded:
        assert seeded.reproducible
        with pytest.raises(SourceError, match="forked"):
            seeded.reopen()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("circuit=bell", "one of hadamard, source-independent, chsh"),
        ("circuit=chsh&qubits=3", "a multiple of 2 qubits"),
        ("circuit=mermin&qubits=0", "a multiple of 3 qubits"),
        ("circuit=chsh&visibility=1.1", "from 0 to 1"),
        ("circuit=chsh&p01=-1", "from 0 to 1"),
        ("circuit=chsh&group=0", "from 1 to 10000"),
        ("circuit=source-independent&test_share=0.3", "multiple of 1/256"),
        ("circuit=source-independent&test_share=0", "multiple of 1/256"),
        ("circuit=chsh&seed=-1", "not be negative"),
        ("circuit=chsh&bias=0.1", "no option named 'bias'"),
    ],
)
def test_an_impossible_protocol_is_refused(options: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        open_source(f"sim:?{options}")


def heavy_hex() -> list[tuple[int, int]]:
    """Two rows of eleven, joined at every fourth qubit."""
    rows = [(k, k + 1) for k in range(10)] + [(20 + k, 21 + k) for k in range(10)]
    return rows + [edge for k in (0, 4, 8) for edge in ((k, 40 + k), (40 + k, 20 + k))]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_disjoint_couplers_share_no_qubit_and_are_coupled(size: int) -> None:
    edges = heavy_hex()
    found = disjoint(edges, size)
    assert max(Counter(q for chain in found for q in chain).values()) == 1
    coupled = {frozenset(edge) for edge in edges}
    assert all(frozenset(pair) in coupled for chain in found for pair in itertools.pairwise(chain))
    assert len(found) >= {1: 25, 2: 11, 3: 6}[size]
