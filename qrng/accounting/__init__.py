"""Physical bounds applied to a capture: `account(samples, "trusted-qubit:p01=0.01,p10=0.02")`.

What a spec leaves out is taken from what the capture records of itself: a job on IBM hardware carries its known-answer
counts, a protocol its settings, a capture of time tags its detections.
"""

from __future__ import annotations

from dataclasses import replace

from qrng.accounting.account import Account, Bound, Keys, recorded
from qrng.accounting.bell import (
    account_accumulation,
    account_chsh,
    account_estimation,
    account_mermin,
    account_source_independent,
    account_witness,
)
from qrng.accounting.light import (
    account_arrival_time,
    account_homodyne,
    account_homodyne_worst_case,
    account_parity,
)
from qrng.entropy.physical.trusted_qubit import Calibration, trusted_lanes
from qrng.errors import ParameterError
from qrng.samples import Samples

__all__ = ["BOUNDS", "Account", "account"]


def account(samples: Samples, spec: str, log2_error: float = -64.0) -> Account:
    """The physical bound that `spec` names, for these samples.

    Args:
        log2_error: of bounds that have an error, unless the spec gives one under this name.
        spec: `name:key=value,…`, the names being those of BOUNDS:
            trusted-qubit (p01, p10: readout errors, by default from the capture's known answers; coupled: size of the
            groups of neighbouring lanes that crosstalk couples, default 1);
            chsh, entropy-accumulation (limit: 5; threshold: S, or the share won, fixed before the data were taken);
            probability-estimation (expected: the S expected before the data were taken; limit);
            mermin (limit); dimension-witness; source-independent: all of symbols with the side data "settings";
            homodyne (range: half the converter's range in steps, by default all of it; dark_variance: in steps²);
            homodyne-worst-case (the same; deviations: default 5);
            arrival-time, poisson-parity (dead_time, by default that recorded with the time tags; or mean, dead_share).

    Raises:
        ParameterError: an unknown bound or key, or data that it can't be applied to.
        EntropyError: the bound leaves nothing.
    """
    name, _, rest = spec.partition(":")
    if name not in BOUNDS:
        raise ParameterError(f"no physical bound named {name!r} for a capture: choose one of {', '.join(BOUNDS)}")
    keys: Keys = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        try:
            keys[key] = float(value)
        except ValueError:
            raise ParameterError(f"{name}: {key} takes a number, not {value!r}") from None
    if "log2_error" in keys:
        found = BOUNDS[name](samples, keys)
    else:
        keys["log2_error"] = log2_error
        found = BOUNDS[name](samples, keys)
        keys.pop("log2_error", None)  # left by a bound that follows from its assumptions alone
    if keys:
        raise ParameterError(f"{name}: no key named {next(iter(keys))!r}")
    return replace(found, spec=spec)


def _trusted(samples: Samples, keys: Keys) -> Account:
    answers = recorded(samples).get("known_answers")
    if "p01" in keys or "p10" in keys or answers is None:
        if not {"p01", "p10"} <= set(keys):
            raise ParameterError(
                "trusted-qubit: needs the readout errors p01 = P(read 1 | 0) and p10 = P(read 0 | 1), as in "
                "trusted-qubit:p01=0.01,p10=0.02; this capture records no known answers to take them from"
            )
        p01: list[Calibration] = [keys.pop("p01")] * samples.lanes
        p10: list[Calibration] = [keys.pop("p10")] * samples.lanes
    else:
        p01 = [(int(k), int(answers["shots"])) for k in answers["flips01"]]
        p10 = [(int(k), int(answers["shots"])) for k in answers["flips10"]]
    size = keys.pop("coupled", 1.0)
    if size != int(size) or size < 1:
        raise ParameterError(f"trusted-qubit: coupled is a number of lanes, not {size}")
    lanes = range(samples.lanes)
    groups = [lanes[k : k + int(size)] for k in range(0, samples.lanes, int(size))]
    whole = samples.slice(0, samples.count - samples.count % samples.lanes)
    found = trusted_lanes(whole, p01, p10, keys.pop("log2_error"), groups if size > 1 else None)
    return Account("trusted-qubit", found.claim, found.lanes, int(size))


BOUNDS: dict[str, Bound] = {
    "trusted-qubit": _trusted,
    "source-independent": account_source_independent,
    "chsh": account_chsh,
    "entropy-accumulation": account_accumulation,
    "probability-estimation": account_estimation,
    "mermin": account_mermin,
    "dimension-witness": account_witness,
    "homodyne": account_homodyne,
    "homodyne-worst-case": account_homodyne_worst_case,
    "arrival-time": account_arrival_time,
    "poisson-parity": account_parity,
}
"""Bounds that a capture with its side data suffices for."""
