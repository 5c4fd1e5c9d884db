"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from qrng import _native


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
