"""Source-independent randomness: trusted measurements in two bases, any state.

Cao, Zhou, Yuan and Ma, Phys. Rev. X 6, 011020 (2016). Rounds measured in X, chosen at random, bound the phase error of
those measured in Z; the random sampling bound is that of Fung, Ma and Chau, Phys. Rev. A 81, 012318 (2010):

    ε_θ = [q(1−q) e(1−e) N]^(−1/2) 2^(−N ξ(θ)),  ξ = h(e+θ−qθ) − q h(e) − (1−q) h(e+θ),  q = n_x / N

and the Z rounds hold n_z (1 − h(e+θ)) bits of min-entropy, smoothed by √ε_θ. The choice of bases costs log2 C(N, n_x).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import binary_entropy, check_error
from qrng.errors import EntropyError, ParameterError

__all__ = ["SourceIndependent", "deviation", "source_independent"]


def deviation(rounds: int, x_rounds: int, error_rate: float, log2_failure: float) -> float:
    """θ: how far the phase error of the Z rounds may exceed the `error_rate` of the X rounds.

    Returns:
        θ in (0, 1/2 − e], found by bisection and rounded up; 1/2 − e where the data can't say better.
    """
    q, e = x_rounds / rounds, error_rate

    def log2_epsilon(theta: float) -> float:
        xi = binary_entropy(e + theta - q * theta) - q * binary_entropy(e) - (1 - q) * binary_entropy(e + theta)
        return -0.5 * math.log2(q * (1 - q) * e * (1 - e) * rounds) - rounds * xi

    low, high = 0.0, 0.5 - e
    if log2_epsilon(high) > log2_failure:
        return high
    while high - low > 1e-15:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if log2_epsilon(middle) > log2_failure:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True)
class SourceIndependent:
    """What a run with random X and Z measurements is worth.

    Attributes:
        z_rounds: rounds that give raw bits.
        error_rate: of the X rounds, at least 1 / n_x.
        theta: the deviation θ.
        min_entropy: n_z (1 − h(e+θ)) in bits, smoothed by 2^(log2_failure / 2).
        seed_bits: log2 C(N, n_x), spent on the choice of bases.
        log2_failure: log2 ε_θ.
    """

    z_rounds: int
    error_rate: float
    theta: float
    min_entropy: float
    seed_bits: float
    log2_failure: float

    def output_bits(self, log2_hash_error: float = -100.0) -> float:
        """K = n_z (1 − h(e+θ)) − t_e: bits after hashing, t_e = −log2_hash_error; see `log2_output_error`."""
        return self.min_entropy + log2_hash_error

    def log2_output_error(self, log2_hash_error: float = -100.0) -> float:
        """log2 of the trace distance √(f (2 − f)) of K bits, f = ε_θ + 2^−t_e."""
        f = 2.0**self.log2_failure + 2.0**log2_hash_error
        return 0.5 * math.log2(f * (2 - f))

    @property
    def net_bits(self) -> float:
        """Min-entropy less the seed; negative where the choice of bases costs more than it brings."""
        return self.min_entropy - self.seed_bits

    @property
    def claim(self) -> EntropyClaim:
        """Per Z round; log2_error is that of twice the smoothing √ε_θ, as a distance.

        Raises:
            EntropyError: no min-entropy, or less than the seed that chose the bases.
        """
        if self.min_entropy <= 0:
            raise EntropyError(f"source-independent: an X error rate of {self.error_rate:.4f} leaves no min-entropy")
        if self.net_bits <= 0:
            raise EntropyError(
                f"source-independent: {self.min_entropy:.1f} bits are less than the {self.seed_bits:.1f} bits of seed "
                "that chose the bases: net negative. Measure more rounds, or a smaller share of them in X"
            )
        return EntropyClaim(
            self.min_entropy / self.z_rounds,
            min(0.0, 1 + 0.5 * self.log2_failure),
            (
                "the X and Z measurements act on one qubit each, are complementary, and are trusted",
                "the X rounds are chosen at random among all rounds, unknown to the source",
                "losses don't depend on the basis",
                "counted over all Z rounds of the run together",
            ),
            "Cao, Zhou, Yuan, Ma, Phys. Rev. X 6, 011020 (2016)",
            symbols=self.z_rounds,
        )


def source_independent(rounds: int, x_rounds: int, x_errors: int, log2_failure: float = -100.0) -> SourceIndependent:
    """Account for a run of `rounds` rounds, `x_rounds` of them measured in X with `x_errors` unexpected results.

    Args:
        log2_failure: log2 ε_θ, the probability that the sampling deceives.

    Raises:
        ParameterError: counts that don't fit.
    """
    if not 0 < x_rounds < rounds or not 0 <= x_errors <= x_rounds:
        raise ParameterError("source-independent: 0 < x_rounds < rounds and 0 <= x_errors <= x_rounds must hold")
    check_error(log2_failure)
    e = max(x_errors, 1) / x_rounds  # no error seen is no proof: e = 0 would make ε_θ diverge
    z_rounds = rounds - x_rounds
    theta = deviation(rounds, x_rounds, e, log2_failure) if e < 0.5 else 0.0
    seed = (math.lgamma(rounds + 1) - math.lgamma(x_rounds + 1) - math.lgamma(z_rounds + 1)) / math.log(2)
    entropy = z_rounds * (1 - binary_entropy(min(0.5, e + theta)))
    return SourceIndependent(z_rounds, e, theta, entropy, seed, log2_failure)
