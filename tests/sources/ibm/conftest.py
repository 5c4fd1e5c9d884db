"""A REST server on 127.0.0.1 that speaks the IBM Quantum platform's API, for the true client to talk to."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from qrng.sources.ibm.ledger import Ledger
from qrng.sources.ibm.source import IbmSource

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef0123456789abcdef:11111111-2222-3333-4444-5::"
API_KEY = "raw-api-key-that-must-never-be-sent-0123456789"


class Platform:
    """State of the pretended platform; tests change it to make errors.

    Attributes:
        fail: method and path pattern to a list of HTTP statuses; each request that matches takes one, None is fine.
        states: states that a job goes through, one a question; the last one stays.
        spoil: changes the list of result tables (bool arrays, shots × qubits) before they are sent.
        truncate: how many characters of the results are sent.
        usage: what /instances/usage answers.
        jobs: what was submitted, by number.
        seen: authorization headers, none of which may hold the API key.
    """

    def __init__(self) -> None:
        self.fail: dict[str, list[int | None]] = {}
        self.states = ["Completed"]
        self.reason: dict[str, Any] = {}
        self.spoil: Callable[[list[np.ndarray]], list[np.ndarray]] = lambda tables: tables
        self.truncate: int | None = None
        self.usage: dict[str, Any] = {"usage_limit_seconds": 600, "usage_consumed_seconds": 12}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.questions: dict[str, int] = {}
        self.cancelled: set[str] = set()
        self.swallow = 0  # job requests that are carried out but answered with 503
        self.silent: list[str] = []  # calls that are carried out but never answered, each once
        self.patience = 20.0  # seconds after which the connection of such a call is cut
        self.linger = 0.0  # seconds between taking a job and answering
        self.sessions: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.hold = threading.Event()  # set at the end: what is silent till then may go
        self.seen: list[str] = []
        self.requests: list[str] = []
        self.qubits = 5
        folder = Path(__import__("qiskit_ibm_runtime").__file__).parent / "fake_provider" / "backends" / "manila"
        self.configuration = {
            **json.loads((folder / "conf_manila.json").read_text()),
            "backend_name": "ibm_loop",
            "simulator": False,
        }
        self.properties = json.loads((folder / "props_manila.json").read_text())
        self.rng = np.random.default_rng(6)

    def results(self, job: dict[str, Any]) -> str:
        """Results as the program that was asked for gives them: the executor's, or SamplerV2's."""
        if job["program_id"] == "sampler":
            pubs = job["params"]["pubs"]
            return self._of_sampler(self._tables(len(pubs), pubs[0][2]))[: self.truncate]
        program = job["params"]["quantum_program"]
        return self._of_executor(program, self._tables(len(program["items"]), program["shots"]))[: self.truncate]

    def _tables(self, circuits: int, shots: int) -> list[np.ndarray]:
        n = self.qubits
        pattern = np.resize(np.array([1, 0, 1, 1, 1, 0, 0, 0], bool), n)
        tables = [np.tile(pattern, (shots, 1)), np.tile(~pattern, (shots, 1))]
        for table in tables:
            table ^= self.rng.random(table.shape) < 0.02
        while len(tables) < circuits:
            tables.append(self.rng.random((shots, n)) < 0.5)
        return self.spoil(tables)

    def _of_sampler(self, tables: list[np.ndarray]) -> str:
        from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
        from qiskit_ibm_runtime import RuntimeEncoder

        bits = [BitArray.from_bool_array(t[:, ::-1]) for t in tables]
        found = [SamplerPubResult(DataBin(c=array, shape=())) for array in bits]
        return json.dumps(PrimitiveResult(found), cls=RuntimeEncoder)

    def _of_executor(self, program: dict[str, Any], tables: list[np.ndarray]) -> str:
        from ibm_quantum_schemas.common.tensor import CompressedTensorModel
        from ibm_quantum_schemas.executor.version_2_0 import QuantumProgramResultModel

        model = QuantumProgramResultModel(
            data=[
                {"results": {"c": CompressedTensorModel.from_numpy(np.ascontiguousarray(t))}, "metadata": {}}
                for t in tables
            ],
            metadata={"chunk_timing": []},
            passthrough_data=program["passthrough_data"],
            semantic_role=program["semantic_role"],
        )
        return str(model.model_dump_json())

    def job(self, number: str) -> dict[str, Any]:
        asked = self.questions[number] = self.questions.get(number, 0) + 1
        state = "Cancelled" if number in self.cancelled else self.states[min(asked, len(self.states)) - 1]
        body = self.jobs[number]
        return {
            "id": number,
            "backend": body["backend"],
            "program": {"id": body["program_id"]},
            "session_id": body.get("session_id"),
            "created": "2026-01-01T00:00:00Z",
            "tags": body.get("tags", []),
            "state": {"status": state, **(self.reason if state in ("Failed", "Cancelled") else {})},
            "status": state,
        }

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        if path == "/identity/token":
            return 200, token(3600)
        if path == "/instances/usage":
            return 200, self.usage
        if path == "/backends":
            device = {"name": "ibm_loop", "status": {"name": "online"}, "qubits": 5, "queue_length": 0}
            return 200, {"devices": [device]}
        if found := re.fullmatch(r"/backends/ibm_loop/(\w+)", path):
            status = {"state": True, "status": "active", "length_queue": 0, "backend_version": "1"}
            return 200, {"configuration": self.configuration, "properties": self.properties, "status": status}[found[1]]
        if path == "/sessions" and method == "POST":
            number = f"session{len(self.sessions)}"
            self.sessions[number] = {**json.loads(body), "id": number, "accepting_jobs": True}
            return 200, self.sessions[number]
        if (found := re.fullmatch(r"/sessions/(\w+)", path)) and method == "PATCH":
            self.sessions[found[1]].update(json.loads(body))
            return 204, None
        if path == "/jobs" and method == "POST":
            with self.lock:
                number = f"job{len(self.jobs)}"
                self.jobs[number] = json.loads(body)
            if self.swallow:
                self.swallow -= 1
                return 503, {}
            return 200, {"id": number, "backend": self.jobs[number]["backend"]}
        if path == "/jobs":
            tags = set(query.get("tags", []))
            found_jobs = [self.job(n) for n, body in self.jobs.items() if not tags or tags & set(body.get("tags", []))]
            return 200, {"jobs": found_jobs, "count": len(found_jobs)}
        if (found := re.fullmatch(r"/jobs/(\w+)(/\w+)?", path)) and found[1] in self.jobs:
            if found[2] is None:
                return 200, self.job(found[1])
            if found[2] == "/results":
                return 200, self.results(self.jobs[found[1]])
            if found[2] == "/cancel" and self.states[-1] in ("Completed", "Failed"):
                return 409, {"error": {"message": "the job has ended", "code": 2}}
            if found[2] == "/cancel":
                self.cancelled.add(found[1])
                return 204, None
            if found[2] == "/metrics":
                return 200, {"usage": {"status": "final", "qpu_charge_time_seconds": 3}}
        return 404, {"error": {"message": "not found", "code": 1}}


def token(seconds: int) -> dict[str, Any]:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    now = int(time.time())
    jwt = f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part({'iat': now, 'exp': now + seconds})}.eA"
    return {"access_token": jwt, "expires_in": seconds, "expiration": now + seconds, "token_type": "Bearer"}


class Handler(BaseHTTPRequestHandler):
    platform: Platform

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        call = f"{self.command} {url.path}"
        self.platform.requests.append(call)
        if url.path != "/identity/token":
            self.platform.seen.append(self.headers.get("Authorization", ""))
        status, answer = None, None
        if call in self.platform.silent:
            self.platform.silent.remove(call)
            self.platform.answer(self.command, url.path, parse_qs(url.query), body)
            self.platform.hold.wait(self.platform.patience)
            return
        for pattern, statuses in self.platform.fail.items():
            if statuses and re.fullmatch(pattern, call):
                status, answer = statuses.pop(0), {"error": {"message": "injected", "code": 9}}
                break
        if status is None:
            status, answer = self.platform.answer(self.command, url.path, parse_qs(url.query), body)
        if call == "POST /jobs" and self.platform.linger:
            self.platform.hold.wait(self.platform.linger)
        data = (
            answer.encode() if isinstance(answer, str) else json.dumps(answer).encode() if answer is not None else b""
        )
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def platform(ibm_extra: None) -> Iterator[Platform]:
    """The pretended platform, listening on `platform.url`."""
    state = Platform()
    handler = type("BoundHandler", (Handler,), {"platform": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def connect(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Connect the true client to the pretended platform, with short waits."""
    from qiskit_ibm_runtime.api import session

    from qrng.sources.ibm import client, jobs

    monkeypatch.setenv("IAM_URL", platform.url)
    monkeypatch.setenv("QISKIT_FUNCTIONS_EXPERIMENTAL", "1")  # the instance is given: no look-up on the internet
    monkeypatch.setattr(client, "_FIRST_WAIT", 0.001)
    monkeypatch.setattr(jobs, "_POLL", (0.001, 0.01))
    original = session.RetrySession._initialize_retry
    monkeypatch.setattr(
        session.RetrySession, "_initialize_retry", lambda self, total, connect, factor: original(self, 1, 1, 0.0)
    )

    def make() -> Any:
        from qiskit_ibm_runtime import QiskitRuntimeService

        client.prepare()
        with client.guarded("connecting to IBM Quantum"):
            return QiskitRuntimeService(
                channel="ibm_quantum_platform",
                token=API_KEY,
                instance=CRN,
                url=platform.url,
                url_resolver=lambda *_: platform.url,
            )

    return make


@pytest.fixture
def api_key() -> str:
    """The key that must never be sent."""
    return API_KEY


@pytest.fixture
def crn() -> str:
    """The instance of the pretended platform."""
    return CRN


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path / "state" / "jobs.sqlite")


@pytest.fixture
def open_ibm(connect: Callable[[], Any], ledger: Ledger) -> Callable[..., IbmSource]:
    """Open a source on the pretended platform."""

    def make(**options: Any) -> IbmSource:
        known = {"shots": 400, "timeout": 5.0, "ledger": ledger.path, "service": connect(), **options}
        return IbmSource("ibm_loop", **known)

    return make
