"""P-values of corrected mode on good sequences: uniform, and below 0.01 as often as they say. Run by `make trial`."""

import numpy as np
import pytest

import nist_sts
from qrng.samples import Samples

SEQUENCES = 10_000

LATTICE = {  # what few values of a statistic add to the Kolmogorov-Smirnov distance, by length
    100_000: {"frequency": 0.006, "cumulative_sums": 0.006, "rank": 0.035, "dft": 0.012, "block_frequency": 0.004},
    1_000_000: {"rank": 0.005, "dft": 0.004},
}


def good(n: int):
    generator = np.random.Generator(np.random.PCG64(2022))
    for _ in range(SEQUENCES):
        yield Samples(np.frombuffer(generator.bytes(n // 8), np.uint8), n)


def distance(p_values: list[float]) -> float:
    """Kolmogorov and Smirnov's distance to the uniform law."""
    p = np.sort(p_values)
    steps = np.arange(p.size + 1) / p.size
    return float(max(np.max(steps[1:] - p), np.max(p - steps[:-1])))


@pytest.mark.trial
@pytest.mark.parametrize("n", [100_000, 1_000_000])
def test_corrected_p_values_of_good_sequences_are_uniform(n: int) -> None:
    report = nist_sts.run(good(n), length=n, sequences=SEQUENCES, workers=2)
    wrong = []
    for test in report.tests:
        if test.passed is None:
            continue
        low = total = 0
        distances = []
        for k, row in enumerate(test.rows):
            column = [p for values in test.p_values if (p := values[k]) is not None]
            # P(distance > 2.5 / sqrt s) = 7e-6 for one of 188 columns
            allowed = 2.5 / np.sqrt(len(column)) + LATTICE[n].get(test.name, 0.0)
            distances.append((distance(column), allowed, row.label))
            low += sum(p < 0.01 for p in column)
            total += len(column)
        worst = max(distances, key=lambda found: found[0] / found[1])
        rate = low / total
        print(f"n = {n:9,} {test.name:27} KS {worst[0]:.4f} (allowed {worst[1]:.4f})  p < .01: {rate:.4f}")
        if worst[0] > worst[1] or not 0.006 <= rate <= 0.014:
            wrong.append(test.name)
    assert not wrong
    assert report.passed


@pytest.mark.trial
def test_family_verdict_fails_good_data_at_most_as_often_as_it_says() -> None:
    """2,000 reports of one good sequence of 2^16 bits: at most 1 % fail, within six standard deviations."""
    generator = np.random.Generator(np.random.PCG64(79))
    failed = sum(not nist_sts.run(generator.bytes(8192)).passed for _ in range(2000))
    print(f"family verdict: {failed} of 2000 good sequences failed")
    assert failed <= 20 + 6 * np.sqrt(20)
