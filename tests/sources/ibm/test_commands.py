"""`qrng capture --submit` and `qrng jobs` over the pretended platform."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qrng.cli import cli
from qrng.errors import ParameterError, SourceError
from qrng.formats import open_capture
from qrng.sources.ibm import client


@pytest.fixture
def run(connect: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    monkeypatch.setattr(client, "connect", lambda instance: connect())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(cli, [str(arg) for arg in args])


def listed(run: Callable[..., Result]) -> list[dict[str, Any]]:
    found = json.loads(run("jobs", "--json").stdout)
    assert found["schema"] == "qrng.jobs/1"
    return list(found["jobs"])


def test_a_job_is_sent_listed_and_collected_once(run: Callable[..., Result], platform: Any, tmp_path: Path) -> None:
    assert run("jobs").stdout == "no jobs\n"
    sent = run("capture", "ibm:ibm_loop?shots=100", "--submit")
    assert sent.exit_code == 0 and "qrng jobs collect job0" in sent.stdout
    assert "5 qubits × 100 shots" in run("jobs").stdout
    assert [(job["job"], job["state"]) for job in listed(run)] == [("job0", "submitted")]
    assert "calibration" not in listed(run)[0]["plan"]

    platform.states = ["Queued"]
    early = run("jobs", "collect", "job0", "-o", "raw.qrng")
    assert isinstance(early.exception, SourceError) and "still queued" in str(early.exception)
    assert not (tmp_path / "raw.qrng").exists()

    platform.states = ["Completed"]
    assert run("jobs", "collect", "job0", "-o", "raw.qrng").exit_code == 0
    with open_capture(tmp_path / "raw.qrng") as capture:
        assert (capture.lanes, capture.read_all().count) == (5, 500)
        assert capture.provenance["recorded"]["known_answers"]["shots"] == 100
    assert [(job["state"], job["note"]) for job in listed(run)] == [("collected", "raw.qrng")]
    assert len(platform.jobs) == 1


def test_a_capture_can_also_wait(run: Callable[..., Result], tmp_path: Path) -> None:
    done = run("capture", "ibm:ibm_loop?shots=100&timeout=5", "--samples", 250, "-o", "raw.qrng")
    assert done.exit_code == 0
    with open_capture(tmp_path / "raw.qrng") as capture:
        assert capture.read_all().count == 250
        assert capture.provenance["recorded"]["job"] == "job0"


def test_a_cancelled_job_is_not_collected(run: Callable[..., Result], platform: Any) -> None:
    platform.states = ["Queued"]
    run("capture", "ibm:ibm_loop?shots=100", "--submit")
    assert run("jobs", "cancel", "job0").exit_code == 0
    assert platform.cancelled == {"job0"}
    refused = run("jobs", "collect", "job0", "-o", "raw.qrng")
    assert isinstance(refused.exception, ParameterError) and "is cancelled" in str(refused.exception)


def test_a_lost_number_is_found(run: Callable[..., Result], platform: Any) -> None:
    from qrng.sources.ibm.ledger import Ledger

    run("capture", "ibm:ibm_loop?shots=100", "--submit")
    ledger = Ledger()
    lost = ledger.intend("ibm_loop", ledger.entries()[0].plan)
    platform.jobs["job9"] = {**platform.jobs["job0"], "tags": [lost]}
    assert "1 found on the platform" in run("jobs", "--refresh").stderr
    assert "job9" in [job["job"] for job in listed(run)]


def test_what_makes_no_sense_is_refused(run: Callable[..., Result]) -> None:
    for args, says in (
        (("capture", "sim:", "--submit"), "takes no jobs"),
        (("capture", "ibm:ibm_loop", "--submit", "-o", "x"), "takes no other option"),
        (("jobs", "collect", "job5", "-o", "x"), "no job 'job5'"),
    ):
        refused = run(*args)
        assert isinstance(refused.exception, ParameterError) and says in str(refused.exception)
    assert run("capture", "sim:").exit_code == 2


def test_a_job_is_collected_once_unless_it_is_asked_for_again(
    run: Callable[..., Result], tmp_path: Path, platform: Any
) -> None:
    run("capture", "ibm:ibm_loop?shots=100", "--submit")
    assert run("jobs", "collect", "job0", "-o", "a.qrng").exit_code == 0
    refused = run("jobs", "collect", "job0", "-o", "b.qrng")
    assert isinstance(refused.exception, ParameterError)
    assert "was collected before (a.qrng), and each raw bit is used once; --again" in str(refused.exception)
    assert not (tmp_path / "b.qrng").exists()
    assert run("jobs", "collect", "job0", "-o", "b.qrng", "--again").exit_code == 0
    with open_capture(tmp_path / "b.qrng") as capture:
        assert capture.provenance["recorded"]["collected_before"] == "a.qrng"
    assert [(job["state"], job["note"]) for job in listed(run)] == [("collected", "a.qrng")]


def test_a_batch_is_submitted_and_listed_job_by_job(
    run: Callable[..., Result], platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qrng.sources.ibm import plans

    monkeypatch.setattr("qrng.sources.ibm.source.limits_of", lambda backend: plans.Limits(300, 100))
    sent = run("capture", "ibm:ibm_loop?shots=150&mode=batch", "--submit")
    assert sent.stdout.splitlines() == [
        f"{job}: sent to ibm_loop; later: qrng jobs collect {job} -o raw.qrng" for job in ("job0", "job1")
    ]
    assert {job["plan"]["batch"] for job in listed(run)} == {"session0"}
    for job in ("job0", "job1"):
        assert run("jobs", "collect", job, "-o", f"{job}.qrng").exit_code == 0


def test_the_cost_needs_no_account_and_says_that_it_is_an_estimate() -> None:
    done = CliRunner().invoke(cli, ["jobs", "cost", "--qubits", "156", "--min-entropy", "0.8", "--json"])
    found = json.loads(done.stdout)
    assert (found["schema"], found["estimate"], found["jobs"]) == ("qrng.cost/1", True, 1)
    assert found["seconds"] == pytest.approx(12 * 10_000 * (250e-6 + 1.56e-6))
    assert found["per_raw_megabit"] == pytest.approx(found["seconds"] / (100_000 * 156 / 1e6))
    assert found["per_megabit"] == pytest.approx(found["per_raw_megabit"] / 0.8)
    assert "an estimate" in CliRunner().invoke(cli, ["jobs", "cost", "--qubits", "1"]).stdout
    assert CliRunner().invoke(cli, ["jobs", "cost", "--qubits", "0"]).exit_code == 2
