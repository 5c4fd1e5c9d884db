"""SP 800-22: statistical tests of random bits, right and fast; usable alone.

    >>> import nist_sts
    >>> report = nist_sts.run(bytes(125_000), length=1_000_000)        # a million zeros, packed
    >>> report.passed, report.test("frequency").p_values
    (False, ((0.0,),))

Names are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME = {
    "TESTS": "nist_sts.registry",
    "Report": "nist_sts.report",
    "Sequence": "nist_sts.sequence",
    "run": "nist_sts.battery",
}

__all__ = ["TESTS", "Report", "Sequence", "run"]

if TYPE_CHECKING:
    from nist_sts.battery import run
    from nist_sts.registry import TESTS
    from nist_sts.report import Report
    from nist_sts.sequence import Sequence


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nist_sts' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
