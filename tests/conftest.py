"""Fixtures that every room's tests share."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from qrng import _native

settings.register_profile("no test asserts on a time", deadline=None)
settings.load_profile("no test asserts on a time")


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
