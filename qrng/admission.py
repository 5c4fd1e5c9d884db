"""What a source shows before it is used: a claim of min-entropy, a capture that passed its tests, a warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

from qrng.assessment import assess
from qrng.claim import EntropyClaim
from qrng.errors import EntropyError, HealthAlarm, HealthFailure, ParameterError
from qrng.health.scan import HealthReport, scan
from qrng.health.startup import STARTUP_SYMBOLS
from qrng.health.states import State
from qrng.samples import Samples
from qrng.source import Source

__all__ = ["SimulatedSourceWarning", "claim_for", "claim_of_whole", "refuse_unless_ok", "warn_if_simulated"]


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
                f"{source.spec}: no claim of min-entropy is known. Give claim=… (bits a symbol), or take the claim of "
                "qrng.assess(…) of a capture of this source"
            )
        claim = from_physics
    if claim.bits_per_symbol != source.bits_per_symbol:
        raise ParameterError(
            f"the claim is for symbols of {claim.bits_per_symbol} bits; the source gives {source.bits_per_symbol}"
        )
    return claim


def claim_of_whole(whole: Callable[[], Iterator[Samples]], name: str) -> EntropyClaim:
    """The claim that the assessment of a whole capture supports; a statistical estimate, no adversary considered.

    Raises:
        HealthAlarm, HealthFailure: the data carry no entropy, and the health tests at full entropy say where.
        EntropyError: they carry none, and no health test sees why.
    """
    samples = Samples.join(whole())
    try:
        return assess(samples).claim
    except EntropyError:
        width = samples.bits_per_symbol
        refuse_unless_ok(scan([samples], claim=width, bits_per_symbol=width, lanes=samples.lanes), name)
        raise


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
