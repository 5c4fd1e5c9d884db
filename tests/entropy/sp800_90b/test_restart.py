import hashlib
import json
import os
from collections import Counter
from math import comb
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from qrng.entropy.sp800_90b import iid
from qrng.entropy.sp800_90b.restart import ALPHA, SIZE, restart, sanity_cutoff, tail, transpose
from qrng.errors import ParameterError
from qrng.samples import Samples

MATRIX = SIZE * SIZE


def matrix(symbols: np.ndarray, width: int) -> Samples:
    return Samples.from_symbols(symbols.ravel(), width)


def noise(width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**width, (SIZE, SIZE))


# Exact cutoffs by H_I, computed independently in exact arithmetic.
CUTOFFS = {0.1: 965, 0.3: 865, 0.5: 769, 0.82: 635, 0.99: 574, 1: 572, 1.25: 492, 1.58: 404, 2: 316, 2.5: 236}
CUTOFFS |= {3: 178, 3.4: 143, 4: 104, 5: 63, 6: 40, 6.5: 33, 7: 27, 7.2: 25, 7.5: 22, 7.8: 20, 7.9: 19, 8: 19}


@pytest.mark.parametrize("h", CUTOFFS)
def test_cutoffs_are_exact(h):
    # The reference tool simulates them: 634, 635 or 636 for .82 from one run to the next.
    assert sanity_cutoff(h) == CUTOFFS[h]


def test_the_tail_of_two_equal_symbols_is_binomial():
    exact = 2 * sum(comb(SIZE, k) for k in range(573, SIZE + 1)) / 2**SIZE
    assert tail(1.0, 572) == pytest.approx(exact, rel=1e-6)
    assert tail(1.0, 572) <= ALPHA < tail(1.0, 571)


def test_the_tail_of_three_symbols_is_multinomial():
    # p = 2^-1.5 twice and the rest once: sum over all counts.
    p = 2.0**-1.5
    rest = 1 - 2 * p
    logs = np.cumsum(np.log(np.arange(1, SIZE + 1)))
    log_factorial = np.concatenate([[0.0], logs])
    below = 0.0
    for a in range(425):
        b = np.arange(max(0, SIZE - a - 424), min(424, SIZE - a) + 1)
        c = SIZE - a - b
        log_p = log_factorial[SIZE] - log_factorial[a] - log_factorial[b] - log_factorial[c]
        below += float(np.exp(log_p + (a + b) * np.log(p) + c * np.log(rest)).sum())
    assert tail(1.5, 424) == pytest.approx(1 - below, rel=1e-4)


def test_every_exact_cutoff_of_the_optional_table():
    folder = os.environ.get("QRNG_TEST_DATA")
    if not folder:
        pytest.skip("QRNG_TEST_DATA is not set: the table is not here")
    table = json.loads((Path(folder) / "golden" / "sp800_90b_exact.json").read_text())["restart"]["table"]
    for row in table:
        assert sanity_cutoff(row["H_I"]) == row["cutoff"]
        assert tail(row["H_I"], row["cutoff"]) == pytest.approx(row["P(max>cutoff)"], rel=1e-4)


def test_columns_are_the_transposed_rows():
    symbols = noise(4)
    assert np.array_equal(transpose(matrix(symbols, 4)).symbols(), symbols.T.ravel())


def test_a_good_source_keeps_the_smallest_of_three_estimates():
    result = restart(matrix(noise(2), 2), 1.9)
    assert result.passed
    assert result.min_entropy == min(result.h_r, result.h_c, 1.9)
    assert max(result.x_max_rows, result.x_max_columns) <= result.cutoff


def test_largest_counts_are_those_of_single_rows_and_columns():
    symbols = noise(3)
    result = restart(matrix(symbols, 3), 3.0)
    assert result.x_max_rows == max(Counter(row.tolist()).most_common(1)[0][1] for row in symbols)
    assert result.x_max_columns == max(Counter(row.tolist()).most_common(1)[0][1] for row in symbols.T)


def test_a_source_that_restarts_alike_fails_in_its_columns():
    alike = np.tile(noise(1)[0], (SIZE, 1))
    result = restart(matrix(alike, 1), 0.9)
    assert result.failures == ("a symbol occurs 1000 times in one of the columns",)
    assert (result.min_entropy, result.h_r, result.x_max_columns) == (0.0, None, SIZE)


