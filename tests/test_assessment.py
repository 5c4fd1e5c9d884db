import hashlib
import json

import numpy as np
import pytest

import qrng
from qrng.assessed_data import warnings_of
from qrng.errors import EntropyError, ParameterError
from qrng.samples import Samples

KEYS = {
    "schema",
    "sha256",
    "samples",
    "bits_per_symbol",
    "alphabet_size",
    "track",
    "estimators",
    "skipped",
    "h_original",
    "h_bitstring",
    "min_entropy",
}


def noise(width: int, n: int = 4000, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**width, n).astype(np.uint8)


def lanes_with(biases: list[float], shots: int = 4000) -> np.ndarray:
    """Bits of one lane a bias, interleaved shot by shot."""
    return (np.random.default_rng(3).random((shots, len(biases))) < biases).astype(np.uint8).ravel()


def mcv(symbols: np.ndarray) -> float:
    """Section 6.3.1 in one line."""
    p = np.bincount(symbols).max() / symbols.size
    return -np.log2(min(1.0, p + 2.5758293035489008 * np.sqrt(p * (1 - p) / (symbols.size - 1))))


def test_arrays_bytes_and_samples_of_the_same_symbols_get_the_same_result():
    symbols = noise(4)
    results = [
        qrng.assess(symbols),
        qrng.assess(symbols.astype(np.int64)),
        qrng.assess(symbols.tolist()),
        qrng.assess(symbols.tobytes()),
        qrng.assess(memoryview(symbols)),
        qrng.assess(Samples.from_symbols(symbols, 4)),
    ]
    assert len({r.min_entropy for r in results}) == 1
    assert {r.bits_per_symbol for r in results} == {4}


def test_the_width_comes_from_the_highest_bit_set_unless_given():
    symbols = noise(3)
    assert qrng.assess(symbols).bits_per_symbol == 3
    given = qrng.assess(symbols, bits_per_symbol=8)
    assert given.bits_per_symbol == 8
    assert any("only the lower 3" in warning for warning in given.warnings)


def test_symbols_wider_than_stated_are_an_error():
    with pytest.raises(ParameterError, match="more than 2 bits"):
        qrng.assess(noise(3), bits_per_symbol=2)


@pytest.mark.parametrize(
    "data",
    [
        np.array([0.5, 1.0]),
        np.array([np.nan, 1.0]),
        np.array(["0", "1"]),
        np.array([-1, 1]),
        np.zeros((4, 4), np.uint8),
        np.zeros(0, np.uint8),
        b"",
    ],
    ids=["fraction", "nan", "text", "negative", "matrix", "no symbols", "no bytes"],
)
def test_what_are_no_symbols_is_refused(data):
    with pytest.raises(ParameterError):
        qrng.assess(data)


def test_a_layout_is_for_files_only():
    with pytest.raises(ParameterError, match="layout"):
        qrng.assess(noise(1), layout="symbols")


def test_json_keeps_the_contract():
    report = json.loads(json.dumps(qrng.assess(noise(4)).as_json(), allow_nan=False))
    assert set(report) >= KEYS
    assert report["schema"] == "qrng.assessment/1"
    assert report["samples"] == 4000
    assert report["track"] == "non-iid"
    for estimator in report["estimators"]:
        assert set(estimator) >= {"name", "section", "on", "min_entropy", "details"}
        assert estimator["on"] in ("literal", "bitstring")
    for skipped in report["skipped"]:
        assert set(skipped) >= {"name", "on", "reason"}


def test_json_says_null_where_the_bit_string_is_not_tested():
    assert qrng.assess(noise(1)).as_json()["h_bitstring"] is None


def test_json_hashes_symbols_one_a_byte_as_a_file_of_them_would_be():
    symbols = noise(5)
    assert qrng.assess(symbols.astype(np.uint32)).sha256 == hashlib.sha256(symbols.tobytes()).hexdigest()


def test_every_lane_gets_its_own_most_common_value():
    stream = lanes_with([0.5, 0.9, 0.6])
    result = qrng.assess(stream, lanes=3)
    assert result.lane_samples == (4000, 4000, 4000)
    for lane, value in enumerate(result.lane_min_entropy):
        assert value == pytest.approx(mcv(stream[lane::3]), abs=1e-12)


def test_lanes_follow_the_index_in_the_whole_stream():
    stream = lanes_with([0.5, 0.9, 0.6])
    late = Samples.from_symbols(stream[4:], lanes=3, first=4)
    assert qrng.assess(late).lane_min_entropy[1] == pytest.approx(mcv(stream[4:][0::3]), abs=1e-12)


def test_a_lane_too_short_to_judge_is_worth_nothing():
    result = qrng.assess(noise(1, n=5), lanes=4)
    assert result.lane_samples == (2, 1, 1, 1)
    assert result.lane_min_entropy[1:] == (0.0, 0.0, 0.0)


def test_constant_lanes_leave_nothing_to_claim_however_balanced_the_whole():
    result = qrng.assess(np.tile([0, 0, 1, 1], 2000), lanes=4)  # each lane constant, the whole balanced
    assert result.lane_average == 0.0
    assert result.as_json()["claim"] is None
    with pytest.raises(EntropyError):
        _ = result.claim


