import numpy as np
import pytest

from qrng.entropy.sp800_90b.tracks import run
from qrng.errors import ParameterError
from qrng.samples import Samples


def noise(width: int, n: int = 5000, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**width, n)


def on(outcome, sequence: str) -> list[str]:
    return [e.name for e in outcome.estimates if e.on == sequence]


def test_wide_symbols_are_tested_literally_and_as_bits():
    outcome = run(Samples.from_symbols(noise(4), 4))
    assert "most_common_value" in on(outcome, "literal")
    assert {"most_common_value", "collision", "markov"} <= set(on(outcome, "bitstring"))
    assert outcome.min_entropy == min(outcome.h_original, 4 * outcome.h_bitstring)


def test_methods_for_bits_do_not_run_on_wide_symbols():
    assert not {"collision", "markov", "compression"} & set(on(run(Samples.from_symbols(noise(4), 4)), "literal"))


def test_bits_are_tested_once():
    outcome = run(Samples.from_symbols(noise(1), 1))
    assert on(outcome, "bitstring") == []
    assert {"most_common_value", "collision", "markov"} <= set(on(outcome, "literal"))
    assert outcome.h_bitstring is None


def test_two_symbols_in_a_wide_word_get_no_bit_string():
    outcome = run(Samples.from_symbols(3 * noise(1) + 4, 3))
    assert outcome.alphabet_size == 2
    assert outcome.h_bitstring is None
    assert "collision" in on(outcome, "literal")
    assert outcome.min_entropy <= 1.0


def test_the_conditioned_track_tests_the_bit_string_alone():
    outcome = run(Samples.from_symbols(noise(1), 1), "conditioned")
    assert on(outcome, "literal") == []
    assert outcome.h_original is None
    assert outcome.min_entropy == outcome.h_bitstring


def test_one_symbol_alone_is_worth_nothing():
    outcome = run(Samples.from_symbols(np.full(5000, 9), 4))
    assert (outcome.alphabet_size, outcome.min_entropy, outcome.estimates) == (1, 0.0, ())
    assert {skipped.reason for skipped in outcome.skipped} == {"all samples are the same symbol: no entropy"}


def test_progress_counts_every_estimator_once():
    seen = []
    outcome = run(Samples.from_symbols(noise(4), 4), progress=lambda *step: seen.append(step))
    total = len(outcome.estimates) + len(outcome.skipped)
    assert [done for done, _, _ in seen] == list(range(1, total + 1))
    assert {out_of for _, out_of, _ in seen} == {total}


def test_two_samples_give_a_result_and_say_what_was_left_out():
    outcome = run(Samples.from_symbols([0, 1]))
    assert outcome.min_entropy == 0.0
    assert ("collision", "needs at least 2 collisions") in [(s.name, s.reason) for s in outcome.skipped]


def test_no_samples_are_refused():
    with pytest.raises(ParameterError, match="no samples"):
        run(Samples.from_symbols(np.zeros(0, np.uint8)))


def test_an_unknown_track_is_refused():
    with pytest.raises(ParameterError, match="non-iid, iid, conditioned"):
        run(Samples.from_symbols([0, 1]), "fast")


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_the_order_of_results_is_the_standards_on_any_number_of_threads(workers):
    samples = Samples.from_symbols(noise(3), 3)
    outcome = run(samples, workers=workers)
    assert outcome == run(samples)
    sections = [tuple(map(int, e.section.split("."))) for e in outcome.estimates]
    assert sections == sorted(sections)


def test_what_takes_longest_is_begun_first_and_none_waits_for_repeats_that_another_finds():
    seen = []
    samples = Samples.from_symbols(noise(8, 20_000), 8)
    run(samples, progress=lambda done, total, name: seen.append(name))
    assert set(seen[:4]) == {"t_tuple", "multi_mmc", "lz78y"}
    assert {"lrs", "most_common_value", "collision"} <= set(seen[-7:])
