"""Strings of bits by hand, for the extractor tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qrng import bits


@pytest.fixture(scope="session")
def packed() -> Callable[[str], bytes]:
    """From a string of 0 and 1, bit 0 first, to packed bytes."""
    return lambda text: bits.pack(np.array([int(c) for c in text], np.uint8)).tobytes()


@pytest.fixture(scope="session")
def text() -> Callable[[Any, int], str]:
    """The first n bits of a packed buffer as a string of 0 and 1."""
    return lambda buffer, n: "".join(map(str, bits.unpack(bytes(buffer), n)))
