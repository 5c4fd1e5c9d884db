"""The estimators of SP 800-90B section 6, in its order. A new one is a file here and a line below."""

from __future__ import annotations

from qrng.entropy.sp800_90b import (
    collision,
    compression,
    lag,
    lrs,
    lz78y,
    markov,
    most_common_value,
    multi_mcw,
    multi_mmc,
    t_tuple,
)
from qrng.entropy.sp800_90b.estimate import Estimator

__all__ = ["IID", "NON_IID"]

NON_IID: tuple[Estimator, ...] = (
    most_common_value.ESTIMATOR,
    collision.ESTIMATOR,
    markov.ESTIMATOR,
    compression.ESTIMATOR,
    t_tuple.ESTIMATOR,
    lrs.ESTIMATOR,
    multi_mcw.ESTIMATOR,
    lag.ESTIMATOR,
    multi_mmc.ESTIMATOR,
    lz78y.ESTIMATOR,
)
"""Section 6.2."""

IID: tuple[Estimator, ...] = (most_common_value.ESTIMATOR,)
"""Section 6.1: for samples that passed the tests of section 5."""
