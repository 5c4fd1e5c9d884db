"""The registry: names and order of the reports, shortest sequences, parameters."""

import numpy as np

import nist_sts
from nist_sts import TESTS
from qrng.samples import Samples

SHORTEST = {  # corrected mode, default parameters: docs/reference/sts.md has the same table
    "frequency": 100,
    "block_frequency": 128,
    "cumulative_sums": 100,
    "runs": 100,
    "longest_run": 1000,
    "rank": 38_912,
    "dft": 1000,
    "non_overlapping_template": 8256,
    "overlapping_template": 73_272,
    "universal": 387_840,
    "approximate_entropy": 65_536,
    "random_excursions": 1000,
    "random_excursions_variant": 1000,
    "serial": 524_288,
    "linear_complexity": 240_000,
}


def zeros(n: int) -> Samples:
    return Samples(np.zeros(-(-n // 8), np.uint8), n)


def test_fifteen_tests_in_the_order_of_nists_report() -> None:
    assert list(TESTS) == list(SHORTEST)


def test_each_test_is_silent_one_bit_below_its_shortest_sequence() -> None:
    for name, n in SHORTEST.items():
        test = TESTS[name]
        assert test.minimum("corrected", test.parameters) == n
        short = nist_sts.run(zeros(n - 1), tests=[name]).test(name)
        assert short.p_values == ((None,) * len(short.rows),)
        assert short.reason == f"needs n ≥ {n:,}"
        judged = nist_sts.run(zeros(n), tests=[name]).test(name)
        assert judged.reason is None or not judged.reason.startswith("needs n")


def test_nist_mode_judges_what_its_document_allows() -> None:
    other = {"longest_run": 128, "non_overlapping_template": 20_544, "linear_complexity": 100_000}
    for name, n in (SHORTEST | other).items():
        assert TESTS[name].minimum("nist", TESTS[name].parameters) == n


def test_labels_match_the_p_values() -> None:
    report = nist_sts.run(bytes(range(256)) * 500)
    counts = {test.name: len(test.rows) for test in report.tests}
    assert sum(counts.values()) == 188
    assert counts["non_overlapping_template"] == 148
    assert [row.label for row in report.test("random_excursions").rows] == [
        f"x = {x:+d}" for x in (-4, -3, -2, -1, 1, 2, 3, 4)
    ]
