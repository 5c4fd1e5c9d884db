"""`qubits=learned:N`: calibration first, past jobs later, dead qubits never; and no choice makes a claim false."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from qrng.entropy.physical import trusted_qubit
from qrng.errors import ParameterError, SourceError
from qrng.sources.ibm.learned import choose_learned, coupler_prior, learned_count, qubit_prior
from qrng.sources.ibm.ledger import Ledger
from qrng.sources.ibm.source import IbmSource

OpenIbm = Callable[..., IbmSource]


def past(ledger: Ledger, kind: str, outcomes: dict[str, tuple[int, int]], backend: str = "ibm_loop") -> None:
    ledger.learn(ledger.intend(backend, {}), kind, outcomes)


def choices(backend: Any, count: int, circuit: str, ledger: Ledger, times: int = 40) -> Counter[int]:
    return Counter(q for seed in range(times) for q in choose_learned(backend, count, circuit, ledger, seed))


@pytest.fixture
def backend(connect: Callable[[], Any]) -> Any:
    return connect().backend("ibm_loop")


def test_the_calibration_is_the_prior(backend: Any, platform: Any, ledger: Ledger) -> None:
    errors = [1 - p for p in qubit_prior(backend).values()]
    told = {entry["name"]: entry["value"] for entry in platform.properties["qubits"][2]}
    assert len(errors) == 5 and errors[2] == pytest.approx(told["readout_error"])
    couplers = coupler_prior(backend)
    assert set(couplers) == {"0-1", "1-2", "2-3", "3-4"}
    assert all(0.75 < win < 0.5 + 2**0.5 / 4 for win in couplers.values())
    found = choices(backend, 2, "hadamard", ledger)
    best = sorted(range(5), key=lambda q: errors[q])
    assert found[best[0]] > found[best[-1]]


def test_past_known_answers_speak_louder_than_the_calibration(backend: Any, ledger: Ledger) -> None:
    past(ledger, "answers", {str(q): (19_990 if q in (0, 4) else 18_000, 20_000) for q in range(5)})
    past(ledger, "answers", {str(q): (0, 20_000) for q in range(5)}, "ibm_other")
    assert choices(backend, 2, "hadamard", ledger) == {0: 40, 4: 40}


def test_couplers_are_chosen_by_the_trials_that_they_won_and_share_no_qubit(backend: Any, ledger: Ledger) -> None:
    past(ledger, "chsh", {"0-1": (84_000, 100_000), "1-2": (70_000, 100_000), "2-3": (70_000, 100_000)})
    past(ledger, "chsh", {"3-4": (83_000, 100_000)})
    assert choose_learned(backend, 2, "chsh", ledger, 1) == (0, 1, 3, 4)
    assert choose_learned(backend, 1, "chsh", ledger, 1) == (0, 1)
    with pytest.raises(ParameterError, match=r"share no qubit were found, not 3|work by calibration"):
        choose_learned(backend, 3, "chsh", ledger, 1)


def test_dead_and_faulty_qubits_are_dropped_until_they_answer_again(
    backend: Any, platform: Any, ledger: Ledger
) -> None:
    past(ledger, "answers", {"1": (10_000, 20_000)})
    assert 1 not in choices(backend, 4, "hadamard", ledger)
    with pytest.raises(ParameterError, match="4 of ibm_loop work by calibration and past jobs, not 5"):
        choose_learned(backend, 5, "hadamard", ledger)
    assert not {0, 1} & set(choices(backend, 1, "chsh", ledger))
    past(ledger, "answers", {"1": (19_900, 20_000)})
    assert len(choose_learned(backend, 5, "hadamard", ledger)) == 5


def test_a_rejected_job_teaches_the_next_choice(open_ibm: OpenIbm, platform: Any, ledger: Ledger) -> None:
    platform.spoil = lambda tables: [t & (np.arange(5) != 3) for t in tables]
    with open_ibm() as source, pytest.raises(SourceError, match="in lanes 3"):
        source.read(5)
    learned = {arm: wins / trials for arm, wins, trials in ledger.outcomes("ibm_loop", "answers")}
    assert learned["3"] < 0.6 and min(p for arm, p in learned.items() if arm != "3") > 0.9
    platform.spoil, platform.qubits = lambda tables: tables, 4
    with open_ibm(qubits="learned:4") as source:
        assert "qubits=learned:4" in source.spec
        assert source.read(4).lanes == 4
        assert sorted(source.provenance()["qubits"]) == [0, 1, 2, 4]


def test_bell_pairs_teach_what_they_won(open_ibm: OpenIbm, platform: Any, ledger: Ledger) -> None:
    platform.qubits = 2
    with open_ibm(circuit="chsh", qubits="learned:1", shots=640) as source:
        assert (source.lanes, source.bits_per_symbol) == (1, 2)
        samples = source.read(640)
        a, b = source.provenance()["qubits"]
    settings = samples.side_data["settings"]
    won = int(((samples.symbols() // 2 != samples.symbols() % 2) == (settings == 3)).sum())
    assert ledger.outcomes("ibm_loop", "chsh") == [(f"{a}-{b}", won, 640)]
    assert {arm for arm, _, _ in ledger.outcomes("ibm_loop", "answers")} == {str(a), str(b)}


def test_collecting_twice_teaches_once(open_ibm: OpenIbm, connect: Callable[[], Any], ledger: Ledger) -> None:
    from qrng.sources.ibm import jobs

    with open_ibm() as source:
        (entry,) = source.submit()
    for _ in range(2):
        jobs.collect(connect(), entry, ledger)
    assert len(ledger.outcomes("ibm_loop", "answers")) == 5


@pytest.mark.parametrize("asked", ["learned", "learned:", "learned:0", "learned:x", "learned:-1"])
def test_a_number_of_learned_qubits_is_needed(asked: str) -> None:
    assert learned_count("all") is learned_count("0,1") is None
    assert learned_count("learned:7") == 7
    with pytest.raises(ParameterError, match="learned:N"):
        learned_count(asked)


def test_an_adversary_who_rigs_the_past_can_not_make_a_claim_false(backend: Any, ledger: Ledger) -> None:
    """He writes what he likes into past jobs, so that the worst qubit is chosen: claims on later data still hold."""
    bias = {q: 0.5 + 0.03 * q for q in range(5)}
    rng = np.random.default_rng(4)
    false = 0
    for run in range(400):
        if run % 100 == 0:
            past(ledger, "answers", {str(q): (20_000 if q == run // 100 else 16_000, 20_000) for q in range(5)})
        (chosen,) = choose_learned(backend, 1, "hadamard", ledger, run)
        ones = int(rng.binomial(1000, bias[chosen]))
        claim = trusted_qubit(ones, 1000, 0.0, 0.0, math.log2(0.05))
        false += claim.bits_per_sample > -math.log2(bias[chosen])
    assert binomtest(false, 400, 0.05, "greater").pvalue > 0.01
