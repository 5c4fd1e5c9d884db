"""`qrng demo`: the whole way from raw quantum bits to random bytes on the simulator, step by step."""

from __future__ import annotations

import warnings
from typing import Any

import click

_RAW_BITS = 1 << 20
_OUTPUT_BITS = 1_000_000


@click.command("demo")
def command() -> None:
    """A guided run on the built-in simulator: source, health, claim, extraction, bytes, tests.

    Takes a few seconds and writes no file.
    """
    import qrng

    warnings.simplefilter("ignore", qrng.SimulatedSourceWarning)  # the first step says it
    samples, physics = _source()
    _health(samples, physics)
    claim = _claim(samples, physics)
    _fault(claim)
    output = _extraction(claim)
    _tests(output)


def _step(number: int, title: str) -> None:
    click.echo(("" if number == 1 else "\n") + click.style(f"{number}. {title}", bold=True))


def _say(text: str) -> None:
    click.echo("   " + text)


def _source() -> tuple[Any, Any]:
    import qrng

    _step(1, "Noise source")
    with qrng.open_source("sim:") as source:
        samples = source.read(_RAW_BITS)
        physics = source.claim()
    _say(f"sim: {samples.lanes} qubits, each put into superposition and measured, shot after shot.")
    _say("SIMULATED: shot noise comes from the operating system's generator, not from a device.")
    _say(f"Read {samples.count:,} raw bits. Share of ones in each qubit (a fair coin has 0.5000):")
    _say("  ".join(f"{samples.lane(k).mean():.4f}" for k in range(samples.lanes)))
    return samples, physics


def _health(samples: Any, physics: Any) -> None:
    from qrng.health.scan import scan

    _step(2, "Health: does the source do now what was claimed of it?")
    report = scan(
        [samples],
        bits_per_symbol=samples.bits_per_symbol,
        lanes=samples.lanes,
        claim=physics.every_symbol,
    )
    _say(f"Repetition count and adaptive proportion, on the stream and on each qubit: {report.state},")
    _say(f"{len(report.alarms)} alarms. A source worth its claim alarms here with a probability below")
    _say(f"{report.false_alarm_bound:.1e}.")


def _claim(samples: Any, physics: Any) -> Any:
    import qrng

    _step(3, "Entropy claim: how well could the best adversary guess a raw bit?")
    statistics = qrng.assess(samples).claim
    smaller = min(physics, statistics, key=lambda claim: claim.bits_per_sample)
    _say(f"physics of the (simulated) device   {physics.bits_per_sample:.4f} bits of min-entropy a raw bit")
    _say(f"SP 800-90B statistics               {statistics.bits_per_sample:.4f}")
    _say(f"the smaller one is the claim        {smaller.bits_per_sample:.4f}, and it assumes:")
    for assumption in smaller.assumptions:
        _say(f"  - {assumption}")
    return smaller


def _fault(claim: Any) -> None:
    import qrng
    from qrng.errors import HealthError
    from qrng.faults import inject, parse

    _step(4, "What if a qubit gets stuck?")
    start = 1_000_000
    broken = inject(qrng.open_source("sim:"), parse(f"stuck_lane:lane=5,start={start}"))
    with qrng.RandomBitGenerator(broken, claim=claim) as generator:
        given = 0
        try:
            while True:
                given += len(generator.random_bytes(1000))
        except HealthError:
            alarm = generator.status()["health"]["alarms"][0]
            _say(f"Qubit 5 sticks at raw bit {start:,}. Test {alarm['test']} alarms at bit {alarm['at_sample']:,}")
            _say(f"(lane {alarm['lane']}). Output stopped; all raw bits still in quarantine were wiped.")
            _say(f"{given:,} bytes had been given out before, all from bits that came before the fault.")


def _extraction(claim: Any) -> bytes:
    import qrng

    _step(5, "Extraction: fewer bits, nearly uniform")
    with qrng.RandomBitGenerator(qrng.open_source("sim:"), claim=claim, pure=True) as generator:
        plan = generator.provenance()["extractor"]
        _say(f"Toeplitz hashing with a seed of the operating system: {plan['n']:,} raw bits to {plan['m']:,} a block.")
        _say(f"If the claim holds against an adversary, all output is within 2^{plan['log2_error']} of uniform")
        _say("for that adversary, quantum memory included (quantum leftover hash lemma).")
        _step(6, "Bytes")
        _say(generator.random_bytes(32).hex())
        _say(f"qrng.random_bytes(32) does all this and XORs {click.style('os.urandom', italic=True)} on top.")
        return generator.random_bytes(_OUTPUT_BITS // 8)


def _tests(output: bytes) -> None:
    import nist_sts

    _step(7, f"SP 800-22 tests on {_OUTPUT_BITS:,} bits of output (a sanity check: it can't prove randomness)")
    report = nist_sts.run(output, length=_OUTPUT_BITS)
    for test in report.tests:
        values = [p for row in test.p_values for p in row if p is not None]
        if values:
            more = "" if len(values) == 1 else f"  (smallest of {len(values)})"
            shown = f"p = {min(values):.4f}{more}"
            _say(f"{test.name:28} {shown}")
        else:
            _say(f"{test.name:28} {test.reason}")
    _say(f"verdict over the family (Holm, 0.01): {'passed' if report.passed else 'FAILED'}")
