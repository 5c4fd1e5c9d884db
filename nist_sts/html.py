"""The report as a section of HTML, with plots drawn as SVG: nothing is loaded from elsewhere, no script runs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nist_sts.report import Report, Row, TestReport
from nist_sts.summary import ALPHA, FAMILY_ALPHA

__all__ = ["page", "section"]

_STYLE = """
.sts{font:14px/1.4 system-ui,sans-serif;max-width:62rem}.sts table{border-collapse:collapse}
.sts th,.sts td{padding:.15rem .6rem;text-align:left;border-bottom:1px solid #ddd;vertical-align:middle}
.sts td.number{text-align:right;font-variant-numeric:tabular-nums}.sts .fail{color:#b00020;font-weight:600}
.sts .pass{color:#1b6e3c}.sts .none{color:#666}.sts svg{display:block}
@media(max-width:56rem){.sts table,.sts tbody{display:block}.sts thead{display:none}
.sts tr{display:flex;flex-wrap:wrap;align-items:center;border-bottom:1px solid #ddd}.sts td{border:0}
.sts td:first-child{flex-basis:100%;font-weight:600}.sts td:empty{display:none}
.sts td[data-label]::before{content:attr(data-label) " ";color:#666;font-weight:400}}
""".strip()

_WIDTH, _HEIGHT = 200, 22


def page(report: Report) -> str:
    """A whole HTML document that holds the section."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>SP 800-22</title></head>\n'
        f"<body>\n{section(report)}\n</body></html>\n"
    )


def section(report: Report) -> str:
    """The section: one row a test, p-values or proportions with their band, histograms, the verdict."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    many = report.sequences > 1
    yield f'<section class="sts"><style>{_STYLE}</style>'
    yield f"<h2>SP 800-22, {report.mode} mode</h2>"
    read = "".join(f"{escape(str(report.input[key]))}<br>" for key in ("file", "read_as") if key in report.input)
    unused = f", {report.unused_bits:,} bits at the end not used" if report.unused_bits else ""
    yield f"<p>{read}{report.sequences:,} × {report.length:,} bits{unused}</p>"
    yield f"<p>{_verdict(report)}</p>"
    plots = "<th>share with p ≥ 0.01, band</th><th>p-values in tenths</th>" if many else "<th>p-values, 0 to 1</th>"
    yield f"<table><thead><tr><th>test</th><th>p-values</th>{plots}<th>uniformity</th><th>NIST</th><th>Holm</th></tr>"
    yield "</thead><tbody>"
    for test in report.tests:
        yield _row(test, many)
    yield "</tbody></table>"
    yield (
        "<p>The column NIST judges each row by itself, as the standard does: some fail of good data, one row or so in "
        "a hundred where there is one sequence. The verdict is Holm's, which counts how many rows there are.</p>"
    )
    yield (
        "<p>Passing shows no defect of the kinds that these tests know. It says nothing about min-entropy, and is no "
        "evidence for a source.</p></section>"
    )


def _verdict(report: Report) -> str:
    rejected = sum(test.rejected for test in report.tests)
    if not report.applicable:
        return '<span class="fail">NOT JUDGED</span>: no test applies to these sequences.'
    word = f'<span class="fail">FAIL</span>: {rejected:,}' if rejected else '<span class="pass">PASS</span>: none'
    return f"{word} of {report.applicable:,} p-values rejected (Holm's test, family level {FAMILY_ALPHA})."


def _row(test: TestReport, many: bool) -> str:
    if test.passed is None:
        return (
            f'<tr><td>{escape(test.name)}</td><td class="none" colspan="{6 if many else 5}">not applicable: '
            f"{escape(test.reason or '')}</td></tr>"
        )
    judged = [row for row in test.rows if row.applicable]
    plots = f"<td>{_proportions(judged)}</td><td>{_histogram(judged)}</td>" if many else f"<td>{_dots(test)}</td>"
    flat = "" if test.uniformity is None else f"{test.uniformity:.6f}"
    label = ' data-label="uniformity"' if flat else ""
    title = f' title="{escape(test.reason)}"' if test.reason else ""
    return (
        f"<tr{title}><td>{escape(test.name)}</td>"
        f'<td class="number" data-label="p-values">{sum(row.applicable for row in judged):,}</td>'
        f'{plots}<td class="number"{label}>{flat}</td>'
        f"{_word(test.nist_passed, 'NIST')}{_word(test.passed, 'Holm')}</tr>"
    )


def _word(verdict: bool | None, label: str) -> str:
    return f'<td data-label="{label}" class="{"pass" if verdict else "fail"}">{"pass" if verdict else "FAIL"}</td>'


def _svg(body: str, label: str) -> str:
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>'
    )


def _dots(test: TestReport) -> str:
    """Each p-value of a single sequence as a dot on [0, 1]; red below 0.01."""
    p_values = [p for p in test.p_values[0] if p is not None]
    marks = "".join(
        f'<circle cx="{5 + 190 * p:.1f}" cy="11" r="3" fill="{"#b00020" if p < ALPHA else "#1b6e3c"}" '
        f'fill-opacity=".5"/>'
        for p in p_values
    )
    return _svg(f'<path d="M5 11H195" stroke="#bbb"/>{marks}', f"lowest of {len(p_values)}: {min(p_values):.6f}")


def _proportions(rows: list[Row]) -> str:
    """Each row's share of p-values at or above 0.01 on NIST's band, which fills the middle of the plot."""
    shares = [row.proportion or 0.0 for row in rows]
    bands = [(row.band[0] / row.applicable, row.band[1] / row.applicable) for row in rows if row.band is not None]
    low, high = min(band[0] for band in bands), max(band[1] for band in bands)
    left, right = min([*shares, low - (high - low) / 2]), 1.0

    def x(share: float) -> float:
        return 5 + 190 * (share - left) / (right - left)

    band = f'<rect x="{x(low):.1f}" y="2" width="{x(high) - x(low):.1f}" height="18" fill="#cfe8d8"/>'
    marks = "".join(
        f'<path d="M{x(share):.1f} 4V18" stroke="{"#1b6e3c" if row.nist_passed else "#b00020"}"/>'
        for row, share in zip(rows, shares, strict=True)
    )
    return _svg(band + marks, f"lowest share {min(shares):.4f}, band {low:.4f} to {high:.4f}")


def _histogram(rows: list[Row]) -> str:
    """P-values of all rows in tenths of [0, 1]."""
    counts = [sum(row.histogram[k] for row in rows) for k in range(10)]
    top = max(counts)
    bars = "".join(
        f'<rect x="{5 + 19 * k}" y="{20 - 18 * count / top:.1f}" width="17" height="{18 * count / top:.1f}" '
        f'fill="#8aa6c1"/>'
        for k, count in enumerate(counts)
    )
    return _svg(bars, "counts in tenths: " + ", ".join(map(str, counts)))
