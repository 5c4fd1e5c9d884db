"""Work over threads, processes and a cluster: the same results in the same order, whoever dies."""

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import qrng
from qrng.errors import MissingExtraError, ParameterError
from qrng.parallel import ATTEMPTS, Processes, cluster, open_pool, ordered
from qrng.samples import Samples


@pytest.fixture(scope="module")
def work():
    """Functions that other processes can import."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        yield importlib.import_module("work_for_processes")


def square(n):
    return n * n


def test_results_keep_the_order_of_the_pieces():
    want = [square(n) for n in range(20)]
    assert list(ordered(square, range(20))) == want
    with ThreadPoolExecutor(3) as threads:
        assert list(ordered(square, range(20), threads, 5)) == want


def test_no_more_is_read_than_is_in_work():
    read = []

    def pieces():
        for n in range(10):
            read.append(n)
            yield n

    with ThreadPoolExecutor(2) as threads:
        results = ordered(square, pieces(), threads, 3)
        assert next(results) == 0
        assert read == [0, 1, 2]
        results.close()
    assert read == [0, 1, 2]


def test_closing_cancels_what_has_not_begun():
    gate, begun = threading.Event(), []

    def work(n):
        begun.append(n)
        if n:
            gate.wait(30)
        return n

    with ThreadPoolExecutor(1) as one:
        results = ordered(work, range(10), one, 5)
        assert next(results) == 0
        results.close()
        gate.set()
    assert len(begun) <= 2


def test_an_error_of_a_piece_is_the_callers(work):
    with Processes(1) as pool, pytest.raises(ValueError, match="piece 3"):
        list(ordered(work.fail, [3], pool, 1))


@pytest.mark.parametrize("make", [lambda: list(ordered(square, [1], None, 0)), lambda: Processes(0)])
def test_no_workers_is_refused(make):
    with pytest.raises(ParameterError):
        make()


def kill_one(folder, wait=60.0):
    """Kill the process that is at work on the second piece; returns its number."""
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        for mark in folder.glob("1-*"):
            os.kill(int(mark.name.split("-")[1]), signal.SIGKILL)
            return int(mark.name.split("-")[1])
        time.sleep(0.01)
    raise AssertionError("the second piece was never begun")


def test_a_lost_process_costs_time_and_nothing_else(work, tmp_path):
    killer = ThreadPoolExecutor(1)
    with Processes(2) as pool:
        killed = killer.submit(kill_one, tmp_path)
        results = list(ordered(work.square_in_a_while, [(n, tmp_path) for n in range(6)], pool, 4))
    assert results == [square(n) for n in range(6)]
    assert {mark.name for mark in tmp_path.glob("1-*")} > {f"1-{killed.result()}"}


def test_a_piece_that_kills_its_process_every_time_is_given_up(work):
    with Processes(1) as pool:
        promised = pool.submit(work.die, None)
        with pytest.raises(Exception, match="terminated abruptly"):
            promised.result()
        assert pool.submit(work.square, 3).result() == 9
    assert ATTEMPTS > 1
    with pytest.raises(RuntimeError):
        pool.submit(work.square, 3)


def test_one_worker_is_this_thread():
    with open_pool() as pool:
        assert pool.executor is None


def test_workers_and_a_cluster_are_not_both_asked_for():
    with pytest.raises(ParameterError, match="not both"), open_pool(2, "tcp://127.0.0.1:1"):
        pass


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"qrng-toolkit\[dask\]"), cluster("tcp://127.0.0.1:1"):
        pass


@pytest.fixture(scope="module")
def local_cluster(dask_extra, work):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made


@pytest.mark.filterwarnings("ignore")
def test_a_lost_worker_of_a_cluster_costs_time_and_nothing_else(work, local_cluster, tmp_path):
    killer = ThreadPoolExecutor(1)
    with open_pool(dask=local_cluster.scheduler_address) as pool:
        killed = killer.submit(kill_one, tmp_path)
        results = list(ordered(work.square_in_a_while, [(n, tmp_path) for n in range(6)], pool.executor, pool.ahead))
    assert results == [square(n) for n in range(6)]
    assert {mark.name for mark in tmp_path.glob("1-*")} > {f"1-{killed.result()}"}


@pytest.mark.filterwarnings("ignore")
def test_segments_of_a_cluster_of_processes_and_of_one_thread_are_the_same(local_cluster):
    data = Samples.from_symbols(np.random.default_rng(3).integers(0, 4, 40_100), 2)
    alone = qrng.assess_segments(data, 8000)
    with open_pool(dask=local_cluster.scheduler_address) as pool:
        assert qrng.assess_segments(data, 8000, executor=pool.executor, ahead=pool.ahead) == alone
    with open_pool(2) as pool:
        assert qrng.assess_segments(data, 8000, executor=pool.executor, ahead=pool.ahead) == alone


@pytest.mark.filterwarnings("ignore")
def test_the_command_works_on_a_cluster(local_cluster, tmp_path):
    np.random.default_rng(3).integers(0, 4, 24_000).astype(np.uint8).tofile(tmp_path / "raw.bin")
    command = [sys.executable, "-c", "from qrng.cli import main; main()", "assess", "raw.bin", "--segment", "8000"]
    command += ["--layout", "symbols", "--bits-per-symbol", "2", "--json"]
    printed = [
        subprocess.run([*command, *workers], cwd=tmp_path, capture_output=True, check=True).stdout
        for workers in ([], ["--workers", "2"], ["--dask", local_cluster.scheduler_address])
    ]
    assert printed[0] == printed[1] == printed[2]


def test_a_scheduler_that_does_not_answer_is_an_error(dask_extra):
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "300ms"}),
        pytest.raises(ParameterError, match="no Dask scheduler answers"),
        cluster("tcp://127.0.0.1:9"),
    ):
        pass
