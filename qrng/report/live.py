"""What a running generator shows of itself: figures for `qrng monitor`, and the same as Prometheus text.

The text format is Prometheus' exposition format, version 0.0.4: a node exporter's textfile collector takes it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qrng.claim import EntropyClaim
from qrng.health.states import State
from qrng.rbg import RandomBitGenerator
from qrng.report.measures import ones_by_position
from qrng.samples import Samples
from qrng.source import Source

__all__ = ["Snapshot", "Tapped", "prometheus", "snapshot"]

_LOOK = 1 << 16
"""Symbols of a read whose ones are counted by lane."""


class Tapped(Source):
    """A source that counts what is read from it; nothing of the raw bits is kept but their sums.

    Attributes:
        symbols: read so far.
        ones: share of ones in each lane, over the first 2^16 symbols of the latest read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.spec, self.bits_per_symbol, self.lanes = source.spec, source.bits_per_symbol, source.lanes
        self.finite, self.simulated, self.reproducible = source.finite, source.simulated, source.reproducible
        self.side_names = source.side_names
        self.symbols = 0
        self.ones: tuple[float, ...] = ()

    def read(self, count: int) -> Samples:
        """As the source's."""
        samples = self._source.read(count)
        self.symbols += samples.count
        look = samples.slice(0, min(samples.count, _LOOK))
        self.ones = tuple(float(share) for share in ones_by_position(look).mean(axis=1))
        look.wipe()
        return samples

    def provenance(self) -> dict[str, Any]:
        """As the source's."""
        return self._source.provenance()

    def whole(self) -> Iterator[Samples] | None:
        """As the source's."""
        return self._source.whole()

    def recording(self) -> Samples | None:
        """As the source's."""
        return self._source.recording()

    def claim(self) -> EntropyClaim | None:
        """As the source's."""
        return self._source.claim()

    def reopen(self) -> None:
        """As the source's."""
        self._source.reopen()

    def close(self) -> None:
        """As the source's."""
        self._source.close()


@dataclass(frozen=True)
class Snapshot:
    """One look at a running generator.

    Attributes:
        source: spec of the source.
        simulated: its randomness is computed.
        state: of the gate; OK for a capture that was tested whole.
        claim: bits of min-entropy a symbol of `bits_per_symbol` bits.
        raw_bits, output_bytes: since the start.
        raw_rate, output_rate: raw bits and output bytes a second since the look before.
        pool_bytes, held_bits: output not yet given, raw bits in quarantine.
        evidence: log2 of the evidence that each e-detector holds.
        alarm_from, suspect_from: log2 of the evidence at which it alarms, and at which the state is SUSPECT.
        alarms: so far.
        blocks_used, blocks_allowed: of the error budget.
        ones: share of ones by lane in the latest read.
    """

    source: str
    simulated: bool
    state: str
    claim: float
    bits_per_symbol: int
    raw_bits: int
    raw_rate: float
    output_bytes: int
    output_rate: float
    pool_bytes: int
    held_bits: int
    evidence: dict[str, float]
    alarm_from: float | None
    suspect_from: float | None
    alarms: int
    blocks_used: int
    blocks_allowed: int
    ones: tuple[float, ...]


def snapshot(generator: RandomBitGenerator, tapped: Tapped, seconds: float, before: Snapshot | None = None) -> Snapshot:
    """The figures of `generator`, which reads from `tapped`, `seconds` after the look `before`."""
    status = generator.status()
    health = status["health"]
    raw_bits = tapped.symbols * tapped.bits_per_symbol
    raw_before, output_before = (before.raw_bits, before.output_bytes) if before else (0, 0)
    return Snapshot(
        source=tapped.spec,
        simulated=tapped.simulated,
        state=health["state"],
        claim=generator.provenance()["claim"]["bits_per_sample"],
        bits_per_symbol=tapped.bits_per_symbol,
        raw_bits=raw_bits,
        raw_rate=(raw_bits - raw_before) / seconds if seconds > 0 else 0.0,
        output_bytes=status["delivered_bytes"],
        output_rate=(status["delivered_bytes"] - output_before) / seconds if seconds > 0 else 0.0,
        pool_bytes=status["pool_bytes"],
        held_bits=health.get("held_bits", 0),
        evidence=health.get("evidence", {}),
        alarm_from=health.get("run_length_log2"),
        suspect_from=health.get("suspect_from"),
        alarms=len(health.get("alarms", ())),
        blocks_used=status["blocks_used"],
        blocks_allowed=status["blocks_allowed"],
        ones=tapped.ones,
    )


def prometheus(look: Snapshot) -> str:
    """The figures in Prometheus' text format, one labelled sample a line."""
    source = {"source": look.source}
    lines: list[str] = []

    def metric(name: str, kind: str, what: str, *values: tuple[dict[str, str], float]) -> None:
        lines.append(f"# HELP qrng_{name} {what}")
        lines.append(f"# TYPE qrng_{name} {kind}")
        for labels, value in values:
            inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in (source | labels).items())
            lines.append(f"qrng_{name}{{{inside}}} {value:.17g}")

    states = [({"state": str(state)}, float(state == look.state)) for state in State]
    metric("source_simulated", "gauge", "1 if the randomness is computed, not measured.", ({}, look.simulated))
    metric("health_state", "gauge", "1 for the state in force.", *states)
    metric("claim_bits", "gauge", "Claimed min-entropy of a symbol in bits.", ({}, look.claim))
    metric("raw_bits_total", "counter", "Raw bits read.", ({}, look.raw_bits))
    metric("output_bytes_total", "counter", "Bytes delivered.", ({}, look.output_bytes))
    metric("pool_bytes", "gauge", "Output made and not yet delivered.", ({}, look.pool_bytes))
    metric("quarantine_bits", "gauge", "Raw bits held back until what follows is tested.", ({}, look.held_bits))
    metric("alarms_total", "counter", "Health alarms.", ({}, look.alarms))
    metric("blocks_used_total", "counter", "Blocks of the error budget spent.", ({}, look.blocks_used))
    evidence = [({"test": name}, value) for name, value in look.evidence.items()]
    metric("evidence_log2", "gauge", "log2 of the evidence against the claim that a test holds.", *evidence)
    if look.alarm_from is not None:
        metric("evidence_alarm_log2", "gauge", "log2 of the evidence at which a test alarms.", ({}, look.alarm_from))
    lanes = [({"lane": str(k)}, share) for k, share in enumerate(look.ones)]
    metric("lane_ones_ratio", "gauge", "Share of ones in a lane in the latest read.", *lanes)
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
