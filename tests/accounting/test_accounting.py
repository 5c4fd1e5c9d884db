"""Physical bounds of captures: what they take from the capture, what must be given, and how they are printed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng.accounting import account
from qrng.container import ContainerWriter
from qrng.entropy.physical import homodyne, trusted_lanes
from qrng.errors import EntropyError, ParameterError
from qrng.samples import Samples
from qrng.sources.simulator import SimulatorSource

SHOTS = np.random.default_rng(0).integers(0, 2, (20_000, 3))


def samples(**provenance: Any) -> Samples:
    return Samples.from_symbols(SHOTS.reshape(-1), lanes=3, provenance=provenance)


def test_readout_errors_are_given_or_taken_from_the_known_answers() -> None:
    given = account(samples(), "trusted-qubit:p01=0.01,p10=0.02,log2_error=-30")
    assert given.claim == trusted_lanes(samples(), 0.01, 0.02, -30).claim
    answers = {"shots": 5000, "flips01": [50, 60, 70], "flips10": [100, 110, 120]}
    recorded = account(samples(recorded={"known_answers": answers}), "trusted-qubit")
    assert (
        recorded.claim
        == trusted_lanes(
            samples(), [(50, 5000), (60, 5000), (70, 5000)], [(100, 5000), (110, 5000), (120, 5000)], -64
        ).claim
    )
    assert account(samples(known_answers=answers), "trusted-qubit").claim == recorded.claim
    assert [lane.lane for lane in recorded.lanes] == [0, 1, 2]


def test_coupled_lanes_count_given_the_ones_before() -> None:
    grouped = account(samples(), "trusted-qubit:p01=0,p10=0,coupled=2")
    assert grouped.claim == trusted_lanes(samples(), 0.0, 0.0, -64, [[0, 1], [2]]).claim


def test_a_last_incomplete_shot_is_left_out() -> None:
    cut = samples().slice(0, 3 * 10_000 + 2)
    assert account(cut, "trusted-qubit:p01=0,p10=0").lanes[0].symbols == 10_000


def test_homodyne_takes_the_variance_of_the_samples() -> None:
    values = np.clip(np.rint(np.random.default_rng(1).normal(128, 40, 50_000)), 0, 255).astype(int)
    adc = Samples.from_symbols(values, 8)
    found = account(adc, "homodyne:dark_variance=100")
    assert found.claim == homodyne(8, 128, float(np.var(values)), 100)
    worst = account(adc, "homodyne-worst-case:dark_variance=100,range=128,deviations=4")
    assert worst.claim.bits_per_sample < found.claim.bits_per_sample


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("witchcraft", "choose one of trusted-qubit"),
        ("trusted-qubit", "needs the readout errors"),
        ("trusted-qubit:p01=0.1", "needs the readout errors"),
        ("trusted-qubit:p01=a", "takes a number"),
        ("trusted-qubit:p01=0,p10=0,size=2", "no key named 'size'"),
        ("trusted-qubit:p01=0,p10=0,coupled=1.5", "coupled is a number of lanes"),
        ("homodyne", "needs dark_variance"),
    ],
)
def test_what_a_bound_lacks_is_said(spec: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        account(samples(), spec)


def test_bell_bounds_need_outcomes_with_their_settings() -> None:
    rng = np.random.default_rng(2)
    settings = rng.integers(0, 4, 200_000).astype(np.uint8)
    won = rng.random(200_000) < 0.5 + 2.7 / 8
    a = rng.integers(0, 2, 200_000)
    b = a ^ ((settings // 2) & (settings % 2)) ^ ~won & 1
    pairs = Samples.from_symbols(2 * a + b, 2, side_data={"settings": settings})
    strict = account(pairs, "chsh:log2_error=-20").claim
    fixed = account(pairs, "chsh:log2_error=-20,threshold=2.65").claim
    assert 0 < strict.bits_per_sample < 0.5
    assert fixed.bits_per_symbol == 2
    assert account(pairs, "entropy-accumulation:log2_error=-20").claim.bits_per_sample > 0
    for bad in (samples(), Samples.from_symbols(2 * a + b, 2)):
        with pytest.raises(ParameterError, match="with the side data 'settings'"):
            account(bad, "chsh")
    with pytest.raises(ParameterError, match="from 0 to 3"):
        account(Samples.from_symbols([1, 2], 2, side_data={"settings": np.array([0, 4])}), "chsh")


def test_the_bound_of_a_simulated_capture_stays_below_the_claim_of_its_physics() -> None:
    source = SimulatorSource(4, bias=0.02, readout_error=0.01, drift=0, crosstalk=0, seed=1)
    bound = account(source.read(400_000), "trusted-qubit:p01=0.01,p10=0.01")
    assert bound.claim.bits_per_sample < source.claim().bits_per_sample
    with pytest.raises(EntropyError):
        account(Samples.from_symbols([0] * 1000), "trusted-qubit:p01=0,p10=0")


def test_the_command_prints_both_and_which_is_smaller(run_qrng: Any, tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = ContainerWriter(out, 1, 3, {"known_answers": {"shots": 900, "flips01": [9] * 3, "flips10": [9] * 3}})
    writer.write(samples())
    writer.finish()
    (tmp_path / "raw.qrng").write_bytes(out.getvalue())
    shown = run_qrng("assess", "raw.qrng", "--physical", "trusted-qubit")
    assert shown.returncode == 0
    text = shown.stdout.decode()
    assert "trusted-qubit" in text and "P(1) farthest from 1/2" in text
    assert "lane      P(1) between   physics  SP 800-90B   smaller" in text and "claim of both" in text
    found = json.loads(run_qrng("assess", "raw.qrng", "--physical", "trusted-qubit", "--json").stdout)
    assert found["physical"]["bound"] == "trusted-qubit" and len(found["physical"]["lanes"]) == 3
    both = found["claim_of_both"]["bits_per_sample"]
    assert both <= min(found["physical"]["claim"]["bits_per_sample"], found["min_entropy"])
    assert run_qrng("assess", "-", "--physical", "trusted-qubit", stdin=b"0101").returncode == 2


def test_the_ibm_captures_have_a_bound_in_each_lane(run_qrng: Any, test_data: Path) -> None:
    for name in ("fez_20260223_122743", "torino_20260208_000921", "torino_20260209_220842"):
        path = test_data / "captures" / f"ibmquantum_ibm_{name}.json"
        bound = "trusted-qubit:p01=0.01,p10=0.02,log2_error=-20"
        found = json.loads(run_qrng("assess", path, "--physical", bound, "--json").stdout)
        assert len(found["physical"]["lanes"]) == 32
        assert 0.6 < found["physical"]["claim"]["bits_per_sample"] < 0.95
        assert found["claim"]["bits_per_sample"] > 0
