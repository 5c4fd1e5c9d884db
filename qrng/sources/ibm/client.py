"""The connection to IBM Quantum: account, retries, and each error as one message that says what to do.

The token is the client's business: it is read by qiskit-ibm-runtime from its own account file or QISKIT_IBM_TOKEN, is
cut out of every message here, and is never sent as it is: where the exchange for a short-lived token fails, the client
would fall back to the raw API key, which is made an error. Nor does the client repeat by itself what it posts: a job
that arrived although the answer was an error is looked up first (`retried`).
"""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from qrng.errors import MissingExtraError, QrngError, SourceError

__all__ = ["TransientError", "check_quota", "connect", "guarded", "retried"]

T = TypeVar("T")

_ADVICE = {
    "IBMNotAuthorizedError": "the token is wrong or has expired; make a new API key and save it with "
    "QiskitRuntimeService.save_account, or set QISKIT_IBM_TOKEN",
    "AccountNotFoundError": "no account is saved; save one with QiskitRuntimeService.save_account, or set "
    "QISKIT_IBM_TOKEN",
    "InvalidAccountError": "the saved account can't be used; save it anew with QiskitRuntimeService.save_account",
    "QiskitBackendNotFoundError": "no such backend in this instance; service.backends() lists those there are",
    "RuntimeJobNotFound": "no such job in this account and instance; is it another instance's?",
    "RuntimeJobFailureError": "the job failed on the platform; its bits are lost, submit it again",
    "RuntimeJobMaxTimeoutError": "the job ran into its maximum execution time; ask for fewer shots in a job",
    "RuntimeInvalidStateError": "the job has ended or is in a state that does not allow this; `qrng jobs` shows it",
    "RuntimeJobTimeoutError": "the job is still waiting and not lost; collect it later with `qrng jobs collect`",
    "IBMInputValueError": "the platform's client refuses the request",
}
_STATUS_ADVICE = {
    400: "the platform refuses the request as malformed",
    401: _ADVICE["IBMNotAuthorizedError"],
    402: "the plan's time is spent",
    403: "this account may not use that backend or instance",
    404: "there is no such thing on the platform",
    429: "too many requests or jobs at once; wait, or collect those that are pending",
    503: "the service is down or in maintenance; try again later",
}
_TRANSIENT = (429, 500, 502, 503, 504, 520, 521, 522, 524)
_TRIES = 5
_FIRST_WAIT = 1.0  # seconds; doubled after each try
_SILENCE = 120.0  # seconds without a byte of an answer, after which a request is given up; the client has no limit


class TransientError(SourceError):
    """An error that may pass by itself: 429, a 5xx, or no connection."""


def connect(instance: str | None = None) -> Any:
    """The service of the user's saved account, or of QISKIT_IBM_TOKEN.

    Raises:
        MissingExtraError: qiskit-ibm-runtime is not installed.
        SourceError: no account, a wrong token, no connection.
    """
    prepare()
    from qiskit_ibm_runtime import QiskitRuntimeService

    log = logging.getLogger("qiskit_ibm_runtime")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns at length of every instance that it finds
    try:
        with guarded("connecting to IBM Quantum"):
            return QiskitRuntimeService(instance=instance)
    finally:
        log.setLevel(level)


def prepare() -> None:
    """What has to be changed in the client before the first connection; done once a process.

    Raises:
        MissingExtraError: qiskit-ibm-runtime is not installed.
        SourceError: this version of the client is built otherwise, so that the promises can't be kept.
    """
    refuse_raw_key()
    post_once()


def post_once() -> None:
    """Keep the client from repeating a POST after a 5xx answer, and from waiting for ever for an answer.

    A job may have arrived although the answer was an error: it is looked up by its tag before it is sent again.
    """
    try:
        from qiskit_ibm_runtime.api import client as api
    except ImportError:  # where it is up to 0.49
        from qiskit_ibm_runtime.api.clients import runtime as api
    session: Any = getattr(api, "RetrySession", None)
    if session is None or not hasattr(session, "_initialize_retry"):
        raise SourceError(
            "this version of qiskit-ibm-runtime builds its connections in an unknown way, so that it can't be kept "
            "from sending a job twice; install a version from 0.49 to 0.51"
        )
    if getattr(session, "posts_once", False):
        return
    from urllib3.util.retry import Retry

    class OnceSession(session):  # type: ignore[misc]
        """Repeats what can be repeated without harm."""

        posts_once = True

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._timeout = (5.0, _SILENCE)

        def request(self, method: str, url: str, bare: bool = False, **options: Any) -> Any:
            if options.get("timeout", 0) is None:
                options["timeout"] = self._timeout
            return super().request(method, url, bare, **options)

        def _initialize_retry(self, *args: Any, **options: Any) -> None:
            super()._initialize_retry(*args, **options)
            for adapter in self.adapters.values():
                theirs = adapter.max_retries
                adapter.max_retries = Retry(  # of POST, only a connection that could not be made
                    total=theirs.total,
                    connect=theirs.connect,
                    backoff_factor=theirs.backoff_factor,
                    status_forcelist=theirs.status_forcelist,
                    respect_retry_after_header=False,
                )

    api.RetrySession = OnceSession


