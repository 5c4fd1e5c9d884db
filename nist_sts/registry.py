"""The tests of the battery, in the order of SP 800-22's reports. A new test: its file, and one line here."""

from __future__ import annotations

from nist_sts import (
    approximate_entropy,
    block_frequency,
    cumulative_sums,
    dft,
    frequency,
    linear_complexity,
    longest_run,
    non_overlapping_template,
    overlapping_template,
    random_excursions,
    random_excursions_variant,
    rank,
    runs,
    serial,
    universal,
)
from nist_sts.base import StatisticalTest
from qrng.errors import ParameterError

__all__ = ["TESTS", "select"]

TESTS: dict[str, StatisticalTest] = {
    test.name: test
    for test in (
        frequency.TEST,
        block_frequency.TEST,
        cumulative_sums.TEST,
        runs.TEST,
        longest_run.TEST,
        rank.TEST,
        dft.TEST,
        non_overlapping_template.TEST,
        overlapping_template.TEST,
        universal.TEST,
        approximate_entropy.TEST,
        random_excursions.TEST,
        random_excursions_variant.TEST,
        serial.TEST,
        linear_complexity.TEST,
    )
}


def select(names: list[str] | tuple[str, ...] | None) -> list[StatisticalTest]:
    """The tests of these names, in the order of the registry; all of them for None."""
    if names is None:
        return list(TESTS.values())
    unknown = [name for name in names if name not in TESTS]
    if unknown:
        raise ParameterError(f"no test named {unknown[0]!r}: choose from {', '.join(TESTS)}")
    if not names:
        raise ParameterError("no test was chosen")
    return [test for name, test in TESTS.items() if name in names]
