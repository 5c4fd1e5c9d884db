"""Many sequences through many tests: cutting, verdicts, what is not applicable."""

import itertools
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import nist_sts
from nist_sts import TESTS, Sequence, kernels
from nist_sts.base import Mode
from nist_sts.battery import evaluate
from qrng.errors import FormatError, ParameterError, SourceExhausted
from qrng.samples import Samples
from qrng.source import Source

MODES = ("nist", "corrected")


def good(n_bits: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(n_bits // 8)


@pytest.mark.parametrize("mode", MODES)
def test_good_data_pass(mode: str) -> None:
    report = nist_sts.run(good(400_000), length=4000, mode=mode)
    assert report.passed
    assert (report.sequences, report.length, report.unused_bits) == (100, 4000, 0)
    assert all(test.passed in (True, None) for test in report.tests)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("data", [b"\x00" * 1000, b"\xff" * 1000, b"\x55" * 1000], ids=["zeros", "ones", "alternating"])
def test_constant_and_alternating_data_fail(data: bytes, mode: str) -> None:
    assert not nist_sts.run(data, mode=mode).passed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [100, 127, 1001, 65_537, 1_000_000])
def test_degenerate_data_give_probabilities_or_reasons_never_anything_else(n: int, mode: str) -> None:
    size = -(-n // 8)
    for pattern in (b"\x00", b"\xff", b"\xaa", b"\x0f", b"\x00" * 99 + b"\xff" * 99, bytes(range(256))):
        packed = np.frombuffer((pattern * size)[:size], np.uint8)
        report = nist_sts.run(Samples(np.array(packed), n), mode=mode)
        json.dumps(report.as_dict(), allow_nan=False)
        for test in report.tests:
            for p in test.p_values[0]:
                assert p is None or 0 <= p <= 1
            assert (test.passed is None) == all(p is None for p in test.p_values[0])
        assert n < 200 or not report.passed


def test_one_low_p_value_among_many_does_not_fail_good_data() -> None:
    """Seed chosen so that a p-value below 0.01 occurs: the family verdict stands, the p-value is shown."""
    report = nist_sts.run(good(800_000, seed=3), sequences=100)
    lowest = min(p for test in report.tests for row in test.p_values for p in row if p is not None)
    assert lowest < 0.01
    assert report.passed


def test_a_defect_too_small_for_one_sequence_shows_in_the_proportions() -> None:
    """Ones with probability 0.508: hardly a p-value is rejected, but far too many lie below 0.01."""
    biased = np.random.default_rng(6).random(2_000_000) < 0.508
    report = nist_sts.run(biased, length=20_000, tests=["frequency", "runs"])
    assert report.rows_below_band == 1
    assert report.as_dict()["rows_below_band"] == 1
    assert "LOOK: 1 row has fewer sequences" in report.as_text()
    assert "LOOK" not in nist_sts.run(good(2_000_000), length=20_000).as_text()


def test_127_bits_reach_the_tests_that_need_100() -> None:
    packed = Samples.from_symbols(np.random.default_rng(5).integers(0, 2, 127))
    report = nist_sts.run(packed)
    assert report.length == 127
    for test in report.tests:
        needs_more = TESTS[test.name].minimum("corrected", report.parameters[test.name]) > 127
        assert (test.passed is None) == needs_more


def test_too_short_is_never_a_number() -> None:
    report = nist_sts.run(b"\x35\x91")
    assert not report.passed
    for test in report.tests:
        assert test.passed is test.nist_passed is test.proportion is None
        assert test.p_values == ((None,) * len(test.rows),)
        assert test.reason.startswith("needs n ≥ ")
    assert "NOT JUDGED" in report.as_text()


@pytest.mark.parametrize("n", [1001, 1023, 1025, 1057])
def test_odd_lengths_are_cut_at_the_bit(n: int) -> None:
    packed = good(8 * n)
    report = nist_sts.run(packed, length=n, mode="nist")
    assert report.sequences == 8 * n // n
    whole = np.unpackbits(np.frombuffer(packed, np.uint8))
    third = nist_sts.run(whole[2 * n : 3 * n].astype(bool), mode="nist")
    for test, alone in zip(report.tests, third.tests, strict=True):
        assert test.p_values[2] == alone.p_values[0]


def test_chunks_of_any_size_give_the_same_report() -> None:
    packed = np.frombuffer(good(40_000), np.uint8)
    whole = Samples(packed, 40_000)
    pieces = [whole.slice(a, b) for a, b in ((0, 7), (7, 8), (8, 12_345), (12_345, 40_000))]
    expected = nist_sts.run(packed, length=3000)
    streamed = nist_sts.run(iter(pieces), length=3000)
    assert streamed.tests == expected.tests
    assert nist_sts.run(iter(pieces)).tests == nist_sts.run(packed).tests
    assert nist_sts.run(iter(pieces), sequences=5).length == 8000


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same_report(kind: type[Executor]) -> None:
    packed = good(300_000)
    alone = nist_sts.run(packed, length=20_000)
    assert nist_sts.run(packed, length=20_000, workers=3).tests == alone.tests
    options = {"mp_context": multiprocessing.get_context("spawn")} if kind is ProcessPoolExecutor else {}
    with kind(2, **options) as executor:
        assert nist_sts.run(packed, length=20_000, executor=executor).tests == alone.tests


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [100, 1000, 10_007, 1_000_000])
def test_a_sequence_is_measured_in_one_call(n: int, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the calls threads wait for each other: what each test will ask for is known beforehand."""
    calls = []
    measure = kernels.measure

    def counted(words: Any, n: int, requests: tuple[kernels.Request, ...]) -> list[kernels.Measured]:
        calls.append(requests)
        return measure(words, n, requests)

    monkeypatch.setattr(kernels, "measure", counted)
    for parameters in ({}, {"serial": {"pattern_length": 3}, "approximate_entropy": {"pattern_length": 4}}):
        plan = tuple((test.name, test.with_defaults(parameters.get(test.name, {}))) for test in TESTS.values())
        evaluate(Sequence(good(1_000_000), n), mode, plan)
        assert len(calls) == 1
        assert sum(request.kernel == kernels.patterns(1, 1).kernel for request in calls[0]) <= 1  # counted once for all
        calls.clear()


def test_sequences_wait_in_line_not_in_memory() -> None:
    """A stream far longer than what may be held: no more sequences are read ahead than workers and two."""
    read = 0
    done = 0
    most = 0

    def parts() -> Iterator[Samples]:
        nonlocal read, most
        for k in range(60):
            read += 1
            most = max(most, read - done)
            yield Samples(np.frombuffer(good(8000, k), np.uint8), 8000)

    def advance(n: int) -> None:
        nonlocal done
        done += n

    report = nist_sts.run(parts(), length=8000, workers=2, tests=["frequency"], progress=advance)
    assert (report.sequences, done) == (60, 60)
    assert most <= 6


class Live(Source):
    """A live source of 4-bit symbols."""

    spec = "test:live"
    bits_per_symbol = 4

    def __init__(self, finite: bool = False) -> None:
        self.generator = np.random.default_rng(31)
        self.finite = finite
        self.left = 50_000

    def read(self, count: int) -> Samples:
        if self.finite:
            count = min(count, self.left)
            self.left -= count
            if count == 0:
                raise SourceExhausted("the end")
        return Samples.from_symbols(self.generator.integers(0, 16, count), 4)

    def provenance(self) -> dict[str, Any]:
        return {}


def test_a_live_source_is_read_as_far_as_asked() -> None:
    report = nist_sts.run(Live(), length=30_000, sequences=5)
    assert (report.sequences, report.passed) == (5, True)
    assert nist_sts.run(Live(), sequences=1, tests=["frequency"]).length == 1_000_000
    with pytest.raises(ParameterError, match="a live source never ends"):
        nist_sts.run(Live(), length=30_000)


def test_a_finite_source_is_read_to_its_end() -> None:
    report = nist_sts.run(Live(finite=True), length=30_000)
    assert (report.sequences, report.unused_bits) == (6, 20_000)
    assert nist_sts.run(Live(finite=True)).length == 200_000


def test_symbols_are_taken_as_their_bits() -> None:
    symbols = np.random.default_rng(8).integers(0, 2**5, 4000)
    as_bits = (symbols[:, None] >> np.arange(4, -1, -1) & 1).astype(bool).ravel()
    assert nist_sts.run(Samples.from_symbols(symbols, 5)).tests == nist_sts.run(as_bits).tests


def test_length_and_sequences_divide_the_input() -> None:
    packed = good(80_000)
    assert nist_sts.run(packed, sequences=7).length == 80_000 // 7
    cut = nist_sts.run(packed, length=30_000)
    assert (cut.sequences, cut.unused_bits) == (2, 20_000)
    one = nist_sts.run(packed, length=30_000, sequences=1)
    assert (one.sequences, one.unused_bits) == (1, 50_000)


def test_long_input_is_cut_into_megabits() -> None:
    report = nist_sts.run(good(10_400_000), tests=["frequency"])
    assert (report.length, report.sequences, report.unused_bits) == (1_000_000, 10, 400_000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 9000}, "1 × 9,000 bits asked of an input of 8,000 bits"),
        ({"length": 1000, "sequences": 9}, "9 × 1,000 bits asked of an input of 8,000 bits"),
        ({"sequences": 9000}, "9,000 sequences asked of an input of 8,000 bits"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"length": 0}, "length must be at least 1"),
        ({"tests": ["monobit"]}, "no test named 'monobit'"),
        ({"tests": []}, "no test was chosen"),
        ({"mode": "strict"}, "mode 'strict' is none of nist, corrected"),
        ({"parameters": {"runs": {"m": 3}}}, "runs has no parameter 'm'"),
        ({"parameters": {"block_frequency": {"block_length": "8"}}}, "must be int"),
        ({"tests": ["runs"], "parameters": {"frequency": {}}}, "not among the tests to run"),
    ],
)
def test_questions_without_an_answer_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        nist_sts.run(good(8000), **arguments)


def test_a_sequence_has_at_most_two_to_the_32_bits() -> None:
    with pytest.raises(ParameterError, match=r"at most 2\^32 bits, not 4,294,967,297"):
        nist_sts.run(bytes(1000), length=2**32 + 1)
    with pytest.raises(ParameterError, match="1 × 4,294,967,296 bits asked"):  # the longest is allowed, but not there
        nist_sts.run(bytes(1000), length=2**32)


def test_an_endless_pipe_is_not_gathered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nist_sts.battery.GATHERED", 1 << 16)
    pieces = (Samples.from_symbols(np.zeros(1 << 12, np.uint8), 1) for _ in itertools.count())
    with pytest.raises(ParameterError, match=r"no end is in sight.*give their length"):
        nist_sts.run(pieces, sequences=3)


def test_an_input_that_ends_early_is_refused() -> None:
    pieces = [Samples(np.frombuffer(good(8000), np.uint8), 8000)]
    with pytest.raises(ParameterError, match="the input ends inside sequence 9"):
        nist_sts.run(iter(pieces), length=1000, sequences=10)


def test_empty_input_is_refused() -> None:
    with pytest.raises(FormatError, match="empty"):
        nist_sts.run(b"")
    with pytest.raises(FormatError, match="empty"):
        nist_sts.run(iter([]), sequences=2)


def test_what_is_no_bit_string_is_refused() -> None:
    with pytest.raises(ParameterError, match="text is no bit string"):
        nist_sts.run("0101")
    with pytest.raises(ParameterError, match="packed bytes"):
        nist_sts.run(np.zeros(10, np.int64))
    with pytest.raises(ParameterError, match="can't read bits from int"):
        nist_sts.run(5)


def test_report_keeps_to_its_schema() -> None:
    report = json.loads(json.dumps(nist_sts.run(good(60_000), length=1000).as_dict(), allow_nan=False))
    assert report["schema"] == "nist_sts.report/1"
    assert (report["mode"], report["length"], report["sequences"]) == ("corrected", 1000, 60)
    assert report["parameters"]["block_frequency"] == {"block_length": 128}
    assert report["passed"] is True
    assert [test["name"] for test in report["tests"]] == list(TESTS)
    for test in report["tests"]:
        assert len(test["p_values"]) == 60
        assert {"proportion", "uniformity", "nist_passed", "passed"} <= test.keys()
        if test["passed"] is not None:
            assert 0 <= test["proportion"] <= 1
            assert 0 <= test["uniformity"] <= 1
    assert len(report["tests"][list(TESTS).index("cumulative_sums")]["p_values"][0]) == 2


def test_uniformity_is_null_below_55_sequences() -> None:
    report = nist_sts.run(good(54_000), length=1000).as_dict()
    assert all(test["uniformity"] is None for test in report["tests"])


@pytest.mark.parametrize("sequences", [1, 60])
def test_table_fits_80_columns(sequences: int) -> None:
    text = nist_sts.run(good(120_000), sequences=sequences).as_text()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "PASS" in text
