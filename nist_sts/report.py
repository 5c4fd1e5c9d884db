"""What a run of the battery found: the object, its JSON ("nist_sts.report/1"), its table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nist_sts.base import Mode
from nist_sts.summary import FAMILY_ALPHA

__all__ = ["SCHEMA", "Report", "Row", "TestReport"]

SCHEMA = "nist_sts.report/1"
_WIDTH = 80


@dataclass(frozen=True)
class Row:
    """One p-value of a test over all sequences: what NIST's report calls a row.

    Attributes:
        label: which p-value of the test, empty if it has one.
        applicable: sequences that the test could judge.
        proportion: share of those with p >= 0.01, None if there are none.
        band: fewest and most passing sequences that NIST's rule accepts, None if there are none.
        exact_least: fewest passing sequences that good data give in all rows of the report, but for one report in
            100: the exact binomial band. None if there are none.
        uniformity: p-value of the uniformity of the p-values, None below 55.
        nist_passed: NIST's verdict on this row, None if no sequence could be judged.
        histogram: p-values in each tenth of [0, 1].
    """

    label: str
    applicable: int
    proportion: float | None
    band: tuple[int, int] | None
    exact_least: int | None
    uniformity: float | None
    nist_passed: bool | None
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class TestReport:
    """What one test found.

    Attributes:
        name: of the test.
        section: of SP 800-22.
        p_values: for each sequence one p-value a label, None where the test does not apply.
        reason: why it does not apply to some or all sequences, None if it does to all.
        rows: one for each label.
        rejected: p-values that Holm's family test rejects.
        correction: what corrected mode mends in this test; empty in nist mode.
    """

    __test__ = False  # no test case, whatever its name tells a collector

    name: str
    section: str
    p_values: tuple[tuple[float | None, ...], ...]
    reason: str | None
    rows: tuple[Row, ...]
    rejected: int
    correction: str = ""

    @property
    def proportion(self) -> float | None:
        """The lowest proportion of this test's rows."""
        return min((row.proportion for row in self.rows if row.proportion is not None), default=None)

    @property
    def uniformity(self) -> float | None:
        """The lowest uniformity of this test's rows."""
        return min((row.uniformity for row in self.rows if row.uniformity is not None), default=None)

    @property
    def nist_passed(self) -> bool | None:
        """True if every row passes NIST's rule; None if the test did not apply."""
        verdicts = [row.nist_passed for row in self.rows if row.nist_passed is not None]
        return all(verdicts) if verdicts else None

    @property
    def passed(self) -> bool | None:
        """True if the family test rejects no p-value of this test; None if the test did not apply."""
        return self.rejected == 0 if any(row.applicable for row in self.rows) else None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        data: dict[str, Any] = {
            "name": self.name,
            "section": self.section,
            "p_values": [list(p) for p in self.p_values],
            "proportion": self.proportion,
            "uniformity": self.uniformity,
            "nist_passed": self.nist_passed,
            "passed": self.passed,
            "rejected": self.rejected,
            "rows": [
                {
                    "label": row.label,
                    "applicable": row.applicable,
                    "proportion": row.proportion,
                    "band": None if row.band is None else list(row.band),
                    "exact_least": row.exact_least,
                    "uniformity": row.uniformity,
                    "nist_passed": row.nist_passed,
                    "histogram": list(row.histogram),
                }
                for row in self.rows
            ],
        }
        if self.reason is not None:
            data["reason"] = self.reason
        if self.correction:
            data["correction"] = self.correction
        return data