def refuse_raw_key() -> None:
    """Make a failed token exchange an error for every connection of this process, instead of sending the API key.

    Raises:
        SourceError: this version of the client is built otherwise, so that the promise can't be kept.
    """
    try:
        from qiskit_ibm_runtime.api import client_parameters
    except ImportError:
        raise MissingExtraError("the source ibm:", "ibm") from None
    handler: Any = getattr(client_parameters, "CloudAuth", None)
    if handler is None or not hasattr(handler, "get_headers"):
        raise SourceError(
            "this version of qiskit-ibm-runtime builds its authentication in an unknown way, so that it can't be kept "
            "from sending the raw API key; install a version from 0.49 to 0.51"
        )
    if getattr(handler, "never_sends_raw_key", False):
        return

    class StrictAuth(handler):  # type: ignore[misc]
        """Sends a short-lived token or nothing."""

        never_sends_raw_key = True

        def get_headers(self) -> dict[str, str]:
            try:
                token = self.tm.get_token()
            except Exception as error:  # noqa: BLE001 - whatever it is, the key stays here
                self.tm.request_time = 0  # else the next try would wait a minute for this one
                raise _NoTokenError(_status_of(error)) from None
            return {"Service-CRN": self.crn, "Authorization": f"Bearer {token}"}

    client_parameters.CloudAuth = StrictAuth


class _NoTokenError(Exception):
    """The API key could not be exchanged for a token; holds the HTTP status, if there was one."""

    def __init__(self, status: int | None) -> None:
        super().__init__("no access token")
        self.status = status


def _status_of(error: BaseException) -> int | None:
    """HTTP status that an error of the client or its libraries carries."""
    for name in ("status_code", "code", "status"):
        value = getattr(error, name, None)
        if isinstance(value, int) and value > 0:
            return value
    found = re.search(r"\b([45]\d\d) (?:Client|Server) Error|too many ([45]\d\d) error responses", str(error))
    return int(found[1] or found[2]) if found else None


def _clean(error: BaseException) -> str:
    """One line of an error's text, without anything that could be a key or token."""
    text = " ".join(str(error).strip("'\"").split())
    text = re.sub(r"(?i)\b(apikey|bearer|token)([\s:=\"']+)\S+", r"\1\2…", text)
    text = re.sub(r"\b[A-Za-z0-9_\-]{40,}\b", "…", text)
    text = re.sub(r"https?://\S+", "…", text)
    return text[:300]


def _lost_connection(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, is one of the way to the platform."""
    while error is not None:
        names = {kind.__name__ for kind in type(error).__mro__}
        if names & {"RequestException", "ConnectionError", "RequestsApiError", "HTTPError", "TimeoutError"}:
            return True
        error = error.__cause__ or error.__context__
    return False


def translate(error: BaseException, doing: str) -> SourceError:
    """The error as one line: what failed, why, what to do."""
    names = [kind.__name__ for kind in type(error).__mro__]
    status = _status_of(error)
    if isinstance(error, _NoTokenError):
        if status is not None and status >= 500:
            return TransientError(f"{doing}: the token service answers {status}; try again later")
        return SourceError(
            f"{doing}: the API key could not be exchanged for an access token, and is not sent as it is; "
            f"{_ADVICE['IBMNotAuthorizedError']}"
        )
    advice = next((_ADVICE[name] for name in names if name in _ADVICE), None)
    if advice is None and status is not None:
        advice = _STATUS_ADVICE.get(status)
    if advice is None and status is None and _lost_connection(error):
        return TransientError(f"{doing}: no connection to the platform ({_clean(error)})")
    text = f"{doing}: {advice + ' ' if advice else ''}({_clean(error)})"
    return TransientError(text) if status in _TRANSIENT and "IBMNotAuthorizedError" not in names else SourceError(text)


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turn whatever the client raises into a SourceError; its warnings stay quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except QrngError:
        raise
    except Exception as error:  # noqa: BLE001 - the client raises errors of a dozen libraries
        raise translate(error, doing) from None


def retried(work: Callable[[], T], doing: str, found: Callable[[], T | None] = lambda: None) -> T:
    """Do `work`, again after transient errors, waiting twice as long each time. Other errors are never retried.

    Args:
        found: asked before each new try for what an earlier one may have done after all, so that it isn't done twice.
    """
    wait = _FIRST_WAIT
    for left in range(_TRIES - 1, -1, -1):
        try:
            with guarded(doing):
                return work()
        except TransientError:
            if not left:
                raise
        time.sleep(wait)
        wait *= 2
        with guarded(doing):
            done = found()
        if done is not None:
            return done
    raise AssertionError("unreachable")


def check_quota(service: Any) -> None:
    """Raise SourceError if the plan's time is spent: the client only warns, and the job would wait for ever."""
    usage = retried(service.usage, "asking for the plan's usage")
    remaining = usage.get("usage_remaining_seconds")
    if usage.get("usage_limit_reached") or (remaining is not None and remaining <= 0):
        raise SourceError(
            f"the plan's time is spent ({usage.get('usage_consumed_seconds', '?')} s used); a job would not run. Wait "
            "for the next period, or use another instance"
        )
