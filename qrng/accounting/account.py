"""What an accounting is: a bound by name, its claim, its lanes, and the figures it was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.claim import EntropyClaim
from qrng.entropy.physical.trusted_qubit import LaneBound
from qrng.errors import ParameterError
from qrng.samples import Samples

__all__ = ["Account", "Bound", "Keys", "recorded", "settings_of"]

Keys = dict[str, float]
"""What a spec gives, and always log2_error; a bound takes out the keys that it knows."""


@dataclass(frozen=True)
class Account:
    """A physical bound of a capture.

    Attributes:
        bound: name in BOUNDS.
        claim: what it amounts to, per symbol.
        lanes: bounds lane by lane, where the method has them.
        coupled: lanes in a group whose members count given each other; 1 where lanes count as independent.
        facts: figures that the bound was made from, such as S, or the seed spent on settings.
        spec: what was asked for, so that it can be asked for again.
    """

    bound: str
    claim: EntropyClaim
    lanes: tuple[LaneBound, ...] = ()
    coupled: int = 1
    facts: Mapping[str, float] = field(default_factory=dict)
    spec: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "bound": self.bound,
            "spec": self.spec,
            "claim": self.claim.as_dict(),
            "lanes": [asdict(lane) for lane in self.lanes],
            "coupled": self.coupled,
            "facts": dict(self.facts),
        }


Bound = Callable[[Samples, Keys], Account]


def recorded(samples: Samples) -> Mapping[str, Any]:
    """What a capture records of itself; of a copy of a capture, with what the first one recorded."""
    found: dict[str, Any] = {}
    facts: Any = samples.provenance
    while isinstance(facts, Mapping) and facts:
        found.update(facts)
        facts = facts.get("recorded")
    return found


def settings_of(samples: Samples, width: int, settings: int, needs: str) -> npt.NDArray[np.int64]:
    """The setting of each symbol; ParameterError, saying what is needed, where they or the symbols don't fit."""
    found = samples.side_data.get("settings")
    if samples.bits_per_symbol != width or found is None or len(found) != samples.count:
        raise ParameterError(
            f"{needs}; this capture has symbols of {samples.bits_per_symbol} bits"
            + ("" if found is not None else " and no settings")
        )
    if found.dtype.kind not in "ui" or int(found.min()) < 0 or int(found.max()) >= settings:
        raise ParameterError(f"{needs}: settings go from 0 to {settings - 1}")
    return found.astype(np.int64)
