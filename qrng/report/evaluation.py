"""The whole chain over one capture, for an evaluator: what it is worth, whether it held, what can be made of it."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nist_sts
from nist_sts.html import section
from qrng.accounting import Account, account
from qrng.admission import Admission, combined
from qrng.assessment import Assessment, assess
from qrng.claim import EntropyClaim
from qrng.errors import QrngError
from qrng.extraction import extract_file
from qrng.formats import open_capture
from qrng.health.beside import Beside
from qrng.health.scan import HealthReport, scan
from qrng.health.states import State
from qrng.report import figures
from qrng.report.assessment import assessment_values
from qrng.report.health import Trace
from qrng.report.render import render
from qrng.samples import Samples
from qrng.versions import versions

__all__ = ["Evaluation", "evaluate", "evaluation_html"]

Progress = Callable[[str], None]

_LOG2_ERROR = -64.0
"""log2 of the distance from uniform where the caller asks for none."""


@dataclass(frozen=True)
class Evaluation:
    """What each step found.

    Attributes:
        name: the capture, as the reader knows it.
        read_as: how it was read.
        samples: the raw samples.
        result: the SP 800-90B assessment.
        physical: the bound by physics, None if none was asked for.
        claim: the smaller of the two; None if there is no min-entropy to claim.
        health: the health tests against the claim; against full entropy where there is none.
        trace: their evidence on the way.
        extraction: record of the extraction, schema qrng.extraction/1; None if there was none.
        sts: SP 800-22 on its output; None if there is none.
        stopped: why a step was left out, in words; empty if all were taken.
    """

    name: str
    read_as: str
    samples: Samples
    result: Assessment
    physical: Account | None
    claim: EntropyClaim | None
    health: HealthReport
    trace: Trace
    extraction: dict[str, Any] | None
    sts: nist_sts.Report | None
    stopped: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """The capture says of itself that its randomness was computed."""
        recorded = self.samples.provenance.get("recorded", self.samples.provenance)
        return bool(recorded.get("simulated", False))

    @property
    def passed(self) -> bool:
        """Every step was taken, no health test alarmed, and SP 800-22 rejected nothing."""
        return not self.stopped and self.health.passed and self.sts is not None and self.sts.passed

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, schema qrng.report/1."""
        return {
            "schema": "qrng.report/1",
            "versions": versions(),
            "file": self.name,
            "read_as": self.read_as,
            "simulated": self.simulated,
            "provenance": self.samples.provenance,
            "assessment": self.result.as_json(),
            "physical": None if self.physical is None else self.physical.as_json(),
            "claim": None if self.claim is None else self.claim.as_dict(),
            "health": self.health.as_dict(),
            "extraction": self.extraction,
            "sts": None if self.sts is None else self.sts.as_dict(),
            "stopped": list(self.stopped),
            "passed": self.passed,
        }


