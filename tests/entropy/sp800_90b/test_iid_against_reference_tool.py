"""Odd sequences through the IID tests of the reference tool, where QRNG_PEER_EA_IID names a built ea_iid."""

import os
import re
import subprocess

import numpy as np
import pytest

from qrng.entropy.sp800_90b.chi_square import goodness_of_fit, independence
from qrng.entropy.sp800_90b.permutation import permutation_test
from qrng.entropy.sp800_90b.repeated_substring import repeated_substring_test
from qrng.entropy.sp800_90b.sequence import literal
from qrng.samples import Samples

rng = np.random.default_rng(78)

IID = {
    "alphabet with wide gaps": np.array([3, 17, 40, 200, 255])[rng.integers(0, 5, 5000)],
    "two symbols in a wide word": np.array([5, 250])[rng.integers(0, 2, 5000)],
    "two symbols far from even": np.where(rng.random(5003) < 0.03, 255, 100),
    "bits, length not divisible by 8": rng.integers(0, 2, 5001),
    "5000 of three symbols": rng.integers(0, 3, 5000),
    "129 symbols": rng.integers(0, 129, 60_000),
    "skewed": np.minimum(rng.geometric(0.3, 5000), 200),
    "half a million bits": rng.integers(0, 2, 500_000),
}
DEPENDENT = {
    "long repeat": np.tile(rng.integers(0, 256, 1500)[:1000], 3),  # the tool aborts where p_col^W underflows
    "periodic": np.arange(4001) % 7,
    "walk": np.cumsum(rng.integers(0, 2, 4000) * 2 - 1) % 97,
    "bits that stick": np.cumsum(rng.random(4000) < 0.3) % 2,
    "zeros, then noise": np.concatenate([np.zeros(2000, int), rng.integers(0, 2, 2000)]),
    "runs": np.repeat(rng.integers(0, 5, 400), rng.integers(1, 20, 400)),
}

NAMES = {
    "numDirectionalRuns": "directional_runs",
    "lenDirectionalRuns": "longest_directional_run",
    "numIncreasesDecreases": "increases_decreases",
    "numRunsMedian": "median_runs",
    "lenRunsMedian": "longest_median_run",
    "avgCollision": "average_collision",
    "maxCollision": "maximum_collision",
}


@pytest.mark.trial
@pytest.mark.parametrize("name", [*IID, *DEPENDENT])
def test_values_and_verdicts_agree(name, tmp_path):
    tool = os.environ.get("QRNG_PEER_EA_IID")
    if not tool:
        pytest.skip("QRNG_PEER_EA_IID is not set: the reference tool is not here")
    symbols = (IID | DEPENDENT)[name].astype(np.uint8)
    symbols.tofile(tmp_path / "symbols.bin")
    printed = subprocess.run(
        [tool, "-i", "-a", "-v", "-v", str(tmp_path / "symbols.bin")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ).stdout

    samples = Samples.from_symbols(symbols, int(symbols.max()).bit_length())
    sequence = literal(samples)
    permutation = permutation_test(sequence, samples.symbols(), seed=1)
    own = {ranked.name: ranked.value for ranked in permutation.ranked}
    for title, value in re.findall(r"Unpermuted result (\S+) = (\S+)", printed):
        assert own.pop(NAMES.get(title, title.replace("(", "_").rstrip(")"))) == pytest.approx(float(value), rel=1e-13)
    assert not own
    chi_squares = {"independence": independence(sequence), "goodness of fit": goodness_of_fit(sequence)}
    for title, found in chi_squares.items():
        printed_value = dict(re.findall(rf"Chi square {title}: (T|df|P-value) = (\S+)", printed))
        assert found.degrees_of_freedom == int(printed_value["df"])
        assert found.statistic == pytest.approx(float(printed_value["T"]), rel=1e-12)
        assert found.p_value == pytest.approx(float(printed_value["P-value"]), abs=1e-11)
    repeats = repeated_substring_test(sequence)
    assert repeats.w == int(re.search(r"results: W = (\d+)", printed)[1])

    verdicts = dict(re.findall(r"^(Chi square tests|.*substring test|IID permutation tests): (\w+)", printed, re.M))
    said = {title: verdict == "Passed" for title, verdict in verdicts.items()}
    assert said == {
        "Chi square tests": all(found.passed for found in chi_squares.values()),
        "Length of longest repeated substring test": repeats.passed,
        "IID permutation tests": permutation.passed,
    }
    assert permutation.passed is (name in IID)