def test_estimates_below_half_the_claim_fail():
    walk = np.cumsum(np.random.default_rng(1).integers(0, 2, MATRIX) * 2 - 1) % 64
    result = restart(matrix(walk, 6), 5.0)
    assert not result.passed
    assert result.min_entropy == 0.0


def test_the_iid_track_tests_rows_and_columns(monkeypatch):
    # The reference tool tests the rows twice. The IID tests themselves take minutes on a file that fails them.
    symbols = noise(1)

    def verdict(samples):
        rows = np.array_equal(samples.symbols(), symbols.ravel())
        return SimpleNamespace(failures=() if rows else ("excursion",))

    monkeypatch.setattr(iid, "test", verdict)
    result = restart(matrix(symbols, 1), 0.9, track="iid")
    assert result.failures == ("the columns are not IID (excursion)",)
    assert result.min_entropy == 0.0


def test_an_estimator_that_does_not_apply_is_left_out_by_name():
    # The reference tool takes a t-tuple estimate that does not exist into the minimum.
    symbols = np.arange(MATRIX) % 256
    result = restart(matrix(symbols.reshape(SIZE, SIZE), 8), 0.01)
    left_out = {s.name for kind in result.skipped.values() for s in kind}
    assert left_out <= {"lrs", "t_tuple"}
    assert all(e.min_entropy >= 0 for kind in result.estimators.values() for e in kind)


@pytest.mark.parametrize("h", [0.0, -1.0, 2.1, float("nan")])
def test_a_claim_outside_the_width_is_refused(h):
    with pytest.raises(ParameterError, match="outside"):
        restart(matrix(noise(2), 2), h)


def test_other_sizes_are_refused():
    with pytest.raises(ParameterError, match="1000 restarts"):
        restart(Samples.from_symbols([0, 1] * 100), 0.5)


# As the reference tool prints them.
REFERENCE = [("truerand_8bit.bin", 8, 7.2, 7.865118, 6.638405), ("truerand_1bit.bin", 1, 0.82, 0.829677, 0.849668)]


@pytest.mark.parametrize(("name", "width", "h_i", "h_r", "h_c"), REFERENCE)
def test_reference_samples_get_the_reference_tools_result(name, width, h_i, h_r, h_c, reference_samples):
    result = restart(Samples.from_symbols(reference_samples(name)[0], width), h_i)
    assert result.h_r == pytest.approx(h_r, abs=5e-7)
    assert result.h_c == pytest.approx(h_c, abs=5e-7)
    assert result.min_entropy == pytest.approx(min(h_i, h_r, h_c), abs=5e-7)


def test_the_reference_sample_transposes_to_the_reference_tools_file(reference_samples):
    columns = transpose(Samples.from_symbols(reference_samples("truerand_8bit.bin")[0], 8)).symbols()
    assert (
        hashlib.sha256(columns.tobytes()).hexdigest()
        == "ac5498dbbc39ee915b4dd2e766138d2b6b451ff4a125676759962bb3f26eec27"
    )


def test_a_count_equal_to_the_cutoff_is_no_failure():
    symbols = noise(1)
    cutoff = sanity_cutoff(0.9)
    for ones, failures in ((cutoff, 0), (cutoff + 1, 1)):
        symbols[7] = np.random.default_rng(2).permutation(np.arange(SIZE) < ones)
        result = restart(matrix(symbols, 1), 0.9)
        assert result.x_max_rows == ones
        assert len(result.failures) == failures


def test_exactly_half_the_claim_is_the_limit():
    """Bits that stick with probability 0.7 are even in every row, and worth some 0.48 bits."""
    stay = np.random.default_rng(1).random(MATRIX) < 0.7
    rows = np.cumsum(~stay) % 2
    h = min(restart(matrix(rows, 1), 0.5).h_r, restart(matrix(rows, 1), 0.5).h_c)
    assert restart(matrix(rows, 1), 2 * h - 1e-9).passed
    assert restart(matrix(rows, 1), 2 * h + 1e-9).failures == ("an estimate is below half the initial entropy",)
