"""Work over an executor: threads, processes that may die, or a Dask cluster; results in order, memory bounded.

Whatever takes many pieces takes any `concurrent.futures.Executor`. `ordered` hands it a few pieces ahead and gives the
results back in the order of the pieces, so that they don't depend on who did the work. `Processes` and `cluster` are
executors whose lost workers cost the time of the pieces that they were working on, and nothing else.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

from qrng.errors import MissingExtraError, ParameterError

__all__ = ["Pool", "Processes", "cluster", "open_pool", "ordered"]

ATTEMPTS = 3
"""How often a piece of work may lose its process before it is given up: it may be what kills them."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered(
    work: Callable[[Item], Result], items: Iterable[Item], executor: Executor | None = None, ahead: int = 4
) -> Generator[Result, None, None]:
    """work(item) of every item, in order. Closing the generator cancels what has not begun.

    Args:
        work: a function; one that processes can import, if they are to do it.
        items: read no further than `ahead` beyond the result that is waited for.
        executor: who works; None does each piece in this thread when its result is asked for.
        ahead: pieces handed to the executor and not yet given back, at least 1.

    Raises:
        ParameterError: ahead < 1.
    """
    if ahead < 1:
        raise ParameterError(f"at least one piece is in work, not {ahead}")
    if executor is None:
        yield from map(work, items)
        return
    working: deque[Future[Result]] = deque()
    try:
        for item in items:
            working.append(executor.submit(work, item))
            if len(working) >= ahead:
                yield working.popleft().result()
        while working:
            yield working.popleft().result()
    finally:
        for future in working:
            future.cancel()


class Processes(Executor):
    """Processes on this machine. Where one dies all are started anew and the pieces in work are done again.

    Args:
        workers: number of processes, started when work comes.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ParameterError(f"at least one process works, not {workers}")
        self._workers = workers
        self._lock = threading.Lock()
        self._pool = self._start()
        self._closed = False

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers, get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Have a process call fn(*args, **kwargs); all of them must pickle."""
        promised: Future[Result] = Future()
        self._attempt(promised, lambda pool: pool.submit(fn, *args, **kwargs), ATTEMPTS)
        return promised

    def _attempt(
        self, promised: Future[Result], submit: Callable[[ProcessPoolExecutor], Future[Result]], left: int
    ) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the processes were shut down")
            try:
                future = submit(self._pool)
            except BrokenExecutor:
                self._pool = self._start()
                future = submit(self._pool)
        promised.add_done_callback(lambda asked: future.cancel() if asked.cancelled() else None)
        future.add_done_callback(lambda done: self._settle(promised, submit, left - 1, done))

    def _settle(
        self,
        promised: Future[Result],
        submit: Callable[[ProcessPoolExecutor], Future[Result]],
        left: int,
        done: Future[Result],
    ) -> None:
        if done.cancelled() or promised.cancelled():
            promised.cancel()
            return
        error = done.exception()
        if isinstance(error, BrokenExecutor) and left:
            try:
                self._attempt(promised, submit, left)
                return
            except RuntimeError as closed:
                error = closed
        if promised.set_running_or_notify_cancel():
            if error is None:
                promised.set_result(done.result())
            else:
                promised.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, once they have done what they were given unless that is cancelled."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@dataclass(frozen=True)
class Pool:
    """An executor and how many pieces keep it busy; None for the executor is this thread."""

    executor: Executor | None
    ahead: int


@contextlib.contextmanager
def open_pool(workers: int = 1, dask: str | None = None) -> Iterator[Pool]:
    """Processes on this machine, or the workers of a Dask cluster: what `--workers` and `--dask` name.

    Raises:
        ParameterError: both are given, or no scheduler answers.
        MissingExtraError: the extra `dask` is not installed.
    """
    if dask is not None:
        if workers != 1:
            raise ParameterError("the cluster says how many workers there are: give workers or dask, not both")
        with cluster(dask) as pool:
            yield pool
    elif workers == 1:
        yield Pool(None, 1)
    else:
        with Processes(workers) as executor:
            try:
                yield Pool(executor, 2 * workers)
            except BaseException:
                executor.shutdown(cancel_futures=True)
                raise


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Pool]:
    """The workers behind a Dask scheduler such as tcp://host:8786.

    Pieces of work, raw samples among them, travel to the workers: use tls:// with certificates outside a network of
    your own. The scheduler gives what a lost worker had to another.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as absent:
        raise MissingExtraError("work on a Dask cluster", "dask") from absent
    try:
        client = distributed.Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ParameterError(f"no Dask scheduler answers at {address}: {error}") from error
    with client, client.get_executor(pure=False) as executor:
        yield Pool(executor, max(8, 2 * sum(client.ncores().values())))
