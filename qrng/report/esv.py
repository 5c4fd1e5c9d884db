"""What an SP 800-90B entropy-source validation asks for, as far as a capture gives it.

The files and names are those of NIST's Entropy Source Validation protocol, version 1.0: registration metadata, and data
files of exactly one million samples, one a byte. What only the maker of the device can supply is left to a checklist;
no value is made up.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from qrng.entropy.sp800_90b import restart as restart_tests
from qrng.errors import ParameterError
from qrng.files import atomic_write
from qrng.formats import open_capture
from qrng.report.evaluation import Evaluation
from qrng.samples import Samples

__all__ = ["MILLION", "write_esv"]

MILLION = 1_000_000
"""Samples of a data file: exactly so many (ESV protocol, section 4)."""
_WIDEST = 8
"""Bits of a sample at most; the lowest of wider ones are not taken, the user reduces them first."""
_NAME = 64
"""Characters of `primaryNoiseSource`."""


def write_esv(
    found: Evaluation, folder: Path, *, restarts: str | None = None, description: str | None = None
) -> list[str]:
    """Write raw-noise.bin, restart.bin, metadata.json and CHECKLIST.md, as far as the data go.

    Args:
        found: the evaluation of the capture.
        folder: made if absent; files of these names in it are replaced.
        restarts: capture of 1000 samples after each of 1000 restarts, read as the evaluated one was.
        description: name of the noise source, to 64 characters.

    Returns:
        What is missing for a submission, in words, as the checklist has it.

    Raises:
        ParameterError: samples wider than 8 bits, a description too long, or restart data of another size or width.
        FormatError, OSError: the restart data can't be read, or a file can't be written.
    """
    samples = found.samples
    if samples.bits_per_symbol > _WIDEST:
        raise ParameterError(
            f"a validation takes samples of at most {_WIDEST} bits, these have {samples.bits_per_symbol}: reduce them"
        )
    if description is not None and not 0 < len(description) <= _NAME:
        raise ParameterError(f"the name of the noise source has 1 to {_NAME} characters, not {len(description)}")
    folder.mkdir(parents=True, exist_ok=True)
    missing: list[str] = []
    raw = _data_file(folder / "raw-noise.bin", samples)
    if raw is None:
        missing.append(f"raw noise: {MILLION:,} consecutive samples are asked for, the capture holds {samples.count:,}")
    checked = None if restarts is None else _restarts(found, restarts)
    held = None if checked is None else _data_file(folder / "restart.bin", checked[0])
    if checked is None:
        missing.append("restart data: 1000 samples after each of 1000 restarts (--restarts)")
    elif not checked[1].passed:
        missing.append("restart data that pass: these fail the tests of SP 800-90B 3.1.4")
    if found.claim is None:
        missing.append("an entropy estimate: the assessment found none")
    if description is None:
        missing.append("the name of the noise source (--description)")
    if found.simulated:
        missing.append("a device: this capture is SIMULATED and must not be submitted")
    metadata = _metadata(found, raw, held, description)
    _write(folder / "metadata.json", json.dumps(metadata, indent=2) + "\n")
    missing += _OF_THE_MAKER
    _write(folder / "CHECKLIST.md", _checklist(found, folder, missing, checked))
    return missing


_OF_THE_MAKER = [
    "operating environments: how many, each with data files of its own",
    "conditioning components, if the source has any: each with its place, sizes and entropies; vetted ones with their "
    "ACVP certificate (this metadata has none)",
    "justification of the claim from the design of the source (SP 800-90B 3.2.2); a statistical estimate is none",
    "description of the health tests with their cutoffs, and what the source does on an alarm (4.3, 4.4)",
    "entropy assessment report, public use document, data collection attestation (PDF or Word)",
    "an accredited laboratory that submits",
]


def _data_file(path: Path, samples: Samples) -> str | None:
    """The first million samples, one a byte; the file's SHA-256, None if there are too few."""
    if samples.count < MILLION:
        return None
    content = samples.symbols(0, MILLION).tobytes()
    with atomic_write(path) as out:
        out.write(content)
    return hashlib.sha256(content).hexdigest()


def _restarts(found: Evaluation, path: str) -> tuple[Samples, restart_tests.RestartResult]:
    with open_capture(path, bits_per_symbol=found.samples.bits_per_symbol) as capture:
        samples = capture.read_all()
    h = found.claim.bits_per_sample if found.claim else found.result.min_entropy
    return samples, restart_tests.restart(samples, h, track="iid" if found.result.track == "iid" else "non-iid")


def _metadata(found: Evaluation, raw: str | None, held: str | None, description: str | None) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "primaryNoiseSource": description,
        "iidClaim": found.result.track == "iid",
        "bitsPerSample": found.samples.bits_per_symbol,
        "hminEstimate": found.claim.bits_per_sample if found.claim else None,
        "physical": True,
        "numberOfRestarts": restart_tests.SIZE if held else None,
        "samplesPerRestart": restart_tests.SIZE if held else None,
        "additionalNoiseSources": False,
        "rawNoiseSHA256": raw,
        "restartBitsSHA256": held,
        "conditioningComponent": [],
    }
    return [{"esvVersion": "1.0"}, {key: value for key, value in entry.items() if value is not None}]


def _checklist(
    found: Evaluation, folder: Path, missing: list[str], checked: tuple[Samples, restart_tests.RestartResult] | None
) -> str:
    there = [name for name in ("raw-noise.bin", "restart.bin", "metadata.json") if (folder / name).exists()]
    lines = ["# Checklist for an entropy-source validation", "", f"Capture: {found.name}, {found.read_as}", ""]
    lines += ["Here:", "", *(f"- [x] {name}" for name in there)]
    if checked is not None:
        verdict = "passed" if checked[1].passed else "FAILED"
        lines.append(f"- [{'x' if checked[1].passed else ' '}] restart tests, SP 800-90B 3.1.4: {verdict}")
    lines += ["", "Missing:", "", *(f"- [ ] {item}" for item in missing)]
    lines += [
        "",
        "To be checked: `physical` is set to true, `additionalNoiseSources` to false; change what is not so.",
        "",
    ]
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    with atomic_write(path, mode=0o644) as out:
        out.write(text.encode())
