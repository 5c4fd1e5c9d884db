"""`qrng jobs`: what was submitted to IBM Quantum; collect it, or cancel it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from qrng import terminal
from qrng.container import ContainerWriter
from qrng.errors import ParameterError
from qrng.files import atomic_write
from qrng.sources.ibm import plans
from qrng.sources.ibm.ledger import Entry, Ledger

_LEDGER = click.option("--ledger", type=click.Path(dir_okay=False), help="File of jobs (default: ~/.local/state/qrng).")


def _service(entry: Entry | None = None) -> Any:
    from qrng.sources.ibm import client

    return client.connect(entry.plan.get("instance") if entry else None)


@click.group("jobs", invoke_without_command=True)
@_LEDGER
@click.option("--refresh", is_flag=True, help="Ask the platform for jobs whose number never came back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def command(context: click.Context, ledger: str | None, refresh: bool, as_json: bool) -> None:
    """List the jobs submitted to IBM Quantum; collect or cancel them; estimate what one costs.

    \b
    qrng capture ibm:ibm_fez --submit        send a job and go
    qrng jobs                                what was sent
    qrng jobs collect ID -o raw.qrng         its bits, later
    qrng jobs cost --qubits 156              processor time, estimated
    """
    if context.invoked_subcommand == "cost":
        return
    context.obj = Ledger(ledger)
    if context.invoked_subcommand is not None:
        return
    if refresh:
        from qrng.sources.ibm.jobs import reconcile

        click.echo(f"qrng: {reconcile(_service(), context.obj)} found on the platform", err=True)
    entries = context.obj.entries()
    if as_json:
        terminal.print_json({"schema": "qrng.jobs/1", "jobs": [entry.as_dict() for entry in entries]})
        return
    for entry in entries:
        plan = entry.plan
        size = f"{len(plan['qubits'])} qubits × {plan['hadamards'] * plan['shots']} shots"
        click.echo(
            f"{entry.job or entry.tag:<24}  {entry.state:<9}  {entry.made}  {entry.backend}  {size}  {entry.note}"
        )
    if not entries:
        click.echo("no jobs")


@command.command("collect")
@click.argument("job")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), help="Container to write, mode 0600.")
@click.option("--timeout", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Seconds to wait for it.")
@click.option("--again", is_flag=True, help="Even if its bits were collected before: they must not be used twice.")
@click.pass_obj
def collect(ledger: Ledger, job: str, output: str, timeout: float, again: bool) -> None:
    """Write the bits of JOB (its number or tag) to a .qrng container."""
    from qrng.sources.ibm import jobs

    entry = ledger.entry(job)
    if entry.state in ("failed", "cancelled"):
        raise ParameterError(f"job {job} is {entry.state}: {entry.note}")
    if entry.state == "collected" and not again:
        raise ParameterError(
            f"job {job} was collected before ({entry.note}), and each raw bit is used once; --again fetches it all the "
            "same, and the container says so"
        )
    samples = jobs.collect(_service(entry), entry, ledger, timeout)
    before = {"collected_before": entry.note} if entry.state == "collected" else {}
    with atomic_write(output) as stream:
        writer = ContainerWriter(stream, samples.bits_per_symbol, samples.lanes, {**samples.provenance, **before})
        writer.write(samples)
        writer.finish()
    ledger.close(entry.tag, "collected", output)
    width = "1 bit" if samples.bits_per_symbol == 1 else f"{samples.bits_per_symbol} bits"
    click.echo(f"{output}: {samples.count} symbols of {width} in {samples.lanes} lanes", err=True)


@command.command("cancel")
@click.argument("job")
@click.pass_obj
def cancel(ledger: Ledger, job: str) -> None:
    """Cancel JOB on the platform."""
    from qrng.sources.ibm import jobs

    entry = ledger.entry(job)
    jobs.cancel(_service(entry), entry, ledger)
    click.echo(f"{job}: cancelled", err=True)


@command.command("cost")
@click.option("--qubits", type=click.IntRange(min=1), required=True, help="Qubits that are measured.")
@click.option("--shots", type=click.IntRange(min=1), default=100_000, show_default=True, help="Shots of noise.")
@click.option("--rep-delay", type=float, default=plans.REP_DELAY, show_default=True, help="Seconds between shots.")
@click.option("--readout", type=float, default=plans.READOUT, show_default=True, help="Seconds of a measurement.")
@click.option("--gates", type=float, default=0.0, show_default=True, help="Seconds of the gates before it.")
@click.option("--min-entropy", type=float, help="Bits of output for each raw bit.")
@click.option("--mode", type=click.Choice(plans.MODES), default="batch", show_default=True, help="As of ibm:.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def cost(
    qubits: int,
    shots: int,
    rep_delay: float,
    readout: float,
    gates: float,
    min_entropy: float | None,
    mode: str,
    as_json: bool,
) -> None:
    """Estimate the processor time of Hadamard jobs: executions × (rep_delay + readout + gates).

    Without the time that the platform takes to load a job. The job's own usage on the platform is what is paid.
    """
    made = plans.make_plans(tuple(range(qubits)), shots, mode=mode)
    found = plans.cost(made, rep_delay, readout, gates, min_entropy)
    if as_json:
        terminal.print_json({"schema": "qrng.cost/1", "estimate": True, "jobs": len(made), **asdict(found)})
        return
    click.echo(f"jobs            {len(made)}")
    click.echo(f"executions      {found.executions}, known-answer circuits included")
    click.echo(f"a shot          {1e6 * found.shot:.2f} µs")
    click.echo(f"in all          {found.seconds:.1f} s for {found.raw_bits} raw bits")
    click.echo(f"raw megabit     {found.per_raw_megabit:.2f} s")
    if found.per_megabit is not None:
        click.echo(f"output megabit  {found.per_megabit:.2f} s")
    click.echo("an estimate: the job's usage on the platform is what is paid")
