"""The kernel table can be seen and forced, and never falls back in silence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from qrng import _native
from qrng.errors import ParameterError


def kernel_of_a_new_process(name: str | None) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "QRNG_KERNEL"}
    if name is not None:
        env["QRNG_KERNEL"] = name
    code = "from qrng import _native; print(_native.kernel_name())"
    return subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True, check=False)


def test_the_environment_forces_a_kernel() -> None:
    here = [level for level, runs in _native.kernel_levels().items() if runs]
    assert here[0] == "portable"
    assert kernel_of_a_new_process("portable").stdout.strip() == "portable"
    assert kernel_of_a_new_process(None).stdout.strip() == here[-1]


def test_an_unknown_kernel_is_an_error_not_a_fall_back() -> None:
    done = kernel_of_a_new_process("fastest")
    assert done.returncode != 0
    assert "no kernel named 'fastest'" in done.stderr
    with pytest.raises(ParameterError, match="no kernel named"):
        _native.force_kernel("fastest")


def test_wiping_overwrites_and_refuses_read_only_buffers() -> None:
    buffer = bytearray(b"secret")
    _native.wipe(buffer)
    assert buffer == bytes(6)
    with pytest.raises((TypeError, BufferError)):
        _native.wipe(b"secret")


def test_importing_qrng_loads_neither_scipy_nor_qiskit_nor_click() -> None:
    code = "import sys, qrng; print([m for m in ('scipy', 'qiskit', 'click', 'rich', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
