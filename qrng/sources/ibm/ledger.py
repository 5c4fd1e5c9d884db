"""What was submitted, in a small SQLite file, so that a crash or a closed laptop loses nothing and pays nothing twice.

A row is written before the job is sent, with a tag that the job carries; if the process dies before the job's number
comes back, the job is found by that tag. What came of each qubit's known answers and each pair's Bell trials is kept as
counts, for later choices (`qrng.sources.ibm.learned`). The file holds no token and no raw bits.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qrng.errors import ParameterError, SourceError

__all__ = ["Entry", "Ledger", "default_path"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    tag TEXT PRIMARY KEY,
    job TEXT UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('sending', 'submitted', 'collected', 'failed', 'cancelled')),
    made TEXT NOT NULL,
    backend TEXT NOT NULL,
    plan TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
)
"""

_OUTCOMES = """
CREATE TABLE IF NOT EXISTS outcomes (
    tag TEXT NOT NULL REFERENCES jobs (tag),
    kind TEXT NOT NULL,
    arm TEXT NOT NULL,
    wins INTEGER NOT NULL,
    trials INTEGER NOT NULL CHECK (0 <= wins AND wins <= trials),
    PRIMARY KEY (tag, kind, arm)
)
"""


def default_path() -> Path:
    """$XDG_STATE_HOME/qrng/jobs.sqlite, by default in ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "qrng" / "jobs.sqlite"


@dataclass(frozen=True)
class Entry:
    """One job.

    Attributes:
        tag: ours, unique.
        job: the platform's number, None until it is known.
        state: sending, submitted, collected, failed or cancelled.
        made: when, ISO 8601 in UTC.
        backend: name of the backend.
        plan: what was asked for, JSON-ready: qubits, circuits, shots, calibration, …
        note: where it was collected to, or why it failed.
    """

    tag: str
    job: str | None
    state: str
    made: str
    backend: str
    plan: dict[str, Any]
    note: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the long parts of the plan."""
        plan = {key: value for key, value in self.plan.items() if key not in ("calibration", "settings")}
        return {**self.__dict__, "plan": plan}


class Ledger:
    """The file of jobs; each call is one transaction.

    Raises:
        SourceError: the file can't be opened or is no ledger.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path is not None else default_path()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise SourceError(f"{self.path}: {error.strerror}") from None
        with self._transaction() as database:
            database.execute(_SCHEMA)
            database.execute(_OUTCOMES)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=30)) as database, database:
                yield database
        except sqlite3.Error as error:
            raise SourceError(f"{self.path}: the job ledger can't be used: {error}") from None

    def intend(self, backend: str, plan: dict[str, Any]) -> str:
        """Note a job that is about to be sent; returns the tag to send it with."""
        tag = f"qrng-{uuid.uuid4()}"
        made = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as database:
            database.execute(
                "INSERT INTO jobs (tag, state, made, backend, plan) VALUES (?, 'sending', ?, ?, ?)",
                (tag, made, backend, json.dumps(plan, allow_nan=False)),
            )
        return tag

    def sent(self, tag: str, job: str) -> None:
        """Note the platform's number of a job."""
        with self._transaction() as database:
            database.execute(
                "UPDATE jobs SET job = ?, state = 'submitted' WHERE tag = ? AND state = 'sending'", (job, tag)
            )

    def close(self, tag: str, state: str, note: str = "") -> bool:
        """Note the end of a job: collected, failed or cancelled. False if it had ended before: that stays."""
        with self._transaction() as database:
            ended = database.execute(
                "UPDATE jobs SET state = ?, note = ? WHERE tag = ? AND state IN ('sending', 'submitted')",
                (state, note, tag),
            )
            return ended.rowcount == 1

    def learn(self, tag: str, kind: str, outcomes: dict[str, tuple[int, int]]) -> None:
        """Note what came of each arm in a job, once: `kind` is "answers" (arm "7") or "chsh" (arm "7-8")."""
        with self._transaction() as database:
            database.executemany(
                "INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?)",
                [(tag, kind, arm, wins, trials) for arm, (wins, trials) in outcomes.items()],
            )

    def outcomes(self, backend: str, kind: str) -> list[tuple[str, int, int]]:
        """Arm, wins and trials of all past jobs on a backend, oldest first."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT arm, wins, trials FROM outcomes JOIN jobs USING (tag) WHERE backend = ? AND kind = ? "
                "ORDER BY made, jobs.rowid",
                (backend, kind),
            ).fetchall()
        return [(arm, wins, trials) for arm, wins, trials in rows]

    def entries(self) -> list[Entry]:
        """All jobs, latest first."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT tag, job, state, made, backend, plan, note FROM jobs ORDER BY made DESC, rowid DESC"
            ).fetchall()
        return [
            Entry(tag, job, state, made, name, json.loads(plan), note)
            for tag, job, state, made, name, plan, note in rows
        ]

    def entry(self, name: str) -> Entry:
        """The job with that number or tag.

        Raises:
            ParameterError: there is none.
        """
        for entry in self.entries():
            if name in (entry.job, entry.tag):
                return entry
        raise ParameterError(f"no job {name!r} in {self.path}; `qrng jobs` lists them")
