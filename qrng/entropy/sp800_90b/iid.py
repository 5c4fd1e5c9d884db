"""IID track, SP 800-90B section 5: tests for samples that are independent and identically distributed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from qrng.entropy.sp800_90b.chi_square import ChiSquare, goodness_of_fit, independence
from qrng.entropy.sp800_90b.permutation import ROUNDS, PermutationTest, permutation_test
from qrng.entropy.sp800_90b.repeated_substring import RepeatedSubstring, repeated_substring_test
from qrng.entropy.sp800_90b.sequence import literal
from qrng.samples import Samples

__all__ = ["IidVerdict", "test"]


@dataclass(frozen=True)
class IidVerdict:
    """Results of the four tests; `passed` only if all of them passed."""

    permutation: PermutationTest
    independence: ChiSquare
    goodness_of_fit: ChiSquare
    repeated_substring: RepeatedSubstring

    @property
    def passed(self) -> bool:
        """May the IID track be used?"""
        return not self.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the tests and values that failed; values that were left open are not among them."""
        failed = [value.name for value in self.permutation.ranked if value.passed is False]
        failed += [test.name for test in (self.independence, self.goodness_of_fit) if not test.passed]
        return tuple(failed + ([] if self.repeated_substring.passed else ["longest_repeated_substring"]))

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form, with the seed that repeats the permutation tests."""
        return {
            "passed": self.passed,
            "failures": list(self.failures),
            "seed": self.permutation.seed,
            "rounds": self.permutation.rounds,
            "permutation": [{**asdict(value), "passed": value.passed} for value in self.permutation.ranked],
            "chi_square": [
                {**asdict(test), "passed": test.passed} for test in (self.independence, self.goodness_of_fit)
            ],
            "longest_repeated_substring": asdict(self.repeated_substring),
        }


def test(
    samples: Samples,
    *,
    seed: int | None = None,
    rounds: int = ROUNDS,
    workers: int = 1,
    exhaustive: bool = False,
    progress: Callable[[int], None] | None = None,
) -> IidVerdict:
    """Run the tests of section 5 over all samples, the permutation tests last and only as far as the verdict needs.

    Args:
        samples: symbols of 1 to 8 bits, of at least two kinds.
        seed: 64 bits that name the shuffles; None draws one.
        rounds: shuffles at most.
        workers: threads.
        exhaustive: rank every permutation value in all rounds, whatever is settled.
        progress: called with how many of the 19 permutation values are settled.
    """
    sequence = literal(samples)
    others = independence(sequence), goodness_of_fit(sequence), repeated_substring_test(sequence)
    permutation = permutation_test(
        sequence,
        samples.symbols(),
        seed=seed,
        rounds=rounds,
        workers=workers,
        exhaustive=exhaustive,
        known_to_fail=not all(other.passed for other in others),
        progress=progress,
    )
    return IidVerdict(permutation, *others)
