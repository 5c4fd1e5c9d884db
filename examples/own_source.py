"""A noise source of your own in thirty lines: single photons at a beam splitter, SIMULATED here.

python examples/own_source.py
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import qrng


class BeamSplitter(qrng.Source):
    """Which detector clicked: one bit a photon."""

    spec, simulated = "beamsplitter:", True

    def __init__(self, reflected: float = 0.51) -> None:
        self._reflected, self._next = reflected, 0
        self._device = np.random.default_rng()  # here you would open your device

    def read(self, count: int) -> qrng.Samples:
        """The next `count` bits. SourceError if the device fails; never fewer, never made up."""
        clicks = self._device.random(count) < self._reflected
        self._next += count
        return qrng.Samples.from_symbols(clicks.astype(np.uint8), first=self._next - count)

    def claim(self) -> qrng.EntropyClaim:
        """What the physics gives for each bit, and on what conditions."""
        return qrng.EntropyClaim(
            -math.log2(max(self._reflected, 1 - self._reflected)),
            None,
            ("one photon at a time", "the splitter's ratio was measured and does not drift", "clicks are independent"),
            "Born's rule at a beam splitter",
        )

    def provenance(self) -> dict[str, Any]:
        """What goes into reports."""
        return {"source": "beam splitter", "simulated": self.simulated, "true shot order": True}


if __name__ == "__main__":
    print("SIMULATED: the photons are computed.")
    assessment = qrng.assess(BeamSplitter().read(100_000))
    physics = BeamSplitter().claim().bits_per_sample
    print(f"  by its physics      {physics:.2f} bits of min-entropy a photon")
    print(f"  by SP 800-90B       {assessment.claim.bits_per_sample:.2f}, statistics on 100000 bits")
    with qrng.RandomBitGenerator(BeamSplitter()) as rbg:
        print(f"  a key from it       {rbg.random_bytes(16).hex()}")
        print(f"  health              {rbg.status()['health']['state']}")
