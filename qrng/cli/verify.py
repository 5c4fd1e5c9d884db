"""`qrng verify`: check the certificate of an extraction against files."""

from __future__ import annotations

import textwrap

import click

from qrng import terminal


@click.command("verify")
@click.argument("certificate", type=click.Path())
@click.option("--raw", type=click.Path(), metavar="FILE", help="The capture that was extracted.")
@click.option("--seed-file", type=click.Path(), metavar="FILE", help="The seed.")
@click.option("--output", type=click.Path(), metavar="FILE", help="The output.")
@click.option("--model", "models", multiple=True, type=click.Path(), metavar="FILE", help="A model run beside; repeat.")
@click.option("--public-key", type=click.Path(), metavar="PEM", help="The key that must have signed (extra crypto).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    certificate: str,
    raw: str | None,
    seed_file: str | None,
    output: str | None,
    models: tuple[str, ...],
    public_key: str | None,
    as_json: bool,
) -> int:
    """Recompute what CERTIFICATE says, as far as the given files allow, and say what could not be checked.

    Exits with 3 if anything differs.
    """
    from qrng.verification import verify

    with terminal.progress("checking", None, "parts") as advance:
        checks = verify(
            certificate,
            raw=raw,
            seed=seed_file,
            output=output,
            public_key=public_key,
            models=models,
            progress=lambda name: advance(1),
        )
    failed = any(check.outcome == "failed" for check in checks)
    if as_json:
        terminal.print_json(
            {
                "schema": "qrng.verification/1",
                "passed": not failed,
                "checks": [{"name": check.name, "outcome": check.outcome, "detail": check.detail} for check in checks],
            }
        )
    else:
        for check in checks:
            head = f"{check.outcome:12} {check.name:18} "
            click.echo(textwrap.fill(check.detail, 80, initial_indent=head, subsequent_indent=" " * 13))
        click.echo("FAILED: something differs" if failed else "nothing that was checked differs")
    return terminal.EXIT_DATA_FAILS if failed else 0
