"""The simulated device follows its model, and its claim never exceeds what the model leaves unknown."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.errors import ClosedError, EntropyError, ParameterError, SourceError
from qrng.sources import open_source
from qrng.sources.simulator import SimulatorSource

STEP = 4096  # shots for which the drift stands still


def test_every_conditional_frequency_matches_the_model() -> None:
    """Sum of squared z-scores over lane × drift phase × neighbour's bit, against chi-square (mean K, variance 2 K)."""
    qubits, steps, bias, p01, p10 = 3, 256, (0.05, -0.1, 0.003), 0.02, 0.05
    drift, period, crosstalk = 0.03, 16 * STEP, 0.04
    source = SimulatorSource(
        qubits, bias, p01=p01, p10=p10, drift=drift, drift_period=period, crosstalk=crosstalk, seed=7
    )
    read = source.read(qubits * steps * STEP).symbols().reshape(steps, STEP, qubits).astype(np.int64)
    scores = []
    for lane in range(qubits):
        for phase in range(16):
            block = read[phase::16]
            wave = drift * math.sin(2 * math.pi * (phase / 16 + lane / qubits))
            for before in (0, 1):
                chosen = block[:, :, lane][block[:, :, lane - 1] == before] if lane else block[:, :, lane].reshape(-1)
                shift = crosstalk * (2 * before - 1) if lane else 0.0
                p = p01 + (0.5 + bias[lane] + wave + shift) * (1 - p01 - p10)
                scores.append((chosen.sum() - p * chosen.size) / math.sqrt(chosen.size * p * (1 - p)))
                if not lane:
                    break
    total, cells = sum(z * z for z in scores), len(scores)
    assert cells == 80
    assert abs(total - cells) < 4 * math.sqrt(2 * cells)


def test_the_comparison_is_exact_to_forty_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    source = SimulatorSource(1, bias=0.1, readout_error=0, drift=0, crosstalk=0)
    threshold = round(0.6 * 2**40)
    low = threshold % 2**32

    def noise(n: int) -> bytes:
        if n % STEP == 0 and not drawn:
            drawn.append(n)
            return bytes([threshold >> 32]) * n
        values = np.full(n // 4, 2**32 - 1, np.uint32)
        values[:4] = low - 1, low, low + 1, 0
        return values.tobytes()

    drawn: list[int] = []
    monkeypatch.setattr(source, "_noise", noise)
    assert source.read(5).symbols().tolist() == [1, 0, 0, 1, 0]


def true_guess(q: float, p01: float, p10: float) -> float:
    """An adversary who knows of each shot whether the readout reads the qubit, always 0 or always 1."""
    return p01 + p10 + (1 - p01 - p10) * max(q, 1 - q)


@given(
    st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=4),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
    st.floats(-0.1, 0.1),
    st.floats(-0.1, 0.1),
)
def test_the_claim_is_the_worst_conditional_min_entropy_and_never_more(
    bias: list[float], p01: float, p10: float, drift: float, crosstalk: float
) -> None:
    source = SimulatorSource(len(bias), bias, p01=p01, p10=p10, drift=drift, crosstalk=crosstalk)
    claim = source.claim()
    worst = max(
        true_guess(0.5 + b + drift * math.sin(2 * math.pi * phase / 40) + (crosstalk * sign if k else 0), p01, p10)
        for (k, b), phase, sign in itertools.product(enumerate(bias), range(40), (-1, 1))
    )
    assert claim.bits_per_sample <= -math.log2(worst)
    assert claim.bits_per_sample == pytest.approx(-math.log2(worst), abs=1e-9)
    assert claim.log2_error == -math.inf
    assert claim.assumptions[0].startswith("simulated")


def test_an_ideal_device_gives_one_bit_but_for_the_resolution() -> None:
    claim = SimulatorSource(8, bias=0, readout_error=0, drift=0, crosstalk=0).claim()
    assert 1 - 1e-11 < claim.bits_per_sample < 1


def test_a_dead_qubit_has_no_claim() -> None:
    with pytest.raises(EntropyError, match="no entropy"):
        SimulatorSource(2, bias=(0, 0.5), readout_error=0, drift=0, crosstalk=0).claim()


def test_a_seed_makes_it_repeatable_and_says_so() -> None:
    first, second, other = (SimulatorSource(4, seed=seed) for seed in (1, 1, 2))
    whole = first.read(100_000).packed.tobytes()
    assert b"".join(second.read(8 * n).packed.tobytes() for n in (1, 499, 12_000)) == whole
    assert other.read(100_000).packed.tobytes() != whole
    assert first.reproducible and first.provenance()["reproducible"] is True
    with pytest.raises(SourceError, match="forked"):
        first.reopen()


def test_without_a_seed_no_two_runs_agree() -> None:
    first, second = SimulatorSource(4), SimulatorSource(4)
    assert not first.reproducible
    before = first.read(4096).packed.tobytes()
    assert before != second.read(4096).packed.tobytes()
    first.reopen()
    after = first.read(4096)
    assert after.packed.tobytes() != before
    assert after.first == 0


def test_it_says_that_it_is_simulated() -> None:
    source = open_source("sim:")
    assert source.simulated and not source.finite
    facts = source.provenance()
    assert facts["simulated"] is True and "os.urandom" in facts["shot_noise"]
    json.dumps(facts, allow_nan=False)
    assert open_source(source.spec).provenance() == facts
    samples = source.read(17)
    assert (samples.lanes, samples.first, source.read(1).first) == (8, 0, 17)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"qubits": 0}, "qubits must be from 1"),
        ({"qubits": 3, "bias": (0.1, 0.2)}, "one for each of the 3 qubits"),
        ({"bias": 0.6}, "bias must lie from"),
        ({"bias": math.nan}, "bias takes one number"),
        ({"readout_error": 0.5}, r"p01 \+ p10 must be below 1"),
        ({"p01": -0.1}, "p01 must lie from"),
        ({"bias": 0.4, "drift": 0.2}, r"out of \[0, 1\]"),
        ({"drift": math.inf}, r"out of \[0, 1\]"),
        ({"drift": math.nan}, "finite"),
        ({"crosstalk": math.nan}, "finite"),
        ({"drift_period": 10}, "drift_period must be at least"),
        ({"seed": -1}, "seed must not be negative"),
    ],
)
def test_an_impossible_device_is_refused(known: dict[str, object], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        SimulatorSource(**known)


def test_a_closed_simulator_gives_nothing() -> None:
    source = SimulatorSource()
    source.close()
    with pytest.raises(ClosedError):
        source.read(1)
    with pytest.raises(ParameterError):
        SimulatorSource().read(0)
