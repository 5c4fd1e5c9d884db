"""No branch and no address depends on a seed, raw bit or output of an extractor; and the check finds one that does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qrng import _native

CSRC = Path(__file__).parents[2] / "csrc"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """csrc/tests/constant_time.c, built as the package is."""
    build = tmp_path_factory.mktemp("constant_time")
    if not shutil.which("cmake"):
        pytest.skip("cmake is not installed")
    configure = ["cmake", "-S", str(CSRC), "-B", str(build)]
    subprocess.run(configure, check=True, capture_output=True)
    command = [
        "cmake",
        "--build",
        str(build),
        "--target",
        "constant_time",
        "--parallel",
        str(min(2, os.cpu_count() or 1)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return build / "tests" / "constant_time"


def marked(program, level, *more):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    command = ["valgrind", "--quiet", "--error-exitcode=1", str(program), "marked", level, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.trial
@pytest.mark.parametrize("level", ["portable", "avx2"])
def test_memcheck_sees_no_branch_or_address_from_a_secret(program, level):
    if not _native.kernel_levels().get(level):
        pytest.skip(f"this processor does not run the {level} kernel")
    done = marked(program, level)
    assert done.returncode == 0, done.stderr


@pytest.mark.trial
def test_memcheck_finds_a_planted_branch(program):
    done = marked(program, "portable", "leak")
    assert done.returncode == 1
    assert "depends on uninitialised value" in done.stderr


@pytest.mark.trial
@pytest.mark.parametrize("level", [level for level, here in _native.kernel_levels().items() if here])
def test_times_of_fixed_and_random_input_do_not_differ(program, level):
    done = subprocess.run([program, "timed", level], capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout


@pytest.mark.trial
def test_times_give_a_planted_branch_away(program):
    level = _native.kernel_name()
    done = subprocess.run([program, "timed", level, "leak"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
