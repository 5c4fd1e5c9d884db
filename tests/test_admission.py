"""The generator's claim: the smaller of physics and statistics, lane by lane where lanes are long enough."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qrng
from qrng import RandomBitGenerator, SimulatedSourceWarning
from qrng.accounting import account
from qrng.admission import LANE_SYMBOLS, claim_of_whole, combined
from qrng.assessment import Assessment, assess
from qrng.claim import EntropyClaim
from qrng.errors import EntropyError, ParameterError
from qrng.health.scan import scan
from qrng.samples import Samples
from qrng.sources import open_source

BIASES = (0.0, 0.08, 0.15)
BOUND = "trusted-qubit:p01=0.005,p10=0.005"


def lanes(shots: int, seed: int = 0, biases: tuple[float, ...] = BIASES) -> Samples:
    """Lanes of different bias."""
    ones = np.random.default_rng(seed).random((shots, len(biases))) < 0.5 + np.array(biases)
    return Samples.from_symbols(ones.astype(np.uint8).reshape(-1), lanes=len(biases))


ONE_BAD = (0.0,) * 7 + (0.3,)


def test_long_lanes_are_compared_one_by_one() -> None:
    samples = lanes(LANE_SYMBOLS)
    bound, found = account(samples, BOUND), assess(samples)
    both = combined(bound, found)
    smaller = [min(lane.min_entropy, h) for lane, h in zip(bound.lanes, found.lane_min_entropy, strict=True)]
    assert both.bits_per_sample == min(sum(smaller) / 3, found.min_entropy)
    assert both.every_symbol == min(*smaller, both.bits_per_sample)
    assert "lane by lane (10,000 symbols" in both.assumptions[-1]
    assert "the qubits are independent of each other given the side information" in both.assumptions
    assert both.log2_error == -64
    assert both.reference.startswith("the smaller of trusted qubit") and "SP 800-90B" in both.reference


def test_short_lanes_are_pooled_and_that_is_said() -> None:
    samples = lanes(LANE_SYMBOLS - 1)
    bound, found = account(samples, BOUND), assess(samples)
    both = combined(bound, found)
    assert both.bits_per_sample == min(bound.claim.bits_per_sample, found.min_entropy)
    assert "all lanes pooled: fewer than 10,000 symbols in a lane" in both.assumptions[-1]


def test_coupled_lanes_count_in_groups_and_that_is_said() -> None:
    samples = lanes(LANE_SYMBOLS)
    bound = account(samples, f"{BOUND},coupled=3")
    assert bound.coupled == 3
    both = combined(bound, assess(samples))
    assert "groups of coupled qubits are independent of each other given the side information" in both.assumptions
    assert both.bits_per_sample <= bound.claim.bits_per_sample


FOUND = assess(lanes(LANE_SYMBOLS))
PHYSICS = account(lanes(LANE_SYMBOLS), BOUND)


@given(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
    st.floats(0.01, 1),
    st.integers(1, 10 * LANE_SYMBOLS),
)
def test_the_claim_never_exceeds_either_side(
    physics: list[float], estimates: list[float], whole: float, n: int
) -> None:
    bound = replace(
        PHYSICS,
        lanes=tuple(replace(lane, min_entropy=h) for lane, h in zip(PHYSICS.lanes, physics, strict=True)),
        claim=replace(PHYSICS.claim, bits_per_sample=sum(physics) / 3, weakest_lane=min(*physics, sum(physics) / 3)),
    )
    found: Assessment = replace(
        FOUND, lane_min_entropy=tuple(estimates), lane_samples=(n, n, n), min_entropy=whole, samples=3 * n
    )
    both = combined(bound, found)
    assert both.bits_per_sample <= min(sum(physics) / 3, whole) + 1e-12
    assert both.every_symbol <= min(physics) + 1e-12
    if n >= LANE_SYMBOLS:
        assert both.bits_per_sample <= sum(estimates) / 3 + 1e-12
        assert both.every_symbol <= min(estimates) + 1e-12


def test_other_widths_and_no_entropy_are_refused() -> None:
    wide = assess(Samples.from_symbols(np.random.default_rng(0).integers(0, 4, 2000), 2))
    with pytest.raises(ParameterError, match="different widths"):
        combined(PHYSICS, wide)
    dead = replace(FOUND, lane_min_entropy=(0.0, 0.0, 0.0))
    with pytest.raises(EntropyError):
        combined(PHYSICS, dead)


def test_both_claims_come_out_of_a_whole_capture() -> None:
    found = claim_of_whole(lanes(LANE_SYMBOLS), "x", BOUND)
    assert found.physical is not None and found.claim == combined(found.physical, FOUND)
    assert found.as_json()["physical"]["bound"] == "trusted-qubit"
    plain = claim_of_whole(lanes(LANE_SYMBOLS), "x")
    assert plain.claim == plain.statistical and plain.as_json()["physical"] is None


def test_a_worse_lane_does_not_alarm_on_a_long_stream_whose_claim_is_a_mean() -> None:
    """Held against the mean, the evidence of the worst lane grows with the stream; held against itself it doesn't."""
    samples = lanes(600_000, seed=1)
    claim = account(lanes(200_000), "trusted-qubit:p01=0,p10=0,log2_error=-20").claim
    known: dict[str, Any] = {"bits_per_symbol": 1, "lanes": 3}
    against_mean = scan([samples], claim=claim.bits_per_sample, **known)
    assert against_mean.alarms and against_mean.alarms[0].lane == 2
    assert scan([samples], claim=claim.every_symbol, **known).passed
    assert claim.every_symbol == pytest.approx(-math.log2(0.65), abs=0.02)
    assert claim.every_symbol < claim.bits_per_sample


