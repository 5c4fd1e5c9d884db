"""Bounds of captures of light: homodyne samples, arrival bins, parities of counts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from qrng.accounting.account import Account, Keys, recorded
from qrng.entropy.physical.arrival_time import arrival_time
from qrng.entropy.physical.homodyne import homodyne, homodyne_worst_case
from qrng.entropy.physical.limits import share
from qrng.entropy.physical.photon_rate import rate_limits
from qrng.entropy.physical.poisson_parity import poisson_parity
from qrng.errors import EntropyError, ParameterError
from qrng.samples import Samples

__all__ = ["account_arrival_time", "account_homodyne", "account_homodyne_worst_case", "account_parity"]

_STEADY = "the light and the detector stay as they are for the whole capture"


def _variance(samples: Samples, keys: Keys) -> tuple[int, float, float, float]:
    """Bits, range, variance of the samples, variance with the local oscillator off."""
    if "dark_variance" not in keys:
        raise ParameterError("homodyne: needs dark_variance, that of samples taken with the local oscillator off")
    bits = samples.bits_per_symbol
    values = samples.symbols().astype(np.float64)
    return bits, keys.pop("range", 2.0 ** (bits - 1)), float(values.var()), keys.pop("dark_variance")


def account_homodyne(samples: Samples, keys: Keys) -> Account:
    """Average case."""
    return Account("homodyne", homodyne(*_variance(samples, keys)))


def account_homodyne_worst_case(samples: Samples, keys: Keys) -> Account:
    """The adversary sets the classical noise."""
    deviations = keys.pop("deviations", 5.0)
    return Account("homodyne-worst-case", homodyne_worst_case(*_variance(samples, keys), deviations))


def _tags(samples: Samples, method: str) -> dict[str, Any] | None:
    """What a capture of time tags records of them; None if it is none, ParameterError if it is of another method."""
    found: dict[str, Any] | None = recorded(samples).get("time_tags")
    if found is not None and found["method"] != method:
        raise ParameterError(f"this capture was made of time tags by {found['method']}, not by {method}")
    return found


def _means(tags: dict[str, Any], dead_time: float, log2_error: float) -> tuple[float, float]:
    """Lower and upper limit of the detections expected in a frame without dead time."""
    low, high = rate_limits(tags["detections"], tags["span"], dead_time, log2_error)
    return low * tags["frame"], high * tags["frame"]


def account_arrival_time(samples: Samples, keys: Keys) -> Account:
    """Arrival bins: the mean from the recorded detections, or given."""
    tags, bins = _tags(samples, "arrival"), 2**samples.bits_per_symbol
    if "mean" in keys or tags is None:
        if "mean" not in keys:
            raise ParameterError(
                "arrival-time: needs the mean of detections a frame, as in arrival-time:mean=0.1,dead_share=0.05: "
                "this capture records no time tags"
            )
        return Account("arrival-time", arrival_time(keys.pop("mean"), bins, keys.pop("dead_share", 0.0)))
    error, dead_time = keys.pop("log2_error"), keys.pop("dead_time", tags["dead_time"])
    _, high = _means(tags, dead_time, error)
    claim = arrival_time(high, bins, dead_time / tags["frame"])
    facts = {"detections": tags["detections"], "most_detections_a_frame": high, "dead_share": dead_time / tags["frame"]}
    words = (*claim.assumptions, _STEADY)
    return Account("arrival-time", replace(claim, log2_error=error, assumptions=words), facts=facts)


def account_parity(samples: Samples, keys: Keys) -> Account:
    """Parities: the mean from the recorded detections, or given. Detections closer than the dead time are refused."""
    if samples.bits_per_symbol != 1:
        raise ParameterError(f"poisson-parity needs one-bit symbols, not {samples.bits_per_symbol}")
    tags = _tags(samples, "parity")
    if "mean" in keys or tags is None:
        if "mean" not in keys:
            raise ParameterError(
                "poisson-parity: needs the mean number of detections a window, as in poisson-parity:mean=1; this "
                "capture records no time tags to take it from"
            )
        mean = keys.pop("mean")
        return Account("poisson-parity", poisson_parity(mean, keys.pop("dead_share", 0.0), keys.pop("highest", mean)))
    error, dead_time = keys.pop("log2_error"), keys.pop("dead_time", tags["dead_time"])
    if tags["least_gap"] < dead_time and not math.isclose(tags["least_gap"], dead_time):
        raise EntropyError(
            f"detections {tags['least_gap']:g} s apart contradict a dead time of {dead_time:g} s: the model is wrong"
        )
    low, high = _means(tags, dead_time, share(error, 2))
    claim = poisson_parity(low, dead_time / tags["frame"], high)
    facts = {
        "detections": tags["detections"],
        "least_detections_a_frame": low,
        "most_detections_a_frame": high,
        "dead_share": dead_time / tags["frame"],
    }
    words = (*claim.assumptions, _STEADY)
    return Account("poisson-parity", replace(claim, log2_error=error, assumptions=words), facts=facts)
