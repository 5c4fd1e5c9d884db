"""`qrng assess`: min-entropy of a capture by SP 800-90B, as text for people or JSON for programs."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from qrng.accounting import Account, account
from qrng.admission import combined
from qrng.assessed_data import KEEP
from qrng.assessment import Assessment, assess
from qrng.cli.assessment_page import check_page, write_report
from qrng.cli.segments import assess_segmentwise
from qrng.entropy.sp800_90b.permutation import ROUNDS
from qrng.entropy.sp800_90b.tracks import SHUFFLES, TRACKS
from qrng.errors import ParameterError
from qrng.formats import LAYOUTS, open_capture
from qrng.terminal import EXIT_DATA_FAILS, print_json, progress

WIDTH = 78  # columns: fits a terminal of 80


@click.command("assess")
@click.argument("file", metavar="FILE")
@click.option("--bits-per-symbol", type=click.IntRange(1, 32), metavar="N", help="Width of a symbol in bits.")
@click.option("--layout", type=click.Choice(LAYOUTS), help="How to read FILE (default: look and say).")
@click.option("--lanes", type=click.IntRange(min=1), metavar="N", help="Interleaved streams (qubits, detectors).")
@click.option("--keep", type=click.Choice(KEEP), help="Which 8 bits of symbols wider than 8 to assess.")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="A preview: the first N samples only.")
@click.option(
    "--segment", type=click.IntRange(min=8), metavar="N", help="Assess each N samples (a multiple of 8) alone."
)
@click.option("--track", type=click.Choice(TRACKS), default=TRACKS[0], show_default=True, help="Which assessment.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), help="Shuffles of the IID tests (default: drawn, and told).")
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Threads; processes with --segment."
)
@click.option("--dask", metavar="ADDRESS", help="With --segment: a Dask cluster's scheduler, as tcp://host:8786.")
@click.option(
    "--all-rounds", is_flag=True, help="IID track: rank every value in all 10,000 rounds, whatever is settled."
)
@click.option("--physical", metavar="BOUND", help="Bound by physics beside it: trusted-qubit, homodyne, … (see docs).")
@click.option("--html", "report", metavar="OUT", help="Also write a report with figures to OUT, one HTML file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    file: str,
    bits_per_symbol: int | None,
    layout: str | None,
    lanes: int | None,
    keep: str | None,
    first: int | None,
    segment: int | None,
    track: str,
    seed: int | None,
    workers: int,
    dask: str | None,
    all_rounds: bool,
    physical: str | None,
    report: str | None,
    as_json: bool,
) -> int:
    """Estimate the min-entropy of the raw samples in FILE ("-" is stdin).

    Exits with 3 if no entropy is found or, on the iid track, if the samples are not IID.
    """
    if seed is not None and track != "iid":
        raise click.UsageError("--seed names the shuffles of --track iid")
    if segment is not None:
        if physical is not None or all_rounds:
            raise click.UsageError("--segment goes with neither --all-rounds nor --physical")
        return assess_segmentwise(
            file,
            segment,
            workers,
            dask,
            as_json,
            report,
            bits_per_symbol,
            layout,
            lanes,
            keep,
            first,
            track,
            seed,
        )
    if dask is not None:
        raise click.UsageError("--dask is for segments: give --segment too")
    if all_rounds and track != "iid":
        raise click.UsageError("--all-rounds is for --track iid")
    if report is not None:
        if file == "-":
            raise ParameterError("--html reads the capture a second time, which stdin can't give; save it to a file")
        check_page(report)
    iid = track == "iid"
    with progress(
        "IID tests" if iid else "Estimating", ROUNDS if all_rounds else None, "rounds" if iid else "estimates"
    ) as advance:
        result = assess(
            file,
            bits_per_symbol=bits_per_symbol,
            layout=layout,
            lanes=lanes,
            keep=keep,
            first=first,
            track=track,
            seed=seed,
            workers=workers,
            all_rounds=all_rounds,
            progress=lambda done, total, name: advance(int(not iid or name == SHUFFLES)),
        )
    bound = _account(file, physical, layout, bits_per_symbol, lanes) if physical else None
    if as_json:
        print_json(result.as_json() | (_physical_json(bound, result) if bound else {}))
    else:
        click.echo(text(result, file))
        if bound:
            click.echo(_physical(bound, result))
    if report is not None:
        with progress("Estimating parts for the report", result.samples, "samples") as advance:
            write_report(result, report, file, layout, bits_per_symbol, lanes, keep, workers, advance)
    return 0 if result.claimed_min_entropy > 0 else EXIT_DATA_FAILS


def _physical_json(bound: Account, result: Assessment) -> dict[str, Any]:
    both = combined(bound, result).as_dict() if result.claimed_min_entropy > 0 else None
    return {"physical": bound.as_json(), "claim_of_both": both}


def _account(file: str, spec: str, layout: str | None, width: int | None, lanes: int | None) -> Account:
    if file == "-":
        raise ParameterError("--physical reads the capture a second time, which stdin can't give; save it to a file")
    with open_capture(file, layout=layout, bits_per_symbol=width, lanes=lanes) as capture:
        return account(capture.read_all(), spec)


def _physical(bound: Account, result: Assessment) -> str:
    """The physical bound, lane by lane beside the statistics, and the claim that both leave."""
    claim = bound.claim
    lines = ["", f"{bound.bound:26}{claim.bits_per_sample:12.6f}  bits a symbol, error 2^{claim.log2_error:g}"]
    lines += _both_lanes(bound, result)
    lines += [f"  {name.replace('_', ' '):24}{value:12.6g}" for name, value in bound.facts.items()]
    lines += [_wrapped(f"- {assumption}") for assumption in claim.assumptions]
    lines.append(_wrapped(f"from {claim.reference}"))
    if result.claimed_min_entropy > 0:
        both = combined(bound, result)
        lines += [
            "",
            f"claim of both             {both.bits_per_sample:12.6f}  bits a symbol: a generator may use no more",
        ]
        lines.append(_wrapped(f"- {both.assumptions[-1]}"))
    return "\n".join(lines)


def _both_lanes(bound: Account, result: Assessment) -> list[str]:
    """One row a lane: confidence interval of P(1), bound, statistical estimate; of many lanes the bounds alone."""
    if not bound.lanes:
        return []
    lines = []
    if len(bound.lanes) == len(result.lane_min_entropy) <= 64:
        lines.append(f"  {'lane':>4}  {'P(1) between':>16}  {'physics':>8}  {'SP 800-90B':>10}  {'smaller':>8}")
        for lane, estimate in zip(bound.lanes, result.lane_min_entropy, strict=True):
            between = f"{lane.p1_low:.4f} {lane.p1_high:.4f}"
            least = min(lane.min_entropy, estimate)
            lines.append(f"  {lane.lane:>4}  {between:>16}  {lane.min_entropy:>8.4f}  {estimate:>10.4f}  {least:>8.4f}")
    else:
        values = [lane.min_entropy for lane in bound.lanes]
        for start in range(0, len(values), 8):
            lines.append(f"  lane {start:>3}  " + " ".join(f"{v:.4f}" for v in values[start : start + 8]))
    widest = max(bound.lanes, key=lambda lane: max(lane.p1_high - 0.5, 0.5 - lane.p1_low))
    lines.append(f"P(1) farthest from 1/2: lane {widest.lane}, in [{widest.p1_low:.4f}, {widest.p1_high:.4f}]")
    return lines


def text(result: Assessment, name: str) -> str:
    """The assessment for a terminal of 80 columns."""
    width = result.bits_per_symbol
    lines = [
        name,
        f"read as {result.layout}",
        f"{result.samples} samples of {_bits(width)}, {result.alphabet_size} distinct"
        + (f", {result.lanes} lanes" if result.lanes > 1 else ""),
        f"SHA-256 {result.sha256}",
        "",
    ]
    if result.reduced_from:
        lines.insert(3, f"the {result.kept}est 8 of each {result.reduced_from} bits were assessed")
    lines += _iid(result)
    if not (result.iid and not result.iid.passed):
        lines += [f"SP 800-90B, {result.track} track, min-entropy", *_table(result)]
        lines += ["", f"whole stream              {result.min_entropy:12.6f}  {_rule(result)}"]
        if decisive := result.decisive:
            on = "symbols" if decisive.on == "literal" else "bits"
            lines.append(f"  decided by {decisive.name} ({decisive.section}) on {on}")
        lines += _lanes(result)
        lines.append("")
    if result.claimed_min_entropy > 0:
        claim = result.claim
        whole = _bits(claim.bits_per_symbol)
        lines.append(f"claim                     {claim.bits_per_sample:12.6f}  bits for each symbol of {whole}")
        lines += [_wrapped(f"- {assumption}") for assumption in claim.assumptions]
    else:
        lines.append("no claim: no min-entropy is awarded")
    lines += [_wrapped(f"! {warning}") for warning in result.warnings]
    return "\n".join(lines)


def _bits(n: int) -> str:
    return "1 bit" if n == 1 else f"{n} bits"


def _wrapped(line: str) -> str:
    return textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _table(result: Assessment) -> list[str]:
    found = {(e.name, e.on): f"{e.min_entropy:.6f}" for e in result.estimators}
    sections = {e.name: e.section for e in result.estimators}
    titles = {"literal": "per symbol", "bitstring": "per bit"}
    columns = [on for on in titles if any(e.on == on for e in result.estimators)]
    lines = [f"{'':26}" + "".join(f"{titles[on]:>12}" for on in columns)] if columns else []
    for name in dict.fromkeys(e.name for e in result.estimators):
        values = "".join(f"{found.get((name, on), '-'):>12}" for on in columns)
        lines.append(f"  {sections[name]:7}{name:17}{values}")
    reasons: dict[str, list[str]] = {}
    for skipped in result.skipped:
        reasons.setdefault(skipped.reason, []).append(f"{skipped.name} ({skipped.on})")
    lines += [_wrapped(f"left out, {reason}: {', '.join(names)}") for reason, names in reasons.items()]
    return lines


def _iid(result: Assessment) -> list[str]:
    """Verdict of the IID tests with what repeats it."""
    verdict = result.iid
    if verdict is None:
        return []
    substring = verdict.repeated_substring
    lines = [
        f"IID tests {'passed' if verdict.passed else 'FAILED'}",
        f"  permutation tests: {verdict.permutation.rounds} rounds, seed {verdict.permutation.seed}",
        f"  chi-square independence   p = {verdict.independence.p_value:.6f}",
        f"  chi-square goodness of fit p = {verdict.goodness_of_fit.p_value:.6f}",
        f"  longest repeat            {substring.w} symbols, p = {substring.probability:.6f}",
    ]
    ranked = verdict.permutation.ranked
    left_open = sum(value.passed is None for value in ranked)
    if left_open:
        lines.append(f"  {left_open} of {len(ranked)} values left open: the verdict is known (--all-rounds goes on)")
    if not verdict.passed:
        lines.append(_wrapped(f"failed: {', '.join(verdict.failures)}"))
        lines.append(_wrapped("The estimate of this track holds for IID samples only: none is made. Use non-iid."))
    return [*lines, ""]


def _rule(result: Assessment) -> str:
    if result.h_original is None:
        return "bits a symbol = width × per bit"
    if result.h_bitstring is None:
        return "bits a symbol, the smallest"
    return f"bits a symbol, min(symbol, {result.bits_per_symbol} × bit)"


def _lanes(result: Assessment) -> list[str]:
    """The lanes' most common value estimates, eight to a row, and their average."""
    if result.lane_average is None:
        return []
    values = result.lane_min_entropy
    worst = min(range(len(values)), key=values.__getitem__)
    lines = [
        f"lanes, average            {result.lane_average:12.6f}  each by its most common value",
        f"worst lane: {worst} with {values[worst]:.6f}",
    ]
    if len(values) <= 64:
        for start in range(0, len(values), 8):
            lines.append(f"  lane {start:>3}  " + " ".join(f"{v:.4f}" for v in values[start : start + 8]))
    return lines
