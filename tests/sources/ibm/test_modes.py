"""Batch mode, and both samplers, over the pretended platform with the true client."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qrng.errors import ParameterError, SourceError
from qrng.sources.ibm import jobs, plans
from qrng.sources.ibm.ledger import Ledger
from qrng.sources.ibm.source import IbmSource

OpenIbm = Callable[..., IbmSource]


@pytest.fixture
def small_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend of whose jobs each takes 600 shots of noise."""
    monkeypatch.setattr(plans, "_SHOTS", 200)
    monkeypatch.setattr("qrng.sources.ibm.source.limits_of", lambda backend: plans.Limits(1000, 200))


@pytest.fixture
def old_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client before 0.50, which has SamplerV2 alone."""
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.executor_sampler", None)


def needs_program(program: str, request: pytest.FixtureRequest) -> None:
    if program == "sampler":
        request.getfixturevalue("old_client")
        return
    try:
        from qiskit_ibm_runtime.executor_sampler import Sampler  # noqa: F401
    except ImportError:
        pytest.skip("this client has SamplerV2 alone")


def programs(platform: Any) -> list[str]:
    return [job["program_id"] for job in platform.jobs.values()]


@pytest.mark.parametrize("program", ["executor", "sampler"])
def test_both_samplers_bring_the_bits_shot_by_shot(
    open_ibm: OpenIbm, platform: Any, program: str, request: pytest.FixtureRequest
) -> None:
    needs_program(program, request)
    sent: list[np.ndarray] = []
    platform.spoil = lambda tables: sent.extend(tables[2:]) or tables
    with open_ibm(rep_delay=0.0003) as source:
        samples = source.read(5 * 400)
        answers = source.provenance()["known_answers"]
    assert samples.symbols().reshape(-1, 5).tolist() == np.concatenate(sent)[:400].astype(int).tolist()
    assert 0 < sum(answers["flips01"]) + sum(answers["flips10"]) < 0.05 * 5 * 800
    assert programs(platform) == [program]
    job = platform.jobs["job0"]
    assert job["tags"][0].startswith("qrng-")
    options = job["params"]["options"]
    assert (options if program == "executor" else options["execution"])["rep_delay"] == pytest.approx(0.0003)


@pytest.mark.usefixtures("old_client")
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda tables: [np.zeros_like(t) for t in tables], "known-answer circuits came out wrong"),
        (lambda tables: tables[:-1], "truncated"),
        (lambda tables: [*tables[:2], *(t[np.lexsort(t.T)] for t in tables[2:])], "sorted order"),
    ],
)
def test_results_of_the_old_sampler_are_judged_alike(
    open_ibm: OpenIbm, platform: Any, ledger: Ledger, spoil: Any, says: str
) -> None:
    platform.spoil = spoil
    with open_ibm() as source, pytest.raises(SourceError, match=says):
        source.read(5)
    assert ledger.entries()[0].state == "failed"


@pytest.mark.usefixtures("old_client")
def test_results_of_the_old_sampler_that_were_cut_on_the_way_can_be_collected_again(
    open_ibm: OpenIbm, connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    with open_ibm() as source:
        (entry,) = source.submit()
    for platform.truncate in (0, 500):
        with pytest.raises(SourceError, match="collecting job job0"):
            jobs.collect(connect(), entry, ledger)
        assert ledger.entry(entry.tag).state == "submitted"
    platform.truncate = None
    assert jobs.collect(connect(), entry, ledger).count == 2000


@pytest.mark.usefixtures("small_jobs")
@pytest.mark.parametrize("program", ["executor", "sampler"])
def test_a_batch_holds_as_many_jobs_as_the_shots_need(
    open_ibm: OpenIbm, platform: Any, ledger: Ledger, program: str, request: pytest.FixtureRequest
) -> None:
    needs_program(program, request)
    with pytest.raises(ParameterError, match="mode=batch"):
        open_ibm(shots=1800)
    with open_ibm(shots=1800, mode="batch") as source:
        assert "mode=batch" in source.spec
        samples = source.read(5 * 1800)
        assert source.provenance()["batch"] == "session0"
    assert (samples.count, len(platform.jobs), programs(platform)) == (9000, 3, [program] * 3)
    assert {job["session_id"] for job in platform.jobs.values()} == {"session0"}
    assert len({job["tags"][0] for job in platform.jobs.values()}) == 3
    (batch,) = platform.sessions.values()
    assert (batch["mode"], batch["accepting_jobs"]) == ("batch", False)
    assert [entry.state for entry in ledger.entries()] == ["collected"] * 3
    json.dumps(source.provenance(), allow_nan=False)


@pytest.mark.usefixtures("small_jobs")
def test_jobs_of_a_batch_that_broke_off_are_kept(
    open_ibm: OpenIbm, connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    platform.fail = {"POST /jobs": [None, 403]}
    with open_ibm(shots=1800, mode="batch") as source, pytest.raises(SourceError, match="may not use"):
        source.submit()
    assert [entry.state for entry in reversed(ledger.entries())] == ["submitted", "failed"]
    assert platform.sessions["session0"]["accepting_jobs"] is False
    assert jobs.collect(connect(), ledger.entry("job0"), ledger).count == 5 * 600


@pytest.mark.usefixtures("small_jobs")
def test_a_rejected_job_of_a_batch_does_not_keep_the_others_back(
    open_ibm: OpenIbm, platform: Any, ledger: Ledger
) -> None:
    wrong = iter([False, True, False])
    platform.spoil = lambda tables: [np.zeros_like(t) for t in tables] if next(wrong) else tables
    with open_ibm(shots=1800, mode="batch") as source:
        assert source.read(5 * 600).count == 3000
        with pytest.raises(SourceError, match="known-answer circuits came out wrong"):
            source.read(5)
        assert source.read(5 * 600).count == 3000
    assert [entry.state for entry in reversed(ledger.entries())] == ["collected", "failed", "collected"]
    assert len(platform.jobs) == 3


@pytest.mark.usefixtures("small_jobs")
def test_a_batch_that_can_not_be_opened_or_closed(open_ibm: OpenIbm, platform: Any, ledger: Ledger) -> None:
    platform.fail = {"POST /sessions": [403]}
    with open_ibm(shots=700, mode="batch") as source, pytest.raises(SourceError, match="opening a batch: this account"):
        source.submit()
    assert ledger.entries() == []
    platform.fail = {r"PATCH /sessions/\w+": [403]}
    with open_ibm(shots=700, mode="batch") as source:
        assert len(source.submit()) == 2  # the platform closes it by itself
