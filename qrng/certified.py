"""What a certificate says that the raw bits are worth, held against the raw bits: assessment, physics, claim."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrng.accounting import account
from qrng.admission import Admission, combined
from qrng.assessment import assess
from qrng.blocks import Input
from qrng.errors import EntropyError, ParameterError
from qrng.health.lanes import Lanes
from qrng.samples import Samples
from qrng.versions import versions

__all__ = ["Check", "assessment_checks", "claim_checks", "compare"]

_REL = 1e-9
"""Share by which a figure may differ: libraries of mathematics differ in the last digits."""


@dataclass(frozen=True)
class Check:
    """One thing that a certificate says.

    Attributes:
        name: what was looked at.
        outcome: "ok", "failed" or "not checked".
        detail: what was compared, or what is missing to compare it.
    """

    name: str
    outcome: str
    detail: str


def compare(name: str, same: bool, detail: str) -> Check:
    """A check that something is the same."""
    return Check(name, "ok" if same else "failed", detail)


def claim_checks(record: Mapping[str, Any]) -> list[Check]:
    """Whether the claim is no more than the figures that the certificate itself gives for it."""
    claim, made = record["claim"], record["claim_made_from"]
    if claim is None:
        return []
    if made is None:
        return [Check("claim", "not checked", f"{claim['reference']}: no file says whether it is true")]
    figures = [made["statistical"]["bits_per_sample"]]
    if made["physical"]:
        figures.append(made["physical"]["claim"]["bits_per_sample"])
    figures += _upper_figures(made["assessment"])
    least, said = min(figures), claim["bits_per_sample"]
    return [
        compare("claim", _at_most(said, least), f"{said:.6f} bits a symbol; its evidence gives {least:.6f} at most")
    ]


def _upper_figures(found: Mapping[str, Any]) -> Iterator[float]:
    """Bits a symbol that none may be claimed above, from the figures of an assessment."""
    width = found["bits_per_symbol"]
    for estimate in found["estimators"]:
        yield estimate["min_entropy"] * (width if estimate["on"] == "bitstring" else 1)
    yield found["min_entropy"]
    if lanes := found.get("lane_estimates"):
        yield sum(lane["samples"] * lane["most_common_value"] for lane in lanes) / found["samples"]


def assessment_checks(record: Mapping[str, Any], source: Input | None) -> list[Check]:
    """The assessment and the bound by physics made again from the raw bits, and from both the claim.

    Args:
        source: the raw bits; None where they are not at hand. Closed in the end.
    """
    made = record["claim_made_from"]
    if made is None:
        why = "none was made: the claim was given"
        return [] if record["claim"] is None else [Check("assessment", "not checked", why)]
    if source is None:
        names = ["assessment", *(["physics"] if made["physical"] else [])]
        return [Check(name, "not checked", "give the raw bits to estimate their min-entropy again") for name in names]
    try:
        with source.open() as capture:
            samples = capture.read_all()
        return _made_again(record, samples, source.without)
    except (EntropyError, ParameterError) as error:
        return [Check("assessment", "failed", str(error))]
    finally:
        source.close()


def _made_again(record: Mapping[str, Any], samples: Samples, dropped: Sequence[int]) -> list[Check]:
    made = record["claim_made_from"]
    said = made["assessment"]
    again = assess(samples, track=said["track"], keep=said.get("reduced_from", {}).get("kept"))
    checks = [_same("assessment", said, again.as_json(), f"{len(said['estimators'])} estimates", record)]
    bound = None
    if stated := made["physical"]:
        error = stated["claim"]["log2_error"]
        bound = account(samples, stated["spec"], -64.0 if error in (None, "-inf") else error)
        checks.append(_same("physics", stated, bound.as_json(), stated["spec"], record))
    claim = Admission(combined(bound, again) if bound else again.claim, again, bound).claim
    figure = Lanes(samples.lanes, tuple(dropped)).claim(claim).bits_per_sample
    stated_claim = record["claim"]["bits_per_sample"]
    detail = f"{figure:.6f} bits a symbol may be claimed of these raw bits; {stated_claim:.6f} were"
    return [*checks, compare("recomputed claim", _at_most(stated_claim, figure), detail)]


def _at_most(value: float, bound: float) -> bool:
    return value <= bound or math.isclose(value, bound, rel_tol=_REL)


_TELLS = ("sha256", "layout", "warnings", "assumptions", "reference", "reason")
"""Of how and what was read, which has a check of its own, and words: what is compared are the figures."""


def _same(name: str, said: Any, found: Any, what: str, record: Mapping[str, Any]) -> Check:
    differs = next(_differences(said, found), None)
    if differs is None:
        return Check(name, "ok", f"{what} made again from the raw bits")
    made_by, here = record["versions"]["qrng"], versions()["qrng"]
    other = "" if made_by == here else f" (by qrng {made_by}; this is {here})"
    return Check(name, "failed", f"{differs}{other}")


def _differences(said: Any, found: Any, at: str = "") -> Iterator[str]:
    """Where figures differ; what only one side has, such as a name that came in a later version, is not compared."""
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        for key in said.keys() & found.keys() - set(_TELLS):
            yield from _differences(said[key], found[key], f"{at}.{key}" if at else key)
    elif isinstance(said, list) and isinstance(found, list | tuple):
        if len(said) != len(found):
            yield f"{at}: {len(said)} were stated, {len(found)} are found"
        for index, (one, other) in enumerate(zip(said, found, strict=False)):
            label = one.get("name", index) if isinstance(one, Mapping) else index
            yield from _differences(one, other, f"{at}[{label}]")
    elif isinstance(said, float) or isinstance(found, float):
        numbers = isinstance(said, int | float) and isinstance(found, int | float)
        if not numbers or not math.isclose(said, found, rel_tol=_REL, abs_tol=1e-12):
            yield f"{at}: {said} was stated, {found} is found"
    elif said != found:
        yield f"{at}: {said} was stated, {found} is found"