def evaluate(
    raw: str,
    *,
    physical: str | None = None,
    layout: str | None = None,
    bits_per_symbol: int | None = None,
    lanes: int | None = None,
    keep: str | None = None,
    output: str | None = None,
    models: Sequence[str] = (),
    side_data: Sequence[str] = (),
    every_bit: bool = False,
    progress: Progress = lambda step: None,
    **extraction: Any,
) -> Evaluation:
    """Run every step over a capture.

    Args:
        raw: path of the capture.
        physical: bound by physics beside the statistics, as `qrng.accounting.account` takes it.
        layout, bits_per_symbol, lanes: how to read the capture; sniffed where None.
        keep: which 8 bits of symbols wider than 8 to assess, "high" or "low".
        output: where the extracted bits go, with the seed beside them. Without it they are made for the tests of
            SP 800-22 and thrown away.
        models, side_data, every_bit: for the health tests, as `qrng.extraction.extract_file` takes them.
        progress: told the name of each step as it begins.
        extraction: as `qrng.extraction.extract_file` takes them: extractor, input_bits, log2_error, seed_file,
            drop_tail. Without log2_error it is -64, or one above that of a claim that may fail with as much.

    Raises:
        FormatError: the capture does not parse.
        ParameterError: the physical bound does not fit the capture, or that has not the side data.
        HealthFailure: a model is missing, altered or for another capture.
        OSError: reading or writing failed.
    """
    how: dict[str, Any] = {"layout": layout, "bits_per_symbol": bits_per_symbol, "lanes": lanes}
    beside = Beside.of(models, side_data, every_bit)
    progress("reading")
    with open_capture(raw, **how) as capture:
        samples, read_as = capture.read_all(), capture.describe()
        width, count = capture.lanes, samples.count
    progress("min-entropy")
    result = assess(raw, keep=keep, **how)
    bound = None if physical is None else account(samples, physical)
    claim = _claim(result, bound)
    stopped = [] if claim else ["no min-entropy can be claimed, so the health tests ran at full entropy"]

    progress("health tests")
    trace = Trace()
    health = scan(
        [samples] if beside.side_data else _pieces(samples),
        claim=claim.every_symbol if claim else samples.bits_per_symbol,
        bits_per_symbol=samples.bits_per_symbol,
        lanes=width,
        observe=trace,
        every=Trace.every(count),
        **beside.options,
    )
    record, sts = None, None
    if claim is None:
        stopped.append("nothing was extracted: there is no claim")
    elif health.alarms or health.state is State.STARTUP:
        stopped.append(f"nothing was extracted: {health.summary()}")
    else:
        progress("extraction and SP 800-22")
        try:
            extraction |= {"models": models, "side_data": side_data, "every_bit": every_bit}
            record, sts = _extracted(raw, output, Admission(claim, result, bound), how | extraction)
        except QrngError as error:
            stopped.append(f"nothing was extracted: {error}")
    return Evaluation(raw, read_as, samples, result, bound, claim, health, trace, record, sts, tuple(stopped))


def _claim(result: Assessment, bound: Account | None) -> EntropyClaim | None:
    if result.claimed_min_entropy <= 0:
        return None
    return result.claim if bound is None else combined(bound, result)


def _pieces(samples: Samples, size: int = 1 << 20) -> Iterator[Samples]:
    for start in range(0, samples.count, size):
        yield samples.slice(start, min(start + size, samples.count))


def _extracted(
    raw: str, output: str | None, found: Admission, options: dict[str, Any]
) -> tuple[dict[str, Any], nist_sts.Report]:
    """The record of the extraction, and SP 800-22 on its output."""
    if options.get("log2_error") is None:
        error = found.claim.log2_error
        options["log2_error"] = max(_LOG2_ERROR, -math.inf if error is None else error + 1)
    with tempfile.TemporaryDirectory(prefix="qrng-report-") as folder:  # mode 0700
        out = output or str(Path(folder) / "output")
        record = extract_file(raw, out, min_entropy=found, **options)
        if output is None:
            record["output"]["file"] = record["seed"]["file"] = None
        with open_capture(out, layout="packed-msb") as capture:
            return record, nist_sts.run(capture, length=min(record["output"]["bits"], 1_000_000))


def evaluation_html(found: Evaluation) -> str:
    """The page as text: one HTML file without scripts or anything fetched.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed.
    """
    values = assessment_values(found.result, found.samples)
    values["figures"]["evidence"] = figures.evidence_figure(found.health, found.trace.points)
    return render(
        "evaluation.html",
        title="Evaluation of a noise source",
        name=found.name,
        found=found,
        health=found.health,
        same_data=True,
        facts=_facts(found.samples.provenance),
        sts_section=section(found.sts) if found.sts else "",
        versions=versions(),
        **values,
    )


def _facts(provenance: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """What the capture records of itself, flattened to names and short values."""
    facts: list[tuple[str, str]] = []
    for key, value in provenance.items():
        if isinstance(value, Mapping):
            facts += _facts(value, f"{prefix}{key}.")
        elif value is not None and value != "":
            text = str(value)
            facts.append((prefix + key, text if len(text) <= 200 else f"{text[:200]}…"))
    return facts
