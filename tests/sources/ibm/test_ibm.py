"""The true qiskit-ibm-runtime client against a server on this machine: every way that a job can end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng.errors import ClosedError, ParameterError, SourceError
from qrng.samples import Samples
from qrng.sources.ibm import client, jobs
from qrng.sources.ibm.ledger import Ledger
from qrng.sources.ibm.source import IbmSource


def test_bits_come_shot_by_shot_with_known_answers_and_calibration(
    open_ibm: Callable[..., IbmSource], platform: Any, ledger: Ledger
) -> None:
    sent = []
    platform.spoil = lambda tables: sent.extend(tables[2:]) or tables
    with open_ibm() as source:
        assert (source.lanes, source.bits_per_symbol, source.finite, source.simulated) == (5, 1, False, False)
        assert source.claim() is None
        samples = source.read(5 * 400)
        facts = source.provenance()
    assert samples.symbols().reshape(-1, 5).tolist() == np.concatenate(sent)[:400].astype(int).tolist()
    assert (samples.first, samples.lanes) == (0, 5)
    assert facts["true_shot_order"] is True and facts["qubits"] == [0, 1, 2, 3, 4]
    answers = facts["known_answers"]
    assert answers["shots"] == 400
    assert 0 < sum(answers["flips01"]) + sum(answers["flips10"]) < 0.05 * 5 * 800
    assert 0 < facts["calibration"][2]["prob_meas1_prep0"] < 0.2
    assert facts["calibration"][2]["T1"] > 0
    json.dumps(facts, allow_nan=False)
    assert [entry.state for entry in ledger.entries()] == ["collected"]
    assert len(platform.jobs) == 1


def test_another_job_is_sent_when_the_bits_are_used_up(open_ibm: Callable[..., IbmSource], platform: Any) -> None:
    with open_ibm() as source:
        first, second = source.read(1500), source.read(1500)
    assert len(platform.jobs) == 2
    assert (first.first, second.first, second.count) == (0, 1500, 1500)


def test_chosen_qubits_are_the_lanes(open_ibm: Callable[..., IbmSource], platform: Any) -> None:
    platform.qubits = 2
    with open_ibm(qubits="4,1", rep_delay=0.0003) as source:
        assert source.read(10).lanes == 2
        assert source.provenance()["qubits"] == [4, 1]
    options = platform.jobs["job0"]["params"]["options"]
    assert options.get("execution", options)["rep_delay"] == pytest.approx(0.0003)
    for qubits in ("5", "0,0", "x", "-1"):
        with pytest.raises(ParameterError):
            open_ibm(qubits=qubits)


def test_a_slow_queue_is_waited_for_and_a_late_job_is_not_lost(
    open_ibm: Callable[..., IbmSource], platform: Any, ledger: Ledger
) -> None:
    platform.states = ["Queued", "Queued", "Running", "Completed"]
    with open_ibm() as source:
        assert source.read(5).count == 5

    platform.states = ["Queued"]
    with open_ibm(timeout=0.03) as source:
        with pytest.raises(SourceError, match=r"still queued after 0\.03 s; it is not lost: qrng jobs collect job1"):
            source.read(5)
        assert ledger.entry("job1").state == "submitted"
        platform.states = ["Completed"]
        assert source.read(5).count == 5
    assert len(platform.jobs) == 2


def test_submit_and_collect_survive_a_crash_between(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    with open_ibm() as source:
        (entry,) = source.submit()
    again = Ledger(ledger.path)
    for _ in range(2):  # the second time after a crash before the bits were stored
        samples = jobs.collect(connect(), again.entry(str(entry.job)), again)
        assert samples.count == 5 * 400
    assert again.entry(entry.tag).state == "submitted"
    again.close(entry.tag, "collected", "raw.qrng")
    assert again.entry(entry.tag).note == "raw.qrng"
    assert len(platform.jobs) == 1


def test_a_job_whose_number_never_came_back_is_found_by_its_tag(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    with open_ibm() as source:
        (entry,) = source.submit()
        lost = ledger.intend("ibm_loop", entry.plan)  # noted, then the process died
        platform.jobs["job9"] = {**platform.jobs["job0"], "tags": [lost]}
    assert jobs.reconcile(connect(), ledger) == 1
    assert (ledger.entry(lost).job, ledger.entry(lost).state) == ("job9", "submitted")
    with pytest.raises(SourceError, match="isn't known"):
        jobs.collect(connect(), ledger.entry(ledger.intend("ibm_loop", {})), ledger)


def test_a_submission_that_arrived_but_was_answered_with_503_is_not_paid_for_twice(
    open_ibm: Callable[..., IbmSource], platform: Any, ledger: Ledger
) -> None:
    platform.swallow = 1
    with open_ibm() as source:
        assert [entry.job for entry in source.submit()] == ["job0"]
    assert list(platform.jobs) == ["job0"]
    assert ledger.entries()[0].state == "submitted"


@pytest.mark.parametrize("status", [429, 503])
def test_busy_and_down_are_tried_again(open_ibm: Callable[..., IbmSource], platform: Any, status: int) -> None:
    platform.fail = {
        "POST /jobs": [status, status, None],
        r"GET /jobs/job0": [status],
        r"GET /jobs/\w+/results": [status],
    }
    with open_ibm() as source:
        assert source.read(5).count == 5
    assert len(platform.jobs) == 1


def test_a_token_service_that_is_down_for_a_moment_is_tried_again(
    open_ibm: Callable[..., IbmSource], platform: Any
) -> None:
    with open_ibm() as source:
        platform.fail = {"POST /identity/token": [503] * 4}
        source.service._active_api_client._session.auth.tm.expire_time = 0
        assert source.read(5).count == 5


def test_what_stays_busy_is_an_error_that_says_so(open_ibm: Callable[..., IbmSource], platform: Any) -> None:
    with open_ibm() as source:
        platform.fail = {"POST /jobs": [429] * 50}
        with pytest.raises(client.TransientError, match="too many requests or jobs"):
            source.read(5)


@pytest.mark.parametrize(
    ("status", "says"),
    [(400, "malformed"), (401, "wrong or has expired"), (403, "may not use")],
)
def test_refusals_are_not_tried_again(
    open_ibm: Callable[..., IbmSource], platform: Any, ledger: Ledger, status: int, says: str
) -> None:
    with open_ibm() as source:
        platform.fail = {"POST /jobs": [status] * 10}
        with pytest.raises(SourceError, match=says):
            source.read(5)
    assert len(platform.fail["POST /jobs"]) == 9
    assert ledger.entries()[0].state == "failed"


def test_a_token_that_expires_before_collecting_loses_nothing(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    with open_ibm() as source:
        (entry,) = source.submit()
    platform.fail = {r"GET /jobs/\w+/results": [401]}
    with pytest.raises(SourceError, match="wrong or has expired"):
        jobs.collect(connect(), entry, ledger)
    assert ledger.entry(entry.tag).state == "submitted"
    assert jobs.collect(connect(), entry, ledger).count == 2000


def test_a_failed_exchange_never_sends_the_raw_key(
    open_ibm: Callable[..., IbmSource], platform: Any, api_key: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_ibm() as source:
        platform.fail = {"POST /identity/token": [400] * 50}
        source.service._active_api_client._session.auth.tm.expire_time = 0
        before = len(platform.requests)
        with pytest.raises(SourceError, match="could not be exchanged for an access token, and is not sent") as caught:
            source.read(5)
        assert [call for call in platform.requests[before:] if call != "POST /identity/token"] == []
    assert not any(api_key in header for header in platform.seen)
    assert api_key not in str(caught.value) + "".join(capfd.readouterr())
    assert all(header.startswith("Bearer ") for header in platform.seen)


def test_the_ledger_holds_no_token_and_only_its_owner_reads_it(
    open_ibm: Callable[..., IbmSource], ledger: Ledger, api_key: str
) -> None:
    with open_ibm() as source:
        source.read(5)
        assert api_key not in source.spec + json.dumps(source.provenance())
    assert api_key.encode() not in ledger.path.read_bytes()
    assert ledger.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "usage",
    [
        {"usage_limit_seconds": 600, "usage_consumed_seconds": 600},
        {"usage_allocation_seconds": 10, "usage_consumed_seconds": 11},
        {"usage_limit_reached": True},
    ],
)
def test_a_spent_plan_is_an_error_before_anything_is_sent(
    open_ibm: Callable[..., IbmSource], platform: Any, usage: dict[str, Any]
) -> None:
    platform.usage = usage
    with open_ibm() as source, pytest.raises(SourceError, match="the plan's time is spent"):
        source.read(5)
    assert platform.jobs == {}


@pytest.mark.parametrize(
    ("reason", "says"),
    [({"reason": "qubits fell over"}, "failed on the platform"), ({"reason": "long", "reason_code": 1305}, "maximum")],
)
def test_a_failed_job_is_noted_and_an_error(
    open_ibm: Callable[..., IbmSource], platform: Any, ledger: Ledger, reason: dict[str, Any], says: str
) -> None:
    platform.states, platform.reason = ["Failed"], reason
    with open_ibm() as source, pytest.raises(SourceError, match=says):
        source.read(5)
    assert ledger.entries()[0].state == "failed"


def test_a_cancelled_job_is_noted(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    platform.states = ["Queued"]
    with open_ibm() as source:
        (entry,) = source.submit()
    jobs.cancel(connect(), entry, ledger)
    assert platform.cancelled == {"job0"}
    assert ledger.entry(entry.tag).state == "cancelled"
    with pytest.raises(SourceError, match="was cancelled"):
        jobs.collect(connect(), entry, ledger)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda tables: [np.zeros_like(t) for t in tables], "known-answer circuits came out wrong"),
        (lambda tables: [t[:, ::-1] for t in tables], "known-answer circuits came out wrong"),
        (lambda tables: [np.roll(t, 1, axis=1) for t in tables], "known-answer circuits came out wrong"),
        (lambda tables: [tables[1], tables[0], *tables[2:]], "lanes 0, 1, 2, 3, 4"),
        (lambda tables: [t & (np.arange(5) != 3) for t in tables], "in lanes 3: the job is rejected"),
        (lambda tables: [t[:-1] for t in tables], "truncated"),
        (lambda tables: [*tables[:2], *(t[np.lexsort(t.T)] for t in tables[2:])], "sorted order"),
    ],
)
def test_results_that_can_not_be_right_reject_the_job(
    open_ibm: Callable[..., IbmSource], platform: Any, ledger: Ledger, spoil: Any, says: str
) -> None:
    platform.spoil = spoil
    with open_ibm() as source, pytest.raises(SourceError, match=says):
        source.read(5)
    assert ledger.entries()[0].state == "failed"


def test_results_cut_short_on_the_way_can_be_collected_again(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    with open_ibm() as source:
        (entry,) = source.submit()
    platform.truncate = 500
    with pytest.raises(SourceError, match="collecting job job0"):
        jobs.collect(connect(), entry, ledger)
    platform.truncate = None
    platform.spoil = lambda tables: tables[:-1]
    with pytest.raises(SourceError, match="collecting job job0"):
        jobs.collect(connect(), entry, ledger)
    platform.spoil = lambda tables: tables
    assert jobs.collect(connect(), entry, ledger).count == 2000


def test_unknown_backends_and_jobs_are_named(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], ledger: Ledger
) -> None:
    with pytest.raises(SourceError, match="no such backend"):
        IbmSource("ibm_nowhere", service=connect(), ledger=ledger.path)
    ledger.sent(ledger.intend("ibm_loop", {}), "job77")
    with pytest.raises(SourceError, match="no such job"):
        jobs.collect(connect(), ledger.entry("job77"), ledger)
    with pytest.raises(ParameterError, match="`qrng jobs` lists them"):
        ledger.entry("job78")


def test_a_platform_that_is_gone_is_one_line(connect: Callable[[], Any], open_ibm: Any, platform: Any) -> None:
    with open_ibm() as source:
        source.service._active_api_client._session.base_url = "http://127.0.0.1:9"
        with pytest.raises(client.TransientError, match="no connection to the platform"):
            source.read(5)


def test_a_forked_child_sends_jobs_of_its_own(open_ibm: Callable[..., IbmSource], platform: Any) -> None:
    source = open_ibm()
    source.read(5)
    source.reopen()
    samples: Samples = source.read(5)
    assert samples.first == 0 and len(platform.jobs) == 2
    source.close()
    with pytest.raises(ClosedError):
        source.read(1)


def test_errors_hold_no_key_or_token() -> None:
    secret = "Zk3" * 20
    for text in (f"apikey {secret}", f"Authorization: Bearer {secret}", f'"token": "{secret}"', secret):
        error = client.translate(RuntimeError(f"401 Client Error: {text} for url: https://x/?key={secret}"), "asking")
        assert secret not in str(error)
        assert "\n" not in str(error)


def test_an_account_file_that_is_absent_is_named(
    ibm_extra: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("QISKIT_IBM_TOKEN", "QISKIT_IBM_CHANNEL", "QISKIT_IBM_INSTANCE", "QISKIT_IBM_URL"):
        monkeypatch.delenv(name, raising=False)
    from qiskit_ibm_runtime.accounts import management

    monkeypatch.setattr(management, "_DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(tmp_path / "none.json"))
    with pytest.raises(SourceError, match="save one with"):
        client.connect()


def test_bell_pairs_come_with_the_settings_of_their_circuits(
    open_ibm: Callable[..., IbmSource], connect: Callable[[], Any], platform: Any, ledger: Ledger
) -> None:
    platform.qubits = 4
    sent: list[np.ndarray] = []
    platform.spoil = lambda tables: sent.extend(tables[2:]) or tables
    with open_ibm(circuit="chsh", qubits="0,1,3,4", shots=640) as source:
        assert (source.lanes, source.bits_per_symbol) == (2, 2)
        first, rest = source.read(101), source.read(2 * 640 - 101)
    settings = np.array(ledger.entries()[0].plan["settings"])
    assert settings.shape == (64, 2) and set(settings.reshape(-1)) <= {0, 1, 2, 3}
    together = np.concatenate([first.side_data["settings"], rest.side_data["settings"]])
    assert together.tolist() == np.repeat(settings, 10, axis=0).reshape(-1).tolist()
    bits = np.concatenate(sent[:64]).astype(int)
    assert Samples.join([first, rest]).symbols().reshape(-1, 2).tolist() == (2 * bits[:, ::2] + bits[:, 1::2]).tolist()
    assert first.provenance["settings"] == "random, 2x + y a symbol, 10 shots a circuit"

    for options in ({"qubits": "0,2,3,4"}, {"qubits": "0,1,2"}, {"circuit": "w"}):
        with pytest.raises(ParameterError), open_ibm(**{"circuit": "chsh", "qubits": "0,1", **options}) as source:
            source.submit()
