"""A side channel that no test of the bits can see: SIMULATED homodyne detection with a laser that leaks into it.

python examples/side_channel.py
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import qrng
from qrng.errors import HealthAlarm
from qrng.health import scan

BITS = 200_000
LEAK = 0.5  # of the laser's noise, in units of the vacuum's


class LeakyHomodyne(qrng.Source):
    """Sign of vacuum noise plus a share of the laser's noise, which a monitor diode records beside each bit."""

    spec, simulated, side_names = "leakyhomodyne:", True, ("laser_monitor",)

    def __init__(self) -> None:
        self._next, self._device = 0, np.random.default_rng()

    def read(self, count: int) -> qrng.Samples:
        """The next `count` bits, with the diode's readings."""
        vacuum, laser = self._device.standard_normal((2, count))
        self._next += count
        signs = (vacuum + LEAK * laser > 0).astype(np.uint8)
        return qrng.Samples.from_symbols(signs, first=self._next - count, side_data={"laser_monitor": laser})

    def provenance(self) -> dict[str, Any]:
        """What goes into reports."""
        return {"source": "leaky homodyne", "simulated": self.simulated, "true shot order": True}


def verdict(samples: qrng.Samples, claim: float, *side_data: str) -> str:
    """The first alarm of the health tests, or that there is none."""
    report = scan([samples], bits_per_symbol=1, lanes=1, claim=claim, side_data=side_data)
    return report.summary()


if __name__ == "__main__":
    print("SIMULATED: vacuum, laser and diode are computed.")
    device = LeakyHomodyne()
    samples = device.read(BITS)
    claim = qrng.assess(samples).claim.bits_per_sample
    print(f"  by SP 800-90B       {claim:.2f} bits of min-entropy a bit")
    print(f"  default tests       {verdict(samples, claim)}")
    print(f"  with the diode      {verdict(samples, claim, 'laser_monitor')}")
    guessed = float(((samples.side_data["laser_monitor"] > 0) == samples.symbols()).mean())
    ideal = 0.5 + math.atan(LEAK) / math.pi  # the share of normal pairs (v, l) for which l and v + LEAK l agree in sign
    print(f"  guessed by it       {guessed:.1%} of the bits; the model says {ideal:.1%}")
    print(f"  what remains        {-math.log2(ideal):.2f} bits a bit, for somebody who reads the diode")
    with qrng.RandomBitGenerator(device, claim=claim) as rbg:
        key, state = rbg.random_bytes(8).hex(), rbg.status()["health"]["state"]
        print(f"  a generator on it   {key}, {state}: it isn't told of the diode")
    with qrng.RandomBitGenerator(device, claim=claim, side_data=["laser_monitor"]) as rbg:
        try:
            print(f"  told of the diode   {rbg.random_bytes(8).hex()}")
        except HealthAlarm as alarm:
            print(f"  told of the diode   no byte. {str(alarm).partition(', ')[0]}")
