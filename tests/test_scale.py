"""Extraction, SP 800-22 and health tests by threads, processes and a cluster: the same as alone."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nist_sts
from qrng.errors import FormatError
from qrng.extraction import extract_file
from qrng.health.files import scan_file, scan_files
from qrng.parallel import Pool, open_pool

Run = Callable[..., subprocess.CompletedProcess[bytes]]

pytestmark = pytest.mark.filterwarnings("ignore")  # those of a cluster at its end are not ours


@pytest.fixture(scope="module", params=["threads", "processes", "cluster"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    if request.param == "threads":
        with ThreadPoolExecutor(2) as threads:
            yield Pool(threads, 4)
    elif request.param == "processes":
        with open_pool(2) as processes:
            yield processes
    else:
        distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
            ) as made,
            open_pool(dask=made.scheduler_address) as workers,
        ):
            yield workers


def raw_file(folder: Path, size: int = 6_000_000) -> str:
    (folder / "raw.bin").write_bytes(np.random.default_rng(8).bytes(size))
    return str(folder / "raw.bin")


@pytest.mark.parametrize("block", [4096, 10_001])
def test_pieces_of_an_extraction_join_to_the_same_file(tmp_path: Path, pool: Pool, block: int) -> None:
    raw = raw_file(tmp_path)
    options: dict[str, Any] = {"input_bits": block, "min_entropy": 0.9, "drop_tail": True}
    alone = extract_file(raw, tmp_path / "alone", **options)
    seed = tmp_path / "alone.seed"
    shared = extract_file(raw, tmp_path / "shared", seed_file=seed, executor=pool.executor, ahead=pool.ahead, **options)
    content = (tmp_path / "shared").read_bytes()
    assert content == (tmp_path / "alone").read_bytes()
    assert shared["output"]["sha256"] == alone["output"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert shared["extractor"] == alone["extractor"]


def test_sequences_are_judged_the_same_by_whoever_judges(tmp_path: Path, pool: Pool) -> None:
    data = np.random.default_rng(9).bytes(60_000)
    alone = nist_sts.run(data, length=60_000)
    assert nist_sts.run(data, length=60_000, executor=pool.executor) == alone


def test_captures_are_judged_the_same_by_whoever_judges(tmp_path: Path, pool: Pool) -> None:
    rng = np.random.default_rng(10)
    for name, share in (("a", 0.5), ("b", 0.7), ("c", 0.5)):
        (rng.random(30_000) < share).astype(np.uint8).tofile(tmp_path / name)
    paths = [tmp_path / name for name in "abc"]
    found = list(scan_files(paths, claim=0.9, executor=pool.executor, ahead=pool.ahead))
    assert found == [(path, scan_file(path, claim=0.9)) for path in paths]
    assert [report.passed for _, report in found] == [True, False, True]


def test_a_capture_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(FormatError, match="empty"):
        list(scan_files([tmp_path / "empty"], claim=0.9))


def test_the_commands_take_workers(run_qrng: Run, tmp_path: Path) -> None:
    raw_file(tmp_path, 400_000)
    extract = ["extract", "raw.bin", "--input-bits", "10000", "--min-entropy", "0.9", "--json", "-o"]
    first = run_qrng(*extract, "a")
    second = run_qrng(*extract, "b", "--seed-file", "a.seed", "--workers", "2")
    assert second.returncode == 0, second.stderr
    digests = [json.loads(done.stdout)["output"]["sha256"] for done in (first, second)]
    assert digests[0] == digests[1]


def test_a_cluster_that_does_not_answer_is_an_error(run_qrng: Run, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    raw_file(tmp_path, 10_000)
    env = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "300ms"}
    for command in (["extract", "raw.bin", "-o", "out"], ["sts", "raw.bin"]):
        done = run_qrng(*command, "--dask", "tcp://127.0.0.1:9", env=env)
        assert done.returncode == 2
        assert b"no Dask scheduler answers" in done.stderr
    assert not (tmp_path / "out").exists()
