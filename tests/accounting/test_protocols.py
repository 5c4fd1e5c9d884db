"""From a simulated protocol to a claim, by the file alone; and what data of another protocol, or bad data, end in."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng.accounting import account
from qrng.entropy.physical import (
    BellCounts,
    chsh,
    dimension_witness,
    mermin,
    probability_estimation,
    source_independent,
)
from qrng.entropy.physical.probability_estimation import EstimationFactors, isotropic
from qrng.errors import EntropyError, ParameterError
from qrng.samples import Samples
from qrng.sources import open_source

RUNS = {
    "source-independent": ("qubits=4&visibility=0.98&test_share=0.0625", 400_000, ["source-independent"]),
    "chsh": (
        "qubits=4&visibility=0.98&group=1",
        400_000,
        ["chsh", "entropy-accumulation", "probability-estimation:expected=2.7"],
    ),
    "mermin": ("qubits=6&visibility=0.98&group=1", 400_000, ["mermin"]),
    "dimension-witness": ("qubits=2&visibility=0.99", 2_000_000, ["dimension-witness"]),
}


def simulated(circuit: str, **more: Any) -> Samples:
    options, count, _ = RUNS[circuit]
    with open_source(f"sim:?circuit={circuit}&{options}&seed=4", **more) as source:
        return source.read(count)


@pytest.fixture(scope="module")
def runs() -> dict[str, Samples]:
    return {circuit: simulated(circuit) for circuit in RUNS}


def true_entropy(circuit: str, samples: Samples) -> float:
    """Of a symbol, for an adversary who knows which runs are ideal and the outcome of those that are noise."""
    visibility = samples.provenance["model"]["visibility"]
    if circuit == "source-independent":
        return visibility * (1 - samples.side_data["settings"].mean())
    guess = {"chsh": (2 + math.sqrt(2)) / 8, "mermin": 1 / 4, "dimension-witness": 3 / 4}[circuit]
    return -math.log2(visibility * guess + 1 - visibility)


@pytest.mark.parametrize("circuit", RUNS)
def test_every_protocol_has_a_claim_below_its_truth(circuit: str, runs: dict[str, Samples]) -> None:
    samples = runs[circuit]
    truth = true_entropy(circuit, samples)
    for bound in RUNS[circuit][2]:
        found = account(samples, f"{bound}{',' if ':' in bound else ':'}log2_error=-20")
        claim = found.claim
        assert 0.2 * truth < claim.bits_per_sample <= truth or circuit == "dimension-witness"
        assert 0 < claim.bits_per_sample <= truth
        assert (claim.bits_per_symbol, claim.log2_error) == (samples.bits_per_symbol, -20)
        assert found.facts and all(math.isfinite(value) for value in found.facts.values())


def test_the_accounts_are_the_bounds_of_the_counts(runs: dict[str, Samples]) -> None:
    """Counted here the plain way."""
    pairs = runs["chsh"]
    counts = np.zeros((2, 2, 2, 2), np.int64)
    settings, outcomes = pairs.side_data["settings"].astype(int), pairs.symbols().astype(int)
    np.add.at(counts, (settings // 2, settings % 2, outcomes // 2, outcomes % 2), 1)
    bell = BellCounts(counts)
    assert account(pairs, "chsh").claim.bits_per_sample == chsh(bell).bits_per_sample
    factors = EstimationFactors.plan(isotropic(2.7), bell.trials)
    estimated = probability_estimation(bell, factors)
    assert account(pairs, "probability-estimation:expected=2.7").claim.bits_per_sample == estimated.bits_per_sample

    triples = runs["mermin"]
    settings, outcomes = triples.side_data["settings"], triples.symbols()
    even = np.isin(outcomes, [0, 3, 5, 6])
    table = [(int(even[settings == k].sum()), int((settings == k).sum())) for k in range(4)]
    passed, run = [a for a, _ in table], [b for _, b in table]
    assert account(triples, "mermin").claim.bits_per_sample == mermin(passed, run).bits_per_sample

    bits = runs["dimension-witness"]
    settings, outcomes = bits.side_data["settings"], bits.symbols()
    ones = [[int(outcomes[settings == 2 * x + y].sum()) for y in (0, 1)] for x in range(4)]
    shots = [[int((settings == 2 * x + y).sum()) for y in (0, 1)] for x in range(4)]
    assert account(bits, "dimension-witness").claim.bits_per_sample == dimension_witness(ones, shots).bits_per_sample

    rounds = runs["source-independent"]
    x = rounds.side_data["settings"] == 1
    plain = source_independent(rounds.count, int(x.sum()), int(rounds.symbols()[x].sum()), -130)
    found = account(rounds, "source-independent")
    assert found.claim.bits_per_sample == pytest.approx(plain.min_entropy / rounds.count)
    assert found.facts["seed_bits"] == plain.seed_bits and found.facts["net_bits"] == plain.net_bits > 0
    assert f"{plain.seed_bits:.1f} bits of seed" in found.claim.assumptions[-1]
    assert found.claim.log2_error == -64


def test_a_claim_over_all_symbols_says_nothing_of_a_part(runs: dict[str, Samples]) -> None:
    for circuit, bound in (("chsh", "chsh"), ("source-independent", "source-independent")):
        samples = runs[circuit]
        claim = account(samples, bound).claim
        assert claim.min_entropy(samples.bit_length) == pytest.approx(claim.bits_per_sample * samples.count)
        with pytest.raises(ParameterError, match="together and says nothing"):
            claim.min_entropy(samples.bit_length // 2)


def test_a_net_negative_choice_of_bases_is_refused() -> None:
    with open_source("sim:?circuit=source-independent&qubits=1&test_share=0.25&visibility=0.98&seed=1") as source:
        few = source.read(10_000)
    with pytest.raises(EntropyError, match="net negative"):
        account(few, "source-independent")


def test_signalling_marginals_are_refused() -> None:
    rng = np.random.default_rng(0)
    settings = rng.integers(0, 4, 40_000).astype(np.uint8)
    a = (rng.random(40_000) < np.where(settings == 1, 0.6, 0.5)).astype(
        int
    )  # the first outcome feels the other setting
    triples = Samples.from_symbols(4 * a + rng.integers(0, 4, 40_000), 3, side_data={"settings": settings})
    with pytest.raises(EntropyError, match=r"the marginals signal: z = .*, more than 5"):
        account(triples, "mermin")
    pairs = Samples.from_symbols(2 * a + rng.integers(0, 2, 40_000), 2, side_data={"settings": settings})
    with pytest.raises(EntropyError, match="the marginals signal"):
        account(pairs, "chsh")


def test_a_message_of_more_than_a_qubit_is_refused() -> None:
    rng = np.random.default_rng(0)
    settings = rng.integers(0, 8, 40_000).astype(np.uint8)
    known = np.array([1, 0, 0, 1, 1, 1, 0, 0])[settings]  # two bits tell the preparation: W = 2
    two_bits = Samples.from_symbols(known, side_data={"settings": settings})
    with pytest.raises(EntropyError, match="more than one qubit"):
        account(two_bits, "dimension-witness")


def with_settings(values: Any, width: int = 2) -> Samples:
    return Samples.from_symbols([0] * len(values), width, side_data={"settings": np.asarray(values)})


@pytest.mark.parametrize(
    ("samples", "bound", "says"),
    [
        (with_settings([0, 1]), "mermin", "three-bit symbols .* this capture has symbols of 2 bits"),
        (with_settings([0, 1], 3), "chsh", "two-bit symbols"),
        (Samples.from_symbols([0, 1], 2), "chsh", "and no settings"),
        (with_settings([0, 4]), "chsh", "settings go from 0 to 3"),
        (with_settings([0, -1]), "chsh", "settings go from 0 to 3"),
        (with_settings([0.0, 1.0]), "chsh", "settings go from 0 to 3"),
        (with_settings([0, 1, 2, 2]), "chsh", "each of the four pairs"),
        (with_settings([0, 1, 2, 2], 3), "mermin", "each of the four settings"),
        (with_settings([0, 1, 2, 2], 1), "dimension-witness", "each of the eight settings"),
        (with_settings([0, 0], 1), "source-independent", "rounds measured in X"),
        (with_settings([0, 1, 2, 3]), "probability-estimation", "needs expected"),
        (with_settings([0, 1, 2, 3]), "probability-estimation:expected=3", "between 2 and 2√2"),
        (with_settings([0, 1, 2, 3]), "chsh:limt=3", "no key named|leaves no"),
    ],
)
def test_what_does_not_fit_is_said(samples: Samples, bound: str, says: str) -> None:
    with pytest.raises((ParameterError, EntropyError), match=says):
        account(samples, bound)


@pytest.mark.parametrize("circuit", RUNS)
def test_the_command_line_goes_from_protocol_to_claim_by_one_file(circuit: str, run_qrng: Any, tmp_path: Path) -> None:
    options, _, bounds = RUNS[circuit]
    done = run_qrng("capture", f"sim:?circuit={circuit}&{options}", "--samples", "2000000", "-o", "raw.qrng")
    assert done.returncode == 0, done.stderr
    found = json.loads(run_qrng("assess", "raw.qrng", "--first", "1000", "--physical", bounds[0], "--json").stdout)
    assert found["physical"]["claim"]["bits_per_sample"] > 0
    assert found["simulated"] is True
    shown = run_qrng("assess", "raw.qrng", "--first", "1000", "--physical", bounds[0]).stdout.decode()
    assert all(name.replace("_", " ") in shown for name in found["physical"]["facts"])


def test_a_copy_of_a_capture_keeps_its_settings_and_what_was_recorded(run_qrng: Any, tmp_path: Path) -> None:
    run_qrng("capture", "sim:?circuit=chsh&qubits=4&group=1", "--samples", "200000", "-o", "one.qrng")
    for source, target in (("one", "two"), ("two", "three")):
        done = run_qrng("capture", f"file:{source}.qrng", "-o", f"{target}.qrng")
        assert done.returncode == 0, done.stderr
    one, three = (
        json.loads(run_qrng("assess", f"{name}.qrng", "--first", "99", "--physical", "chsh", "--json").stdout)
        for name in ("one", "three")
    )
    assert one["physical"] == three["physical"]
