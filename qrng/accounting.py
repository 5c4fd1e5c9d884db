"""Physical bounds applied to a capture: `account(samples, "trusted-qubit:p01=0.01,p10=0.02")`.

Only bounds that a capture with its side data suffices for are here; the others are functions of
`qrng.entropy.physical`. What a spec leaves out is taken from what the capture
records of itself: a job on IBM hardware carries its known-answer counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qrng.claim import EntropyClaim
from qrng.entropy.physical.chsh import BellCounts, chsh
from qrng.entropy.physical.entropy_accumulation import entropy_accumulation
from qrng.entropy.physical.homodyne import homodyne, homodyne_worst_case
from qrng.entropy.physical.trusted_qubit import Calibration, LaneBound, trusted_lanes
from qrng.errors import ParameterError
from qrng.samples import Samples

__all__ = ["BOUNDS", "Account", "account", "smaller"]


@dataclass(frozen=True)
class Account:
    """A physical bound of a capture.

    Attributes:
        bound: name in BOUNDS.
        claim: what it amounts to, per symbol.
        lanes: bounds lane by lane, where the method has them.
    """

    bound: str
    claim: EntropyClaim
    lanes: tuple[LaneBound, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {"bound": self.bound, "claim": self.claim.as_dict(), "lanes": [asdict(lane) for lane in self.lanes]}


def account(samples: Samples, spec: str) -> Account:
    """The physical bound that `spec` names, for these samples.

    Args:
        spec: `name:key=value,…`, the names being those of BOUNDS:
            trusted-qubit (p01, p10: readout errors, by default from the capture's known answers; log2_error: -64;
            coupled: size of the groups of neighbouring lanes that crosstalk couples, default 1);
            homodyne (range: half the converter's range in steps, by default all of it; dark_variance: in steps²);
            homodyne-worst-case (the same; deviations: default 5);
            chsh, entropy-accumulation (pairs of outcomes with side data "settings"; log2_error: -64; limit: 5;
            threshold: S, or the share won, fixed before the data were taken).

    Raises:
        ParameterError: an unknown bound or key, or data that it can't be applied to.
        EntropyError: the bound leaves nothing.
    """
    name, _, rest = spec.partition(":")
    if name not in BOUNDS:
        raise ParameterError(f"no physical bound named {name!r} for a capture: choose one of {', '.join(BOUNDS)}")
    keys: dict[str, float] = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        try:
            keys[key] = float(value)
        except ValueError:
            raise ParameterError(f"{name}: {key} takes a number, not {value!r}") from None
    found = BOUNDS[name](samples, keys)
    if keys:
        raise ParameterError(f"{name}: no key named {next(iter(keys))!r}")
    return found


def smaller(physical: EntropyClaim, statistical: EntropyClaim) -> EntropyClaim:
    """The smaller of two claims on the same symbols: what a generator may use."""
    if physical.bits_per_symbol != statistical.bits_per_symbol:
        raise ParameterError("claims on symbols of different widths can't be compared")
    return min(physical, statistical, key=lambda claim: claim.bits_per_sample)


def _trusted(samples: Samples, keys: dict[str, float]) -> Account:
    answers = samples.provenance.get("recorded", samples.provenance).get("known_answers")
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
    found = trusted_lanes(whole, p01, p10, keys.pop("log2_error", -64.0), groups if size > 1 else None)
    return Account("trusted-qubit", found.claim, found.lanes)


def _variance(samples: Samples, keys: dict[str, float]) -> tuple[int, float, float, float]:
    """Bits, range, variance of the samples, variance with the local oscillator off."""
    if "dark_variance" not in keys:
        raise ParameterError("homodyne: needs dark_variance, that of samples taken with the local oscillator off")
    bits = samples.bits_per_symbol
    values = samples.symbols().astype(np.float64)
    return bits, keys.pop("range", 2.0 ** (bits - 1)), float(values.var()), keys.pop("dark_variance")


def _homodyne(samples: Samples, keys: dict[str, float]) -> Account:
    return Account("homodyne", homodyne(*_variance(samples, keys)))


def _homodyne_worst_case(samples: Samples, keys: dict[str, float]) -> Account:
    deviations = keys.pop("deviations", 5.0)
    return Account("homodyne-worst-case", homodyne_worst_case(*_variance(samples, keys), deviations))


def _bell(samples: Samples, keys: dict[str, float], certify: Callable[..., EntropyClaim]) -> EntropyClaim:
    """A Bell bound of pairs of outcomes with their settings as side data, all lanes together."""
    settings = samples.side_data.get("settings")
    if samples.bits_per_symbol != 2 or settings is None or len(settings) != samples.count:
        raise ParameterError(
            "a Bell bound needs two-bit symbols (outcomes a, b) with the side data 'settings' (2x + y) of each"
        )
    if int(settings.max()) > 3:
        raise ParameterError("a Bell bound needs settings from 0 to 3")
    cells = np.bincount(4 * settings.astype(np.int64) + samples.symbols(), minlength=16)
    counts = BellCounts(cells.reshape(2, 2, 2, 2))
    threshold = keys.pop("threshold", None)
    claim = certify(counts, keys.pop("log2_error", -64.0), keys.pop("limit", 5.0), threshold)
    shared = "shots that share their settings count as independent trials"
    return dataclasses.replace(claim, assumptions=(*claim.assumptions, shared))


def _chsh(samples: Samples, keys: dict[str, float]) -> Account:
    return Account("chsh", _bell(samples, keys, chsh))


def _accumulation(samples: Samples, keys: dict[str, float]) -> Account:
    return Account("entropy-accumulation", _bell(samples, keys, entropy_accumulation))


BOUNDS: dict[str, Callable[[Samples, dict[str, float]], Account]] = {
    "trusted-qubit": _trusted,
    "homodyne": _homodyne,
    "homodyne-worst-case": _homodyne_worst_case,
    "chsh": _chsh,
    "entropy-accumulation": _accumulation,
}
"""Bounds that a capture suffices for."""
