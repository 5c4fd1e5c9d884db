"""`qrng doctor`: does this installation work, and what does it run on?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Callable
from typing import Any

import click

import qrng
from qrng import _native, terminal

_CLAIMS = (1.0, 0.9, 0.5)  # bits a symbol, for the table of cutoffs
_EXTRAS = {
    "zstd": "zstandard",
    "ibm": "qiskit-ibm-runtime",
    "sim": "qiskit-aer",
    "report": "matplotlib",
    "dask": "distributed",
}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Check this installation: kernel, self-test, versions, cutoffs.

    Exits with 1 if a self-test fails.
    """
    result = examine()
    if as_json:
        terminal.print_json(result)
    else:
        click.echo(_text(result))
    return 0 if result["ok"] else 1


def examine() -> dict[str, Any]:
    """JSON-ready findings, schema "qrng.doctor/1"."""
    tests = [_run(name, test) for name, test in _SELF_TESTS.items()]
    return {
        "schema": "qrng.doctor/1",
        "ok": all(test["ok"] for test in tests),
        "kernel": _native.kernel_name(),
        "kernels": _native.kernel_levels(),
        "self_tests": tests,
        "versions": {
            "qrng": qrng.__version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("numpy", "scipy", "cffi")},
        },
        "extras": {extra: _version(package) for extra, package in _EXTRAS.items()},
        "platform": f"{platform.system()} {platform.machine()}",
        "cutoffs": _cutoffs(),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _run(name: str, test: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "detail": test()}
    except Exception as error:  # noqa: BLE001 - a self-test that can't run has failed
        return {"name": name, "ok": False, "detail": f"{type(error).__name__}: {error}"}


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)


def _kernels_agree() -> str:
    """Every kernel level gives the same hash of the same random block."""
    from qrng.extractors import Toeplitz

    before = _native.kernel_name()
    levels = [level for level, here in _native.kernel_levels().items() if here]
    results = []
    ext = Toeplitz(5000, 3001)
    raw, seed = os.urandom(625), os.urandom(ext.seed_bytes)
    try:
        for level in levels:
            _native.force_kernel(level)
            results.append(bytes(ext.extract(raw, seed)))
    finally:
        _native.force_kernel(before)
    _expect(len(set(results)) == 1, "kernels disagree on the same input")
    return " = ".join(levels)


def _known_answer() -> str:
    """The Toeplitz hash of a block with a known answer (n = 5, m = 3), worked by hand from the definition."""
    from qrng import bits
    from qrng.extractors import Toeplitz

    got = bits.unpack(Toeplitz(5, 3).extract(bits.pack([1, 1, 0, 1, 0]), bits.pack([1, 0, 1, 1, 0, 0, 1])), 3)
    _expect(got.tolist() == [0, 1, 0], "the Toeplitz hash of 11010 with seed 1011001 is not 010")
    return "Toeplitz 11010, 1011001 -> 010"


def _alarms_fire() -> str:
    """A stuck stream alarms at the repetition count cutoff."""
    import numpy as np

    from qrng.health.cutoffs import rct_cutoff
    from qrng.health.scan import scan

    stuck = qrng.Samples.from_symbols(np.zeros(4096, np.uint8))
    report = scan([stuck], bits_per_symbol=1, lanes=1, claim=1.0)
    cutoff = rct_cutoff(1.0)
    _expect(bool(report.alarms) and report.alarms[0].at_sample == cutoff - 1, "a stuck stream raised no alarm in time")
    return f"a stuck stream alarms after {cutoff} symbols"


def _delivers() -> str:
    """The simulator goes through gate and extractor and gives bytes."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qrng.SimulatedSourceWarning)  # said in the detail
        with qrng.RandomBitGenerator(qrng.open_source("sim:")) as generator:
            first, second = generator.random_bytes(32), generator.random_bytes(32)
    _expect(first != second and any(first), "the generator repeats itself")
    return "simulator -> gate -> extractor -> 64 bytes"


def _configuration() -> str:
    from qrng.default import configured_source

    return f"default source {configured_source()[0]}"


_SELF_TESTS: dict[str, Callable[[], str]] = {
    "known answer": _known_answer,
    "kernels agree": _kernels_agree,
    "health alarms": _alarms_fire,
    "end to end": _delivers,
    "configuration": _configuration,
}


def _cutoffs() -> list[dict[str, Any]]:
    from qrng.health.cutoffs import ALPHA_LOG2, BINARY_WINDOW, apt_cutoff, rct_cutoff

    return [
        {
            "claim": claim,
            "alpha_log2": ALPHA_LOG2,
            "rct": rct_cutoff(claim),
            "apt": apt_cutoff(BINARY_WINDOW, claim),
            "apt_window": BINARY_WINDOW,
        }
        for claim in _CLAIMS
    ]


def _text(result: dict[str, Any]) -> str:
    lines = [
        f"kernel     {result['kernel']}  (built in: "
        + ", ".join(name if here else f"{name}, not on this processor" for name, here in result["kernels"].items())
        + ")",
        "versions   " + ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        "platform   " + result["platform"],
        "extras     " + ", ".join(f"{name} {version or 'not installed'}" for name, version in result["extras"].items()),
        "",
    ]
    for test in result["self_tests"]:
        lines.append(f"{'ok' if test['ok'] else 'FAILED':10} {test['name']:15} {test['detail']}")
    lines += ["", "health test cutoffs for bits, false-alarm probability 2^-40 a test:"]
    lines += [
        f"  claim {row['claim']:.1f} bit a symbol: RCT {row['rct']}, APT {row['apt']} of {row['apt_window']}"
        for row in result["cutoffs"]
    ]
    return "\n".join(lines)
