"""Killed at random moments of submitting and collecting: no job is lost, none is paid for twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrng.formats import open_capture
from qrng.sources.ibm import jobs
from qrng.sources.ibm.ledger import Ledger

KILLS = 60


@pytest.mark.trial
def test_kills_lose_nothing_and_pay_for_nothing_twice(
    platform: Any, connect: Callable[[], Any], api_key: str, crn: str, tmp_path: Path
) -> None:
    worker = str(Path(__file__).with_name("worker.py"))
    env = {**os.environ, "IAM_URL": platform.url, "QISKIT_FUNCTIONS_EXPERIMENTAL": "1"}
    rng = random.Random(9)
    platform.linger = 0.3
    unnoted = collecting = 0
    with subprocess.Popen(
        [sys.executable, worker, platform.url, api_key, crn, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for _ in range(KILLS):
            process.stdin.write(b"go\n")
            process.stdin.flush()
            lines = {process.stdout.readline(), process.stdout.readline()}
            assert b"begun\n" in lines
            (number,) = lines - {b"begun\n"}
            time.sleep(rng.uniform(0.2, 2.5))
            os.kill(int(number), signal.SIGKILL)
            arrived = {tag for job in platform.jobs.values() for tag in job["tags"]}
            for entry in Ledger(tmp_path / "jobs.sqlite").entries():
                unnoted += entry.state == "sending" and entry.tag in arrived
                collecting += entry.state == "submitted"
        process.stdin.close()
        process.wait(30)

    ledger, service = Ledger(tmp_path / "jobs.sqlite"), connect()
    jobs.reconcile(service, ledger)
    tags = [tag for job in platform.jobs.values() for tag in job["tags"]]
    assert len(tags) == len(set(tags)) == len(platform.jobs), "a job was paid for twice"
    known = {entry.job: entry for entry in ledger.entries() if entry.job}
    assert set(known) == set(platform.jobs), "a job was lost"
    for name, entry in known.items():
        if entry.state == "submitted":
            assert jobs.collect(service, entry, ledger).count == 200
        else:
            assert entry.state == "collected"
            with open_capture(tmp_path / f"{name}.qrng") as capture:
                assert capture.read_all().count == 200
    print(
        f"\n{KILLS} kills, {len(platform.jobs)} jobs; {unnoted} killed between a job's arrival and its number, "
        f"{collecting} between submitting and collecting"
    )
    assert len(platform.jobs) >= KILLS // 4
    assert unnoted >= 3 and collecting >= 3, "the kills missed the moments that matter"
