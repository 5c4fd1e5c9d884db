"""Replays the certificate of an extraction: what the given files allow to be recomputed is, and the rest is named.

A certificate is the JSON record of `qrng.extraction.extract_file`. It proves nothing by itself; it says what was done,
so that somebody with the raw bits and the seed can do it again.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qrng._native import wipe
from qrng.blocks import Input, extracted
from qrng.certified import Check, assessment_checks, claim_checks, compare
from qrng.claim import EntropyClaim
from qrng.errors import FormatError, HealthFailure, ParameterError, QrngError
from qrng.extractors import extractor_class
from qrng.health.allowance import Allowance, less
from qrng.health.beside import Beside
from qrng.health.scan import scan
from qrng.signature import public_key as public_key_of
from qrng.signature import signer

__all__ = ["Check", "verify"]

SCHEMA = "qrng.extraction/1"
_LONGEST = 1 << 24  # bytes of a certificate: it holds no bulk data
_CHUNK = 1 << 20

Path_ = str | os.PathLike[str]


def verify(
    certificate: Path_,
    *,
    raw: Path_ | None = None,
    seed: Path_ | None = None,
    output: Path_ | None = None,
    public_key: Path_ | None = None,
    models: Iterable[Path_] = (),
    progress: Callable[[str], None] = lambda name: None,
) -> list[Check]:
    """Check what a certificate says against the files given.

    Args:
        certificate: JSON file written by `qrng extract --certificate`.
        raw: the capture; its hash is compared, and the assessment, the bound by physics and the health tests that the
            certificate holds are made again.
        seed: the seed; its hash is compared. With `raw`, the output is extracted again.
        output: the output file; its hash is compared.
        public_key: PEM file with the Ed25519 key that must have signed. Without it a signature is held against the
            record alone.
        models: files of the models that were run beside the health tests; their hashes are compared, and those that the
            record names run again with `raw`.
        progress: told the name of each part as it begins.

    Raises:
        MissingExtraError: there is a signature to check, and `cryptography` is not installed.
        ParameterError: `public_key` holds no such key.
        FormatError: the certificate does not parse, or lacks a part.
        OSError: a file can't be read.
    """
    record = _load(certificate)
    found: list[Check] = []
    try:
        beside, model_checks = _models(record, models)
        parts: dict[str, Callable[[], list[Check]]] = {
            "signature": lambda: _signature(record, public_key),
            "claim": lambda: claim_checks(record),
            "plan": lambda: [*_allowance(record, beside), _plan(record)],
            "raw bits": lambda: [_hash("raw bits", raw, record["input"]["sha256"])],
            "models": lambda: model_checks,
            "assessment": lambda: assessment_checks(record, None if raw is None else _input(record, raw)),
            "health": lambda: [_health(record, raw, beside)],
            "seed": lambda: [_seed(record, seed)],
            "output": lambda: [_hash("output", output, record["output"]["sha256"])],
            "recomputed output": lambda: [_again(record, raw, seed)],
        }
        for name, part in parts.items():
            progress(name)
            found += part()
    except (KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{certificate}: not a whole extraction record: {error}") from None
    return found


def _load(certificate: Path_) -> dict[str, Any]:
    path = Path(certificate)
    with path.open("rb") as file:
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise FormatError(f"{path}: longer than {_LONGEST} bytes, so no certificate of an extraction")
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{path}: expected a certificate, as `qrng extract --certificate` writes it: {error}"
        ) from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise FormatError(f"{path}: expected a certificate: a JSON object with schema {SCHEMA}")
    return record


def _signature(record: dict[str, Any], public_key: Path_ | None) -> list[Check]:
    wanted = None if public_key is None else public_key_of(public_key)
    try:
        found = signer(record)
    except FormatError as error:
        return [Check("signature", "failed", str(error))]
    if found is None:
        return [] if wanted is None else [Check("signature", "failed", "the certificate is not signed")]
    if wanted is None:
        return [Check("signature", "not checked", f"of this record, by {found}; give the signer's --public-key")]
    return [compare("signature", found == wanted, f"by {found}" if found == wanted else f"by {found}, not this key")]


def _hash(name: str, path: Path_ | None, wanted: str) -> Check:
    if path is None:
        return Check(name, "not checked", f"give the file whose SHA-256 should be {wanted}")
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return compare(name, digest.hexdigest() == wanted, f"SHA-256 of {path}")


def _seed(record: dict[str, Any], seed: Path_ | None) -> Check:
    if record["seed"] is None:
        return Check("seed", "not checked", "this extractor takes none")
    return _hash("seed", seed, record["seed"]["sha256"])


def _extractor(record: dict[str, Any]) -> Any:
    plan = record["extractor"]
    return extractor_class(plan["extractor"])(plan["n"], plan["m"], **plan.get("parameters", {}))


def _plan(record: dict[str, Any]) -> Check:
    """The output length that the claim and the error allow, computed anew."""
    plan = record["extractor"]
    claim = _claim(record)
    if claim is None or record["seed"] is None:
        return Check("plan", "not checked", "no distance from uniform is claimed")
    kind = extractor_class(plan["extractor"])
    try:
        costs = plan["costs"]
        reduced = less(claim, plan["n"], _said_allowance(record))
        m = kind.plan(plan["n"], min_entropy=reduced, log2_error=plan["log2_error"], blocks=record["blocks"], **costs).m
    except ParameterError as error:
        return Check("plan", "failed", str(error))
    return compare("plan", plan["m"] <= m, f"the claim allows {m} bits a block at this error, {plan['m']} were taken")


def _said_allowance(record: dict[str, Any]) -> Allowance | None:
    said = record["allowance"]
    if said is None:
        return None
    return Allowance(said["bits"], said["log2_evidence"], said["symbols"], said["taken_off"])


def _allowance(record: dict[str, Any], beside: Beside) -> list[Check]:
    """What a bias may hide in a block under the health tests of this version, computed anew."""
    said = _said_allowance(record)
    if said is None:
        return []
    health, data = record["health"], record["input"]
    try:
        found = Allowance.for_block(
            record["extractor"]["n"],
            claim_bits=health["claim"],
            bits_per_symbol=data["bits_per_symbol"],
            lanes=data["lanes"] - len(health["dropped_lanes"]),
            run_length_log2=health["run_length_log2"],
            **beside.options,
        )
    except ParameterError as error:  # tests that such a capture can't have had
        return [Check("allowance", "failed", str(error))]
    bits = 0 if found is None else found.bits
    what = "and took them off the claim" if said.taken_off else "and left them to the claim"
    detail = f"a weak bias may hide {bits} bits a block; the extraction counted {said.bits}, {what}"
    return [compare("allowance", said.bits >= bits, detail)]


def _claim(record: dict[str, Any]) -> EntropyClaim | None:
    said = record["claim"]
    if said is None:
        return None
    error = said["log2_error"]
    return EntropyClaim(
        said["bits_per_sample"],
        -math.inf if error == "-inf" else error,
        tuple(said["assumptions"]),
        said["reference"],
        said["bits_per_symbol"],
        said.get("weakest_lane"),
        said.get("symbols"),
    )


def _input(record: dict[str, Any], raw: Path_) -> Input:
    said = record["input"]
    source = Input(os.fspath(raw), said["layout"], said["bits_per_symbol"], said["lanes"])
    source.without = tuple(record["health"]["dropped_lanes"])
    return source


def _models(record: dict[str, Any], models: Iterable[Path_]) -> tuple[Beside, list[Check]]:
    """What was tested beside, as far as it is here, and a check of each model that the record names or is given."""
    health = record["health"]
    side, every_bit = health["side_data"], health["every_bit"]
    missing = {said["sha256"]: said["kind"] for said in health["models"]}
    fit: list[Path_] = []
    checks: list[Check] = []
    for path in models:
        try:
            (found,) = Beside.of([path]).models
        except HealthFailure as error:
            checks.append(Check("model", "failed", str(error)))
            continue
        named = missing.pop(found["sha256"], None)
        what = f"SHA-256 of {path}" if named else f"the record names no model with the SHA-256 of {path}"
        checks.append(compare("model", named is not None, what))
        if named:
            fit.append(path)
    for sha256, kind in missing.items():
        detail = f"give the {kind} model whose SHA-256 should be {sha256}: the health tests ran without it"
        checks.append(Check("model", "not checked", detail))
    return Beside.of(fit, side, every_bit), checks


def _health(record: dict[str, Any], raw: Path_ | None, beside: Beside) -> Check:
    if raw is None:
        return Check("health", "not checked", "give the raw bits to run the health tests again")
    source = _input(record, raw)
    try:
        with source.open() as capture:
            said = record["input"]
            report = scan(
                [capture.read_all()] if beside.side_data else capture.chunks(),
                claim=record["health"]["claim"],
                bits_per_symbol=said["bits_per_symbol"],
                lanes=said["lanes"],
                without=source.without,
                **beside.options,
            )
    except (ParameterError, HealthFailure) as error:  # a capture without those side data, or of another shape
        return Check("health", "failed", str(error))
    finally:
        source.close()
    return compare("health", str(report.state) == "OK" and report.passed, report.summary())


def _again(record: dict[str, Any], raw: Path_ | None, seed: Path_ | None) -> Check:
    """The whole extraction once more."""
    if record["seed"] is None:
        return Check("recomputed output", "not checked", "a seedless extraction is repeated by running it again")
    if raw is None or seed is None:
        return Check("recomputed output", "not checked", "give the raw bits and the seed to extract again")
    chosen = _extractor(record)
    held = bytearray(Path(seed).read_bytes())
    source = _input(record, raw)
    digest = hashlib.sha256()
    try:
        for part in extracted(source, chosen, held, record["blocks"], lambda what, n: None):
            digest.update(part)
    except QrngError as error:
        return Check("recomputed output", "failed", str(error))
    finally:
        wipe(held)
        source.close()
    same = digest.hexdigest() == record["output"]["sha256"]
    return compare("recomputed output", same, "SHA-256 of the output extracted again")
