"""Every error of the platform and its client, over the pretended platform: one line that says what to do."""

from __future__ import annotations

import importlib
import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qrng.errors import SourceError
from qrng.sources.ibm import client, jobs
from qrng.sources.ibm.ledger import Ledger
from qrng.sources.ibm.source import IbmSource

OpenIbm = Callable[..., IbmSource]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "refuses the request as malformed"),
        (401, "the token is wrong or has expired; make a new API key"),
        (403, "this account may not use that backend or instance"),
        (404, "no such job in this account and instance"),
    ],
)
def test_refusals_while_collecting_are_named_and_leave_the_job_collectable(
    open_ibm: OpenIbm, connect: Callable[[], Any], platform: Any, ledger: Ledger, status: int, says: str
) -> None:
    with open_ibm() as source:
        (entry,) = source.submit()
    platform.fail = {r"GET /jobs/\w+": [status] * 9}
    with pytest.raises(SourceError, match=says) as caught:
        jobs.collect(connect(), entry, ledger)
    assert "\n" not in str(caught.value)
    assert len(platform.fail[r"GET /jobs/\w+"]) == 8, "a refusal is not tried again"
    assert ledger.entry(entry.tag).state == "submitted"
    platform.fail = {}
    assert jobs.collect(connect(), entry, ledger).count == 2000


@pytest.mark.parametrize("status", [401, 403])
def test_refusals_at_the_door_are_named(connect: Callable[[], Any], platform: Any, ledger: Ledger, status: int) -> None:
    platform.fail = {"GET /instances/usage": [status] * 9, "GET /backends": [status] * 9}
    with pytest.raises(SourceError, match=r"wrong or has expired|may not use"):
        IbmSource("ibm_loop", service=connect(), ledger=str(ledger.path))


def test_a_connection_that_is_cut_after_the_job_arrived_does_not_send_it_twice(
    open_ibm: OpenIbm, platform: Any
) -> None:
    platform.silent, platform.patience = ["POST /jobs"], 0.01
    with open_ibm() as source:
        assert [entry.job for entry in source.submit()] == ["job0"]
    assert list(platform.jobs) == ["job0"]