def test_the_claim_is_the_whole_stream_estimate_where_that_is_smaller():
    fair = qrng.assess(lanes_with([0.5, 0.5]), lanes=2)
    assert fair.min_entropy < fair.lane_average
    assert fair.claim.bits_per_sample == fair.min_entropy


def test_the_claim_is_the_lane_average_where_opposite_biases_hide_in_the_whole():
    stream = lanes_with([0.9, 0.1])
    result = qrng.assess(stream, lanes=2)
    average = (mcv(stream[0::2]) + mcv(stream[1::2])) / 2
    assert result.lane_average == pytest.approx(average, abs=1e-12)
    assert result.claim.bits_per_sample == min(result.min_entropy, result.lane_average)


def test_the_claim_is_the_lane_average_where_lanes_are_too_short_for_narrow_bounds():
    result = qrng.assess(noise(1, n=8000), lanes=1000)
    assert result.claim.bits_per_sample == result.lane_average < result.min_entropy


def test_a_claim_states_that_it_is_an_estimate():
    claim = qrng.assess(noise(2)).claim
    assert claim.log2_error is None
    assert "no adversary" in claim.assumptions[0]
    assert claim.reference.startswith("NIST SP 800-90B, sections 6.3.1")
    assert claim.bits_per_symbol == 2


def test_a_constant_stream_has_no_entropy_and_no_claim():
    result = qrng.assess(np.full(3000, 7, np.uint8))
    assert result.min_entropy == 0.0
    assert result.as_json()["claim"] is None
    with pytest.raises(EntropyError, match="nothing can be claimed"):
        _ = result.claim


def test_a_million_samples_are_not_called_few():
    bits_of_a_million = np.random.default_rng(1).integers(0, 2, 1_000_000).astype(np.uint8)
    assert warnings_of(Samples.from_symbols(bits_of_a_million)) == ()
    assert warnings_of(Samples.from_symbols(bits_of_a_million[1:]))[0].startswith("999999 samples")


def test_few_samples_are_said_to_be_few():
    assert any("3.1.1" in warning for warning in qrng.assess(noise(1)).warnings)


def test_simulated_samples_are_said_to_be_simulated():
    samples = Samples.from_symbols(noise(1), provenance={"simulated": True})
    result = qrng.assess(samples)
    assert any("simulated" in warning for warning in result.warnings)
    assert result.as_json()["simulated"] is True


def test_samples_can_be_read_in_lanes_but_not_in_another_width():
    samples = Samples.from_symbols(noise(1))
    assert qrng.assess(samples, lanes=8).lanes == 8
    with pytest.raises(ParameterError, match="1 bits a symbol"):
        qrng.assess(samples, bits_per_symbol=8)


def test_a_file_is_read_as_its_layout_says(tmp_path):
    symbols = noise(4)
    path = tmp_path / "symbols.bin"
    symbols.tofile(path)
    result = qrng.assess(path, layout="symbols", bits_per_symbol=4)
    assert result.min_entropy == qrng.assess(symbols).min_entropy
    assert result.sha256 == hashlib.sha256(symbols.tobytes()).hexdigest()
    assert "one symbol a byte" in result.layout


def test_lanes_of_a_file_are_assessed_lane_by_lane(tmp_path):
    path = tmp_path / "shots.json"
    shots = np.random.default_rng(8).integers(0, 256, 3000)
    path.write_text(json.dumps({"raw_integers": shots.tolist(), "bits_per_number": 8}))
    result = qrng.assess(str(path))
    assert (result.lanes, result.samples, result.bits_per_symbol) == (8, 24_000, 1)
    first_lane = (shots >= 128).astype(np.uint8)
    assert result.lane_min_entropy[0] == pytest.approx(mcv(first_lane), abs=1e-12)


def test_the_iid_track_takes_the_most_common_value_alone():
    result = qrng.assess(noise(4, n=20_000), track="iid", seed=5)
    assert result.iid.passed
    assert {e.name for e in result.estimators} == {"most_common_value"}
    assert result.claim.bits_per_sample == min(result.h_original, 4 * result.h_bitstring)
    assert any("independent" in assumption for assumption in result.claim.assumptions)
    report = result.as_json()
    assert report["iid"]["seed"] == 5
    assert len(report["iid"]["permutation"]) == 19


def test_no_entropy_is_awarded_where_the_iid_tests_fail():
    walk = (np.cumsum(noise(1, n=600)) % 16).astype(np.uint8)
    result = qrng.assess(walk, track="iid", seed=5)
    assert result.min_entropy == 0.0
    assert result.estimators == ()
    assert {s.reason for s in result.skipped} == {"the samples are not IID"}
    json.dumps(result.as_json(), allow_nan=False)
    with pytest.raises(EntropyError, match="not IID"):
        _ = result.claim


def test_threads_do_not_change_the_result():
    symbols = noise(4)
    assert qrng.assess(symbols, workers=4) == qrng.assess(symbols)
