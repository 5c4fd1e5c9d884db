"""What a source shows before it is used: a claim of min-entropy, a capture that passed its tests, a warning."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qrng.claim import EntropyClaim
from qrng.errors import EntropyError, HealthAlarm, HealthFailure, ParameterError
from qrng.health.scan import HealthReport, scan
from qrng.health.startup import STARTUP_SYMBOLS
from qrng.health.states import State
from qrng.samples import Samples
from qrng.source import Source

if TYPE_CHECKING:
    from qrng.accounting import Account
    from qrng.assessment import Assessment

__all__ = [
    "LANE_SYMBOLS",
    "Admission",
    "SimulatedSourceWarning",
    "claim_for",
    "claim_of_whole",
    "combined",
    "refuse_unless_ok",
    "warn_if_simulated",
]

LANE_SYMBOLS = 10_000
"""Symbols from which a lane is estimated by itself; with fewer its confidence limit alone would decide."""


class SimulatedSourceWarning(UserWarning):
    """The randomness of the source is computed, not measured. Given once a process."""


_warned = False


def warn_if_simulated(source: Source) -> None:
    """Give SimulatedSourceWarning, once a process, to whoever makes a generator on a simulated source."""
    global _warned
    if source.simulated and not _warned:
        _warned = True
        warnings.warn(
            f"{source.spec}: this source is simulated: its randomness is computed from the operating system's "
            "generator, not measured on a quantum device",
            SimulatedSourceWarning,
            stacklevel=3,
        )


def claim_for(source: Source, given: EntropyClaim | float | None) -> EntropyClaim:
    """The claim that a generator on `source` works with: the given one, else what the source's physics says.

    Raises:
        EntropyError: there is none; says how to get one.
        ParameterError: it is for symbols of another width.
    """
    if isinstance(given, EntropyClaim):
        claim = given
    elif given is not None:
        claim = EntropyClaim(
            float(given),
            None,
            ("the caller vouches for this min-entropy a symbol, given everything before it",),
            "given by the caller",
            source.bits_per_symbol,
        )
    else:
        from_physics = source.claim()
        if from_physics is None:
            raise EntropyError(
                f"{source.spec}: no claim of min-entropy is known. Give one in bits a symbol (claim=…, --claim H), or "
                "that of a capture of this source (qrng.assess(…).claim; of a file, --claim auto)"
            )
        claim = from_physics
    if claim.bits_per_symbol != source.bits_per_symbol:
        raise ParameterError(
            f"the claim is for symbols of {claim.bits_per_symbol} bits; the source gives {source.bits_per_symbol}"
        )
    return claim


@dataclass(frozen=True)
class Admission:
    """What a whole capture is worth: two claims where physics was asked, and the one that may be used.

    Attributes:
        claim: what a generator or extractor may use.
        assessment: by SP 800-90B.
        physical: the bound by physics, None where none was asked for.
    """

    claim: EntropyClaim
    assessment: Assessment
    physical: Account | None = None

    @property
    def statistical(self) -> EntropyClaim:
        """What the assessment supports by itself."""
        return self.assessment.claim

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form of what the claim was made from, the whole assessment in it."""
        return {
            "assessment": self.assessment.as_json(),
            "statistical": self.statistical.as_dict(),
            "physical": self.physical.as_json() if self.physical else None,
        }


def claim_of_whole(
    samples: Samples, name: str, physical: str | None = None, log2_error: float = -64.0, keep: str = "low"
) -> Admission:
    """The claim that a whole capture supports: its assessment, and where `physical` names a bound the smaller of both.

    Without a bound that is a statistical estimate, no adversary considered.

    Args:
        physical: a spec of `qrng.accounting.account`.
        log2_error: of the bound, unless its spec gives one.
        keep: which 8 bits of symbols wider than 8 the statistics see, "high" or "low"; their min-entropy is at most
            that of the whole symbol.

    Raises:
        HealthAlarm, HealthFailure: the data carry no entropy, and the health tests at full entropy say where.
        EntropyError: they carry none, and no health test sees why; or the bound leaves nothing.
        ParameterError: a bound that the capture doesn't suffice for.
    """
    # Imported here: a generator whose claim is known needs none of it, and it costs a third of the command's start.
    from qrng.accounting import account
    from qrng.assessment import assess

    bound = account(samples, physical, log2_error) if physical else None
    try:
        found = assess(samples, keep=keep)
        statistical = found.claim
    except EntropyError:
        width = samples.bits_per_symbol
        refuse_unless_ok(scan([samples], claim=width, bits_per_symbol=width, lanes=samples.lanes), name)
        raise
    return Admission(combined(bound, found) if bound else statistical, found, bound)


def combined(bound: Account, found: Assessment) -> EntropyClaim:
    """The physical claim, lowered where the statistics say less.

    Where bound and assessment know each lane and the shortest has LANE_SYMBOLS symbols, the smaller counts lane by
    lane, and the mean over the lanes is at most the estimate of the whole stream; otherwise that estimate is held
    against the bound of all lanes pooled. The sum over lanes rests on what the bound says of them: independent of each
    other, or in groups that are. The error and the assumptions of physics stay: a lower number is implied by a higher.

    Raises:
        EntropyError: the assessment found no entropy, or no lane has any by both.
        ParameterError: claims on symbols of different widths.
    """
    physics, statistics = bound.claim, found.claim
    if physics.bits_per_symbol != statistics.bits_per_symbol:
        raise ParameterError("claims on symbols of different widths can't be compared")
    whole = found.min_entropy
    by_lane = len(bound.lanes) == len(found.lane_samples) and min(found.lane_samples, default=0) >= LANE_SYMBOLS
    if by_lane:
        pairs = zip(bound.lanes, found.lane_min_entropy, strict=True)
        lanes = [min(lane.min_entropy, estimate) for lane, estimate in pairs]
        how = f"lane by lane ({LANE_SYMBOLS:,} symbols or more in each), and the whole stream"
        value = min(sum(lanes) / len(lanes), whole)
        weakest = min((value, *(lane for lane in lanes if lane > 0)))
    else:
        value = min(physics.bits_per_sample, whole)
        weakest = min(value, physics.every_symbol)
        why = f"fewer than {LANE_SYMBOLS:,} symbols in a lane" if bound.lanes else "the bound is of all lanes together"
        how = "of the whole stream" + (f", all lanes pooled: {why}" if found.lanes > 1 else "")
    if value <= 0:
        raise EntropyError("no lane has min-entropy both by physics and by statistics")
    return replace(
        physics,
        bits_per_sample=value,
        weakest_lane=None if weakest == value else weakest,
        assumptions=(*physics.assumptions, f"and no more than the estimates of SP 800-90B, {how}"),
        reference=f"the smaller of {physics.reference}, and {statistics.reference}",
    )


def refuse_unless_ok(report: HealthReport, name: str) -> None:
    """Pass a scanned capture only if it is OK.

    Raises:
        HealthAlarm, HealthFailure: a test alarmed; HealthFailure where the state is FAILED.
        EntropyError: the capture is too short for the start-up tests.
    """
    if report.alarms:
        kind = HealthFailure if report.state == State.FAILED else HealthAlarm
        raise kind(f"{name}: {report.summary()}; nothing was extracted. `qrng health` shows more")
    if report.state != State.OK:
        raise EntropyError(
            f"{name}: {report.samples} symbols are too few for the health tests; the start-up alone takes "
            f"{STARTUP_SYMBOLS} (SP 800-90B 4.3)"
        )
