"""What `qrng.assess` makes of symbols wider than the standard's estimators take, and of a part of a file."""

import subprocess
import sys

import numpy as np
import pytest

import qrng
from qrng import assessed_data
from qrng.errors import ParameterError


@pytest.fixture
def wide():
    """12-bit symbols: noise in the low byte, next to none above."""
    rng = np.random.default_rng(1)
    return (rng.integers(0, 256, 20_000) + 256 * (rng.random(20_000) < 0.01)).astype(np.uint16)


def test_wide_symbols_need_to_be_told_which_bits_count(wide):
    with pytest.raises(ParameterError, match=r"symbols of 12 bits.*high or low"):
        qrng.assess(wide, bits_per_symbol=12)


def test_the_low_or_the_high_eight_bits_are_assessed(wide):
    low = qrng.assess(wide, bits_per_symbol=12, keep="low")
    high = qrng.assess(wide, bits_per_symbol=12, keep="high")
    assert low.min_entropy == qrng.assess((wide % 256).astype(np.uint8), bits_per_symbol=8).min_entropy
    assert high.min_entropy == qrng.assess((wide // 16).astype(np.uint8), bits_per_symbol=8).min_entropy
    assert low.min_entropy > high.min_entropy


def test_the_claim_is_for_the_whole_symbol_and_the_result_says_what_was_kept(wide):
    result = qrng.assess(wide, bits_per_symbol=12, keep="low")
    assert (result.bits_per_symbol, result.reduced_from, result.kept) == (8, 12, "low")
    assert result.claim.bits_per_symbol == 12
    assert result.as_json()["reduced_from"] == {"bits_per_symbol": 12, "kept": "low"}


def test_narrow_symbols_are_assessed_whole_whatever_is_asked():
    symbols = np.random.default_rng(1).integers(0, 16, 5000)
    assert qrng.assess(symbols, keep="low") == qrng.assess(symbols)


def test_lanes_of_wide_symbols_stay_lanes(wide):
    result = qrng.assess(wide, bits_per_symbol=12, keep="low", lanes=4)
    assert result.lane_samples == (5000,) * 4


def test_another_part_is_refused(wide):
    with pytest.raises(ParameterError, match="high or low"):
        qrng.assess(wide, bits_per_symbol=12, keep="middle")


def test_a_preview_is_of_the_first_samples_and_says_so(tmp_path):
    symbols = np.random.default_rng(2).integers(0, 16, 30_000).astype(np.uint8)
    symbols.tofile(tmp_path / "raw.bin")
    result = qrng.assess(tmp_path / "raw.bin", layout="symbols", bits_per_symbol=4, first=10_001)
    assert result.samples == 10_001
    assert result.min_entropy == qrng.assess(symbols[:10_001], bits_per_symbol=4).min_entropy
    assert result.warnings[0].startswith("a preview")
    assert result.sha256 is None
    with pytest.raises(ParameterError, match="nothing to assess"):
        qrng.assess(symbols, first=0)


def test_a_file_too_long_for_one_assessment_is_refused_before_it_is_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(assessed_data, "MAX_BITS", 2**23)
    with (tmp_path / "long.bin").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(ParameterError, match=r"long.bin: more than 8388608 symbols of 1 bits.*--segment N.*--first N"):
        qrng.assess(tmp_path / "long.bin", layout="packed-msb")


@pytest.mark.trial
def test_a_whole_file_takes_a_few_times_its_packed_size(tmp_path):
    bits = 2**29
    (tmp_path / "long.bin").write_bytes(np.random.default_rng(1).bytes(bits // 8))
    code = (
        "import resource, qrng; peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = peak(); "
        "qrng.assess('long.bin', layout='packed-msb'); print(1024 * (peak() - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    print(f"{int(done.stdout) / (bits / 8):.1f} times the packed size")
    assert int(done.stdout) < 5 * bits // 8
