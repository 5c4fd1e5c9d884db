"""Fixtures that every room's tests share."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from operator import index
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from qrng import RandomBitGenerator, SimulatedSourceWarning, _native, open_source
from qrng.errors import HealthAlarm, ParameterError
from qrng.faults import inject, parse

settings.register_profile("no test asserts on a time", deadline=None)
settings.load_profile("no test asserts on a time")


@pytest.fixture(scope="session", autouse=True)
def _signals_as_at_a_terminal() -> None:
    """What a shell starts in the background, or nohup anywhere, ignores them, and so would the commands under test."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture
def test_data() -> Path:
    """Folder of optional captures and golden results, named by QRNG_TEST_DATA."""
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: optional captures and golden results are not here")
    return Path(folder)


@pytest.fixture(params=[level for level, here in _native.kernel_levels().items() if here])
def kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each kernel level that this processor runs, forced for one test."""
    before = _native.kernel_name()
    _native.force_kernel(request.param)
    yield request.param
    _native.force_kernel(before)


RunCommand = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def run_qrng(tmp_path: Path) -> RunCommand:
    """Run the installed `qrng` command in an empty folder, with no configuration of the user's."""

    def run(*arguments: str | Path, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("QRNG_")}
        env["XDG_CONFIG_HOME"] = str(tmp_path / "no-configuration")
        options.setdefault("stdout", subprocess.PIPE)
        command = [str(Path(sys.executable).parent / "qrng"), *map(str, arguments)]
        return subprocess.run(
            command,
            input=stdin,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env={**env, **options.pop("env", {})},
            timeout=120,
            check=False,
            **options,
        )

    return run


class FixedBytes:
    """Stands for a generator in tests of what is built on one: known bytes, then an alarm after so many of them."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(20101)
        self.given = 0
        self.stop_after: int | None = None

    def random_bytes(self, n: int) -> bytes:
        if index(n) < 0:
            raise ParameterError(f"can't give {n} bytes")
        if self.stop_after is not None and self.given + n > self.stop_after:
            raise HealthAlarm("an alarm")
        self.given += n
        return self._random.bytes(n)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        view[:] = self.random_bytes(len(view))
        return len(view)


@pytest.fixture
def fixed_bytes() -> FixedBytes:
    """The same bytes in every run, so that a statistic computed of them can't come out otherwise one day."""
    return FixedBytes()


@pytest.fixture
def stuck_soon() -> Iterator[RandomBitGenerator]:
    """A real generator on a simulated device that gets stuck: it warms its pool, and alarms at the next refill."""
    source = inject(open_source("sim:"), parse("burst:start=400000,length=400000"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SimulatedSourceWarning)
        generator = RandomBitGenerator(source)
    with generator:
        yield generator


def needs_extra(extra: str, module: str) -> None:
    """Skip, saying so, where an optional dependency is absent; fail where QRNG_TEST_EXTRAS names it as installed."""
    if importlib.util.find_spec(module) is not None:
        return
    if extra in os.environ.get("QRNG_TEST_EXTRAS", "").split(","):
        pytest.fail(f"QRNG_TEST_EXTRAS names the extra {extra!r}, but {module} is not installed")
    pytest.skip(f"{module} is not installed (extra {extra!r})")


@pytest.fixture
def ibm_extra() -> None:
    """The extra `ibm`: qiskit-ibm-runtime."""
    needs_extra("ibm", "qiskit_ibm_runtime")


@pytest.fixture
def sim_extra() -> None:
    """The extra `sim`: qiskit-aer."""
    needs_extra("sim", "qiskit_aer")


@pytest.fixture
def hdf5_extra() -> None:
    """The extra `hdf5`: h5py."""
    needs_extra("hdf5", "h5py")


@pytest.fixture
def crypto_extra() -> None:
    """The extra `crypto`: cryptography."""
    needs_extra("crypto", "cryptography")


@pytest.fixture(scope="session")
def dask_extra() -> None:
    """The extra `dask`: distributed."""
    needs_extra("dask", "distributed")