def test_generator_and_extraction_hold_each_lane_against_the_weakest(tmp_path: Path, run_qrng: Any) -> None:
    path = tmp_path / "lanes.bin"
    path.write_bytes(lanes(100_000, 1, ONE_BAD).packed.tobytes())
    claim = assess(lanes(100_000, 2, ONE_BAD)).claim
    with (
        open_source(f"file:{path}?lanes=8") as source,
        RandomBitGenerator(source, claim=claim, allow_reproducible=True) as generator,
    ):
        assert len(generator.random_bytes(1000)) == 1000
    record = json.loads(
        run_qrng("extract", path, "--lanes", "8", "-o", "out.bin", "--json", "--certificate", "c.json").stdout
    )
    assert record["health"]["state"] == "OK"
    assert record["health"]["claim"] == record["claim"]["weakest_lane"] < record["claim"]["bits_per_sample"]
    done = run_qrng("verify", "c.json", "--raw", path)
    assert done.returncode == 0, done.stderr + done.stdout
    health = json.loads(run_qrng("health", path, "--lanes", "8", "--claim", "auto", "--json").stdout)
    assert health["claim"] == record["claim"]["weakest_lane"] and not health["alarms"]


def test_the_gate_of_a_live_source_takes_the_weakest_lane() -> None:
    claim = EntropyClaim(0.9, None, ("a",), "r", weakest_lane=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SimulatedSourceWarning)
        with RandomBitGenerator(open_source("sim:"), claim=claim) as generator:
            generator.random_bytes(1)
            assert generator.status()["health"]["claim"] == 0.5
            assert generator.provenance()["claim"]["weakest_lane"] == 0.5


def test_a_claim_of_a_whole_run_makes_no_generator() -> None:
    claim = EntropyClaim(0.9, -20, ("a",), "r", symbols=10**6)
    with pytest.raises(ParameterError, match="says nothing of"):
        RandomBitGenerator(open_source("sim:"), claim=claim, log2_error=-10)


@pytest.mark.parametrize("known", [{"weakest_lane": 0.0}, {"weakest_lane": 0.95}, {"symbols": 0}])
def test_an_impossible_claim_is_refused(known: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        EntropyClaim(0.9, None, ("a",), "r", **known)


def test_the_commands_take_the_smaller_claim(tmp_path: Path, run_qrng: Any) -> None:
    path = tmp_path / "lanes.bin"
    path.write_bytes(lanes(100_000).packed.tobytes())
    done = run_qrng("extract", path, "--lanes", "3", "--physical", BOUND, "-o", "out.bin", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    made = record["claim_made_from"]
    assert record["claim"]["bits_per_sample"] <= min(made[side]["bits_per_sample"] for side in ("statistical",))
    assert record["claim"]["bits_per_sample"] <= made["physical"]["claim"]["bits_per_sample"]
    shown = run_qrng("extract", path, "--lanes", "3", "--physical", BOUND, "-o", "out.bin").stdout.decode()
    assert "bits a symbol by trusted-qubit" in shown and "bits a symbol by SP 800-90B" in shown
    stream = run_qrng("random", "16", "--source", f"file:{path}?lanes=3", "--physical", BOUND)
    assert stream.returncode == 0, stream.stderr
    assert b"bound by physics, trusted-qubit" in stream.stderr and b"the smaller of both" in stream.stderr
    for wrong in (
        ("extract", path, "--physical", BOUND, "--min-entropy", "0.5", "-o", "x"),
        ("random", "1", "--source", f"file:{path}", "--physical", BOUND, "--claim", "0.5"),
        ("random", "1", "--source", "sim:", "--physical", BOUND),
    ):
        assert run_qrng(*wrong).returncode == 2


def test_the_whole_way_is_in_the_python_interface(tmp_path: Path) -> None:
    path = tmp_path / "lanes.bin"
    path.write_bytes(lanes(100_000).packed.tobytes())
    with open_source(f"file:{path}?lanes=3") as source:
        recording = source.recording()
        assert recording is not None
        found = claim_of_whole(recording, source.spec, BOUND, -65)
        with qrng.RandomBitGenerator(source, claim=found.claim, allow_reproducible=True) as generator:
            assert len(generator.random_bytes(64)) == 64