def test_a_service_that_stays_silent_is_an_error_that_may_pass(
    open_ibm: OpenIbm, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_SILENCE", 0.05)
    with open_ibm() as source:
        platform.silent = ["GET /instances/usage"] * 50
        assert source.service._active_api_client._session._timeout == (5.0, 0.05)
        with pytest.raises(client.TransientError, match="no connection to the platform"):
            source.submit()
    assert platform.jobs == {}


def test_the_clients_own_timeout_says_that_the_job_is_not_lost(open_ibm: OpenIbm, platform: Any) -> None:
    platform.states = ["Queued"]
    with open_ibm() as source:
        (entry,) = source.submit()
        with (
            pytest.raises(SourceError, match="still waiting and not lost; collect it later"),
            client.guarded("waiting"),
        ):
            source.service.job(entry.job).result(timeout=0)


@pytest.mark.parametrize("state", ["Completed", "Failed"])
def test_a_job_that_has_ended_can_not_be_cancelled(
    open_ibm: OpenIbm, connect: Callable[[], Any], platform: Any, ledger: Ledger, state: str
) -> None:
    platform.states = [state]
    with open_ibm() as source:
        (entry,) = source.submit()
    with pytest.raises(SourceError, match="cancelling job job0: the job has ended or is in a state that"):
        jobs.cancel(connect(), entry, ledger)
    assert ledger.entry(entry.tag).state == "submitted", "what it brought can still be collected"


def test_a_job_cancelled_by_the_platform_at_its_limit_is_told_from_one_cancelled_by_hand(
    open_ibm: OpenIbm, platform: Any, ledger: Ledger
) -> None:
    platform.states, platform.reason = ["Cancelled"], {"reason": "ran too long", "reason_code": 1305}
    with open_ibm() as source, pytest.raises(SourceError, match="maximum execution time; ask for fewer shots"):
        source.read(5)
    assert ledger.entries()[0].state == "failed"


def test_a_cancelled_job_says_so_to_who_waits_for_it(open_ibm: OpenIbm, platform: Any, ledger: Ledger) -> None:
    platform.states = ["Queued", "Cancelled"]
    with open_ibm() as source, pytest.raises(SourceError, match="job job0 was cancelled; submit it again"):
        source.read(5)
    assert ledger.entries()[0].state == "cancelled"


@pytest.mark.parametrize(
    "order",
    [
        lambda t: np.lexsort(t.T),
        lambda t: np.lexsort(t.T)[::-1],
        lambda t: np.lexsort(t.T[::-1]),
        lambda t: np.argsort((7 * (t @ 2 ** np.arange(5))) % 32, kind="stable"),
    ],
    ids=["rising", "falling", "from the first bit", "grouped by outcome"],
)
def test_shots_in_an_order_that_is_no_chance_reject_the_job(open_ibm: OpenIbm, platform: Any, order: Any) -> None:
    platform.spoil = lambda tables: [*tables[:2], *(t[order(t)] for t in tables[2:])]
    with open_ibm() as source, pytest.raises(SourceError, match="sorted order or grouped by outcome"):
        source.read(5)


def test_a_dead_qubit_or_few_shots_are_not_taken_for_sorted(open_ibm: OpenIbm, platform: Any) -> None:
    platform.spoil = lambda tables: [*tables[:2], *(t & False for t in tables[2:])]
    with open_ibm() as source:
        assert source.read(5).count == 5
    platform.spoil = lambda tables: [*tables[:2], *(t[np.lexsort(t.T)] for t in tables[2:])]
    with open_ibm(shots=8) as source:
        assert source.read(5).count == 5


def test_an_exhausted_quota_that_the_client_only_warns_of_stops_before_anything_is_sent(
    open_ibm: OpenIbm, platform: Any, recwarn: pytest.WarningsRecorder
) -> None:
    with open_ibm() as source:
        platform.usage = {"usage_limit_reached": True, "usage_limit_seconds": 600, "usage_consumed_seconds": 600}
        with pytest.raises(SourceError, match=r"the plan's time is spent \(600 s used\); a job would not run"):
            source.submit()
    assert platform.jobs == {}


def test_a_late_number_never_brings_back_a_job_that_has_ended(ledger: Ledger) -> None:
    tag = ledger.intend("ibm_loop", {})
    ledger.sent(tag, "job1")
    assert ledger.close(tag, "collected", "a.qrng")
    ledger.sent(tag, "job2")
    assert not ledger.close(tag, "failed", "too late")
    assert (ledger.entry(tag).job, ledger.entry(tag).state, ledger.entry(tag).note) == ("job1", "collected", "a.qrng")


def test_what_never_arrived_is_looked_for_before_the_next_job_and_given_up_after_a_day(
    open_ibm: OpenIbm, platform: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ledger.intend("ibm_loop", {}), ledger.intend("ibm_loop", {})
    platform.jobs["job0"] = {"tags": [new], "backend": "ibm_loop", "program_id": "executor"}
    with ledger._transaction() as database:
        database.execute("UPDATE jobs SET made = '2020-01-01T00:00:00+00:00' WHERE tag = ?", (old,))
    with open_ibm() as source:
        source.submit()
    states = {entry.tag: (entry.state, entry.note) for entry in ledger.entries()}
    assert states[old] == ("failed", "it never arrived on the platform")
    assert states[new] == ("submitted", "")


def test_two_readers_do_not_use_the_bits_of_one_job(open_ibm: OpenIbm, platform: Any, ledger: Ledger) -> None:
    with open_ibm() as source:
        source._pending = source.submit()
        ledger.close(source._pending[0].tag, "collected", "by another process")
        with pytest.raises(SourceError, match="collected by another process: its bits are not used twice"):
            source.read(5)
        assert source.read(5).count == 5
    assert len(platform.jobs) == 2


def test_no_message_of_any_status_is_longer_than_a_few_lines_or_holds_the_key(
    open_ibm: OpenIbm, platform: Any, ledger: Ledger, api_key: str
) -> None:
    for status in (402, 409, 413, 500, 504, 524):
        with open_ibm() as source:
            platform.fail = {"POST /jobs": [status] * 50}
            with pytest.raises(SourceError) as caught:
                source.submit()
        text = str(caught.value)
        assert text.startswith("submitting the job: ") and "\n" not in text and len(text) < 600
        assert api_key not in text + json.dumps([entry.as_dict() for entry in ledger.entries()])
    assert platform.jobs == {}


def test_waits_grow_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)

    def busy() -> None:
        raise client.TransientError("429")

    with pytest.raises(client.TransientError):
        client.retried(busy, "asking")
    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("modules", "name", "says"),
    [
        (("client_parameters",), "CloudAuth", "sending the raw API key"),
        (("client", "clients.runtime"), "RetrySession", "sending a job twice"),
    ],
)
def test_a_client_that_can_not_be_kept_from_harm_is_refused(
    ibm_extra: None, monkeypatch: pytest.MonkeyPatch, modules: tuple[str, ...], name: str, says: str
) -> None:
    for module in modules:
        if importlib.util.find_spec(f"qiskit_ibm_runtime.api.{module.partition('.')[0]}"):
            monkeypatch.delattr(importlib.import_module(f"qiskit_ibm_runtime.api.{module}"), name)
    with pytest.raises(SourceError, match=says):
        client.prepare()
