"""Min-entropy from physics: each bound states what must be trusted, its error and the paper it comes from.

| module | trusted | not trusted |
|---|---|---|
| trusted_qubit | preparation, gates, measurement up to classical readout noise | the readout noise of each shot |
| source_independent | the two measurements | the state |
| chsh, entropy_accumulation, probability_estimation | two qubits don't signal; random settings | states, measurements |
| mermin | the same for three qubits, runs independent | state and measurements |
| dimension_witness | one qubit carries the message; preparation and measurement share nothing | both devices |
| homodyne | the receiver's variances, range and bandwidth | the classical noise of each sample |
| arrival_time, poisson_parity | a Poisson source, the dead time | when the detector was last dead |
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