@dataclass(frozen=True)
class Report:
    """What the battery found.

    Attributes:
        mode: "nist" or "corrected".
        length: bits a sequence.
        sequences: how many were judged.
        parameters: test name to its parameters.
        tests: one report a test.
        unused_bits: bits of the input behind the last whole sequence, None where that is not known.
        input: where the bits came from and how they were read, "file" and "read_as"; empty for data in memory.
    """

    mode: Mode
    length: int
    sequences: int
    parameters: Mapping[str, Mapping[str, Any]]
    tests: tuple[TestReport, ...]
    unused_bits: int | None = None
    input: Mapping[str, Any] = field(default_factory=dict)

    @property
    def applicable(self) -> int:
        """P-values in the whole report."""
        return sum(row.applicable for test in self.tests for row in test.rows)

    @property
    def rows_below_band(self) -> int:
        """Rows whose proportion lies below the exact binomial band: one good report in 100 has any."""
        return sum(
            row.exact_least is not None
            and row.proportion is not None
            and round(row.proportion * row.applicable) < row.exact_least
            for test in self.tests
            for row in test.rows
        )

    @property
    def passed(self) -> bool:
        """True if the family test rejects nothing. Data that no test could judge have not passed."""
        return self.applicable > 0 and all(test.rejected == 0 for test in self.tests)

    def test(self, name: str) -> TestReport:
        """The report of one test; KeyError if it was not run."""
        for test in self.tests:
            if test.name == name:
                return test
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, schema "nist_sts.report/1"."""
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "mode": self.mode,
            "length": self.length,
            "sequences": self.sequences,
            "unused_bits": self.unused_bits,
            "parameters": {name: dict(values) for name, values in self.parameters.items()},
            "tests": [test.as_dict() for test in self.tests],
            "p_values": self.applicable,
            "rows_below_band": self.rows_below_band,
            "passed": self.passed,
        }
        if self.input:
            data["input"] = dict(self.input)
        return data

    def as_text(self) -> str:
        """A table of 80 columns: a line a row of each test, the verdict last."""
        return "\n".join(_lines(self))


def _lines(report: Report) -> Iterator[str]:
    if report.input:
        yield report.input["file"]
        yield f"read as {report.input['read_as']}"
    unused = f", {report.unused_bits:,} bits at the end not used" if report.unused_bits else ""
    yield f"SP 800-22, {report.mode} mode: {report.sequences:,} × {report.length:,} bits{unused}"
    yield ""
    many = report.sequences > 1
    yield _line(
        "test",
        "p ≥ 0.01" if many else "p-value",
        "band" if many else "",
        "uniform" if many else "",
        "NIST",
        "Holm",
    )
    yield "─" * _WIDTH
    for test in report.tests:
        if test.passed is None:
            yield f"{test.name:<40}{'not applicable':>14}"
        for name, row in _shown(test):
            if many:
                value = f"{round((row.proportion or 0) * row.applicable)}/{row.applicable}"
            else:
                p = test.p_values[0][test.rows.index(row)]
                value = "—" if p is None else f"{p:.6f}"
            band = f"{row.band[0]}–{row.band[1]}" if row.band is not None and many else ""
            flat = "" if row.uniformity is None else f"{row.uniformity:.6f}"
            yield _line(name, value, band, flat, _word(row.nist_passed), _word(test.passed))
        if test.reason is not None:
            yield from textwrap.wrap(test.reason, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    yield "─" * _WIDTH
    if report.applicable == 0:
        yield "NOT JUDGED: no test applies to these sequences."
        return
    rejected = sum(test.rejected for test in report.tests)
    verdict = f"FAIL: {rejected:,}" if rejected else "PASS: none"
    yield f"{verdict} of {report.applicable:,} p-values rejected (Holm's test, family level {FAMILY_ALPHA})."
    if report.rows_below_band:
        rows = "1 row has" if report.rows_below_band == 1 else f"{report.rows_below_band} rows have"
        yield f"LOOK: {rows} fewer sequences with p ≥ 0.01 than good data give (exact band)."


def _line(name: str, value: str, band: str, flat: str, nist: str, holm: str) -> str:
    return f"{name:<40}{value:>11}{band:>10}{flat:>9} {nist:<4} {holm:<4}".rstrip()


def _shown(test: TestReport) -> Iterator[tuple[str, Row]]:
    """The rows of a test that the table shows: all of one or two, else the worst."""
    judged = [row for row in test.rows if row.proportion is not None]
    if len(test.rows) <= 2:
        for row in judged:
            yield f"{test.name} {row.label}".rstrip(), row
    elif judged:
        yield f"{test.name} (worst of {len(judged)})", _worst(test, judged)


def _worst(test: TestReport, rows: list[Row]) -> Row:
    def badness(row: Row) -> tuple[float, float]:
        k = test.rows.index(row)
        lowest = min(p for values in test.p_values if (p := values[k]) is not None)
        return row.proportion or 0.0, lowest if row.uniformity is None else row.uniformity

    return min(rows, key=badness)


def _word(verdict: bool | None) -> str:
    return "—" if verdict is None else "pass" if verdict else "FAIL"
