"""The non-IID estimators of SP 800-90B section 6.3, in its order. A new one is a file here and a line below."""

from __future__ import annotations

from qrng.entropy.sp800_90b import collision, markov, most_common_value
from qrng.entropy.sp800_90b.estimate import Estimator

__all__ = ["NAMES", "NON_IID"]

NON_IID: tuple[Estimator, ...] = (
    most_common_value.ESTIMATOR,
    collision.ESTIMATOR,
    markov.ESTIMATOR,
)

NAMES: tuple[tuple[str, bool], ...] = (
    ("most_common_value", False),
    ("collision", True),
    ("markov", True),
    ("compression", True),
    ("t_tuple", False),
    ("lrs", False),
    ("multi_mcw", False),
    ("lag", False),
    ("multi_mmc", False),
    ("lz78y", False),
)
"""Names of all ten estimators of the standard, and whether each is for binary sequences alone."""
