import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import qrng
from qrng.errors import ParameterError
from qrng.samples import Samples

SEGMENT = 8000


@pytest.fixture(scope="module")
def symbols():
    """Five segments of fair 2-bit symbols, the third one biased, and a tail."""
    found = np.random.default_rng(1).integers(0, 4, 5 * SEGMENT + 100).astype(np.uint8)
    found[2 * SEGMENT : 3 * SEGMENT : 2] = 0
    return found


@pytest.fixture(scope="module")
def found(symbols):
    return qrng.assess_segments(Samples.from_symbols(symbols, 2), SEGMENT)


def test_each_segment_gets_the_assessment_of_its_samples(symbols, found):
    assert len(found.segments) == 5
    for k, assessment in enumerate(found.segments):
        alone = qrng.assess(symbols[k * SEGMENT : (k + 1) * SEGMENT], bits_per_symbol=2)
        assert assessment.min_entropy == alone.min_entropy


def test_the_minimum_names_the_weak_segment(found):
    assert found.weakest == 2
    assert found.min_entropy == found.segments[2].min_entropy < 1
    assert found.quantile(0.0) == found.min_entropy
    assert found.quantile(0.5) > found.min_entropy + 0.2
    assert found.quantile(1.0) == max(s.min_entropy for s in found.segments)


def test_the_tail_is_counted_and_not_assessed(found):
    assert (found.samples, found.tail) == (5 * SEGMENT + 100, 100)


def test_each_estimator_is_summed_up_over_the_segments(found):
    summary = {(e.name, e.on): e for e in found.estimators()}
    assert len(summary) == 17
    assert sum(e.decided for e in summary.values()) == 5
    for (name, on), e in summary.items():
        values = [x.min_entropy for s in found.segments for x in s.estimators if (x.name, x.on) == (name, on)]
        assert (e.smallest, e.largest, e.left_out) == (min(values), max(values), 5 - len(values))
        assert e.median == sorted(values)[2]
        assert values[e.weakest] == e.smallest
    decisive = found.segments[2].decisive
    scale = 2 if decisive.on == "bitstring" else 1
    assert decisive.min_entropy * scale == found.min_entropy
    assert summary[decisive.name, decisive.on].decided >= 1


def test_warnings_say_how_many_segments_they_are_of():
    symbols = np.random.default_rng(1).integers(0, 16, 3 * SEGMENT)
    symbols[SEGMENT : 2 * SEGMENT] %= 4
    few, narrow = qrng.assess_segments(Samples.from_symbols(symbols, 4), SEGMENT).warnings
    assert few.startswith("each segment: 8000 samples")
    assert narrow == "1 of 3 segments: symbols of 4 bits use only the lower 2"


@pytest.mark.parametrize("first", [SEGMENT, 2 * SEGMENT, 2 * SEGMENT + 24, 10**9])
def test_a_preview_reads_the_first_samples_alone(symbols, found, tmp_path, first):
    symbols.tofile(tmp_path / "raw.bin")
    read = min(first, symbols.size)
    options = {"layout": "symbols", "bits_per_symbol": 2, "first": first}
    for part in (
        qrng.assess_segments(tmp_path / "raw.bin", SEGMENT, **options),
        qrng.assess_segments(Samples.from_symbols(symbols, 2), SEGMENT, first=first),
    ):
        assert [s.estimators for s in part.segments] == [s.estimators for s in found.segments[: read // SEGMENT]]
        assert (part.samples, part.tail) == (read, read % SEGMENT)
        assert part.warnings[0] == f"a preview: only the first {read} samples were asked for"
    with pytest.raises(ParameterError, match="first 100 samples hold no whole segment"):
        qrng.assess_segments(tmp_path / "raw.bin", SEGMENT, first=100)


def test_a_seed_names_the_shuffles_of_every_segment():
    data = Samples.from_symbols(np.random.default_rng(1).integers(0, 4, 2 * SEGMENT), 2)
    verdicts = [s["iid"] for s in qrng.assess_segments(data, SEGMENT, track="iid", seed=9).as_json()["segments"]]
    assert verdicts == [{"passed": True, "failures": [], "seed": 9}] * 2


def test_a_file_is_read_segment_by_segment(symbols, found, tmp_path):
    symbols.tofile(tmp_path / "raw.bin")
    seen = []
    read = qrng.assess_segments(
        tmp_path / "raw.bin", SEGMENT, layout="symbols", bits_per_symbol=2, progress=seen.append
    )
    assert [s.min_entropy for s in read.segments] == [s.min_entropy for s in found.segments]
    assert sum(seen) == 5 * SEGMENT
    assert read.sha256 is not None
    json.dumps(read.as_json(), allow_nan=False)


def test_threads_and_processes_give_the_same_in_the_same_order(symbols, found):
    data = Samples.from_symbols(symbols, 2)
    with ThreadPoolExecutor(2) as threads:
        assert qrng.assess_segments(data, SEGMENT, executor=threads).segments == found.segments
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        assert qrng.assess_segments(data, SEGMENT, executor=processes).segments == found.segments


def test_wide_symbols_are_reduced_in_every_segment():
    wide = np.random.default_rng(1).integers(0, 2**12, 2 * SEGMENT)
    data = Samples.from_symbols(wide, 12)
    kept = qrng.assess_segments(data, SEGMENT, keep="low")
    assert kept.segments[1].min_entropy == qrng.assess(wide[SEGMENT:] % 256, bits_per_symbol=8).min_entropy


@pytest.mark.parametrize(("segment", "ahead"), [(0, 4), (12, 4), (SEGMENT, 0)])
def test_impossible_segments_are_refused(symbols, segment, ahead):
    with pytest.raises(ParameterError):
        qrng.assess_segments(Samples.from_symbols(symbols, 2), segment, ahead=ahead)


def test_less_than_a_segment_is_refused():
    with pytest.raises(ParameterError, match="no whole segment"):
        qrng.assess_segments(Samples.from_symbols([0, 1] * 10), SEGMENT)


@pytest.mark.trial
def test_ten_gigabytes_need_the_memory_of_a_segment(tmp_path):
    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    code = (
        "import resource, qrng; "
        f"found = qrng.assess_segments({str(path)!r}, 2**26, layout='packed-msb'); "
        "print(len(found.segments), found.min_entropy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    printed = done.stdout.split()
    assert (int(printed[0]), float(printed[1])) == (10 * 2**33 // 2**26, 0.0)
    assert int(printed[2]) < 512 * 1024  # kilobytes; a segment is 8 MiB packed and 64 MiB one a byte
