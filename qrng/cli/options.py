"""Options that several commands share, and the sentences they print on stderr."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import click

from qrng.errors import ParameterError
from qrng.source import Source

__all__ = ["beside_options", "generator_options", "note", "open_generator"]

_F = TypeVar("_F", bound=Callable[..., Any])


def note(text: str) -> None:
    """One line to the person at the terminal, on stderr."""
    click.echo(f"qrng: {text}", err=True)


def beside_options(function: _F) -> _F:
    """--model, --side and --every-bit: what is added to the health tests."""
    model = click.option(
        "--model", "models", multiple=True, metavar="FILE", help="A model of `qrng health train`; repeat."
    )
    side = click.option("--side", "side_data", multiple=True, metavar="NAME", help="Side data to test, too; repeat.")
    every = click.option(
        "--every-bit",
        is_flag=True,
        help="Mix contexts and couple lanes on every bit of one-bit symbols, not on 4096 in 2^21: finds noisy "
        "echoes, nonlinear feedback and coupled lanes within thousands of bits; the tests take some 14 Mbit/s (7 in 20 "
        "lanes) instead of 200 and more.",
    )
    return model(side(every(function)))


def generator_options(function: _F) -> _F:
    """What `random`, `stream` and `monitor` share, and `open_generator` takes."""
    for option in reversed(
        (
            click.option(
                "--source", metavar="SPEC", help="Noise source (default: QRNG_SOURCE, the config file, sim:)."
            ),
            click.option(
                "--claim",
                metavar="H|auto",
                help="Min-entropy in bits a symbol that you vouch for; auto: by assessing the whole capture.",
            ),
            click.option(
                "--physical",
                metavar="BOUND",
                help="Of a capture: the smaller of the assessment and this bound by physics (as qrng assess takes it).",
            ),
            click.option("--pure", is_flag=True, help="Leave out the XOR with operating-system bytes."),
            click.option("--replay", is_flag=True, help="Allow a source whose raw bits can come again."),
            click.option("--log2-error", type=float, default=-64.0, show_default=True, help="Total distance, as log2."),
            click.option(
                "--allowance/--no-allowance",
                default=None,
                help="Take what a weak bias may hide off the claim, or not  [default: for blocks of 2^16 bits or more]",
            ),
            click.option(
                "--drop-lanes",
                type=click.IntRange(min=0),
                default=0,
                metavar="N",
                help="Go on without a lane whose own tests alarm, N lanes at most.",
            ),
            beside_options,
            click.option("--fault", "faults", multiple=True, metavar="FAULT", help="Inject a fault, to see the alarm."),
        )
    ):
        function = option(function)
    return function


def open_generator(
    source: str | None,
    claim: str | None,
    physical: str | None,
    pure: bool,
    replay: bool,
    log2_error: float,
    allowance: bool | None,
    drop_lanes: int,
    models: tuple[str, ...],
    side_data: tuple[str, ...],
    every_bit: bool,
    faults: tuple[str, ...],
    wrap: Callable[[Source], Source] = lambda opened: opened,
) -> Any:
    """The generator that the options describe; `wrap` may put something around the source that it reads."""
    from qrng.admission import SimulatedSourceWarning
    from qrng.default import configured_source
    from qrng.faults import inject, parse
    from qrng.rbg import RandomBitGenerator
    from qrng.sources import open_source

    configured_claim: Any = None
    if source is None:
        source, configured_claim = configured_source()
    opened = open_source(source)
    try:
        if opened.simulated:
            note(f"source {opened.spec} is simulated: its randomness is computed, not measured")
        asked = claim or ("auto" if physical else None)
        worth = _claim(asked, physical, log2_error - 1, opened) if asked is not None else configured_claim
        if faults:
            opened = inject(opened, *map(parse, faults))
            note("faults are injected: " + ", ".join(faults))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SimulatedSourceWarning)  # said above
            return RandomBitGenerator(
                wrap(opened),
                claim=worth,
                pure=pure,
                log2_error=log2_error,
                allow_reproducible=replay or opened.finite,
                allowance=allowance,
                drop_lanes=drop_lanes,
                models=models,
                side_data=side_data,
                every_bit=every_bit,
                on_alarm=_say if drop_lanes else None,
            )
    except BaseException:
        opened.close()
        raise


def _say(alarm: Any) -> None:
    lane = "" if alarm.lane is None else f" in lane {alarm.lane}, which is left out if --drop-lanes still allows it"
    note(f"{alarm.test} alarmed at sample {alarm.at_sample}{lane}")


def _claim(text: str, physical: str | None, log2_error: float, source: Source) -> Any:
    if text != "auto":
        if physical is not None:
            raise ParameterError("--physical computes the claim, so that --claim can only be auto beside it")
        try:
            return float(text)
        except ValueError:
            raise ParameterError(f"--claim takes a number of bits a symbol, or auto, not {text!r}") from None
    recording = source.recording()
    if recording is None:
        raise ParameterError(
            f"--claim auto needs a capture that can be read twice; {source.spec} can't. Capture it to a file first"
        )
    from qrng.admission import claim_of_whole

    found = claim_of_whole(recording, source.spec, physical, log2_error)
    recording.wipe()
    note(f"claim from the assessment of the whole capture: {found.statistical.bits_per_sample:.4f} bits a symbol")
    if found.physical:
        note(f"bound by physics, {found.physical.bound}: {found.physical.claim.bits_per_sample:.4f} bits a symbol")
        note(f"claim: {found.claim.bits_per_sample:.4f} bits a symbol, the smaller of both")
    return found.claim
