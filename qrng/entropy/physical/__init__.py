"""Min-entropy from physics: each bound states what must be trusted, its error and the paper it comes from.

For each module what is trusted, and what is not:

- trusted_qubit: preparation, gates, measurement but for readout noise; not trusted: the readout noise of each shot
- source_independent: the two measurements; not trusted: the state
- chsh, entropy_accumulation, probability_estimation: no signalling, random settings; not trusted: the devices
- mermin: the same for three qubits, runs independent; not trusted: state and measurements
- dimension_witness: one qubit carries the message; preparation and measurement share nothing; not trusted: both devices
- homodyne: the receiver's variances, range and bandwidth; not trusted: the classical noise of each sample
- arrival_time, poisson_parity: a Poisson source, the dead time; not trusted: when the detector was last dead
"""

from __future__ import annotations

from qrng.entropy.physical.arrival_time import arrival_time
from qrng.entropy.physical.chsh import BellCounts, chsh
from qrng.entropy.physical.dimension_witness import dimension_witness
from qrng.entropy.physical.entropy_accumulation import entropy_accumulation
from qrng.entropy.physical.homodyne import homodyne, homodyne_worst_case
from qrng.entropy.physical.mermin import mermin
from qrng.entropy.physical.photon_rate import rate_limits
from qrng.entropy.physical.poisson_parity import poisson_parity
from qrng.entropy.physical.probability_estimation import EstimationFactors, probability_estimation
from qrng.entropy.physical.source_independent import SourceIndependent, source_independent
from qrng.entropy.physical.trusted_qubit import TrustedLanes, trusted_lanes, trusted_qubit

__all__ = [
    "BellCounts",
    "EstimationFactors",
    "SourceIndependent",
    "TrustedLanes",
    "arrival_time",
    "chsh",
    "dimension_witness",
    "entropy_accumulation",
    "homodyne",
    "homodyne_worst_case",
    "mermin",
    "poisson_parity",
    "probability_estimation",
    "rate_limits",
    "source_independent",
    "trusted_lanes",
    "trusted_qubit",
]
