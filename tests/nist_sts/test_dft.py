"""SP 800-22 revision 1a, section 2.6."""

import math

import numpy as np
import pytest

from nist_sts import TESTS, Sequence, kernels, spectrum
from nist_sts.base import NotApplicable
from qrng._native import lib, readable

dft = TESTS["dft"]


def peaks(bits: np.ndarray) -> int:
    power = np.abs(np.fft.fft(2.0 * bits - 1)[: bits.size // 2]) ** 2
    return int(np.sum(power < bits.size * math.log(20)))


@pytest.mark.parametrize(("section", "n1", "p"), [("2.6.4", 5, 0.468159909854), ("2.6.8", 48, 0.646355195539)])
def test_examples(section: str, n1: int, p: float, example_100: Sequence) -> None:
    """The document prints N1 = 4 and 46; the transform of its own bits gives 5 and 48."""
    sequence = Sequence.from_string("1001010011") if section == "2.6.4" else example_100
    outcome = dft(sequence, "nist")
    assert outcome.statistics["N1"] == n1
    assert outcome.p_values[0] == pytest.approx(p, rel=1e-10)


@pytest.mark.parametrize("n", [2, 3, 7, 100, 1000, 1001, 1009, 4096, 10_007, 65_536, 100_000, 2 * 50_021])
def test_peaks_of_any_length(n: int) -> None:
    for seed in range(5):
        bits = np.random.default_rng(seed).integers(0, 2, n)
        assert dft(Sequence(np.packbits(bits), n), "corrected").statistics["N1"] == peaks(bits)


@pytest.mark.parametrize("n", [65_536, 1_000_000])
def test_thresholds_a_ten_billionth_from_a_power_are_decided(n: int) -> None:
    """Single precision can't: these bins are summed anew."""
    bits = np.random.default_rng(21).integers(0, 2, n)
    power = np.abs(np.fft.fft(2.0 * bits - 1)[: n // 2]) ** 2
    for bin in np.argsort(np.abs(power / (n * math.log(20)) - 1))[:6]:
        for threshold in (power[bin] * (1 - 1e-10), power[bin] * (1 + 1e-10)):
            assert spectrum.peaks_below(Sequence(np.packbits(bits), n), threshold) == np.sum(power < threshold)


@pytest.mark.parametrize("n", [16_384, 30_000, 59_049])
def test_peaks_in_parts_of_bounded_memory(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 2^28 bits a transform is made in parts: here with 16 of its rows in memory, and 32."""
    bits = np.random.default_rng(8).integers(0, 2, n)
    whole = int(lib.qrng_sts_spectrum_scratch_bytes(readable(kernels.spectrum_plan(n))))
    for held in (1, 32 * 8 * math.isqrt(n)):
        kernels.spectrum_plan.cache_clear()
        monkeypatch.setattr(kernels, "_HELD", held)
        assert int(lib.qrng_sts_spectrum_scratch_bytes(readable(kernels.spectrum_plan(n)))) < whole
        assert dft(Sequence(np.packbits(bits), n), "corrected").statistics["N1"] == peaks(bits)
    kernels.spectrum_plan.cache_clear()


def test_what_would_take_too_much_memory_is_not_applicable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits for 2^32 bits, tried with 2^12."""
    monkeypatch.setattr(spectrum, "_LONGEST_DOUBLE", 4096)
    data = np.random.default_rng(9).bytes(1000)
    with pytest.raises(NotApplicable, match=r"2\^a 3\^b 5\^c: 7,776 is the next below"):
        dft(Sequence(data, 7999))
    with pytest.raises(NotApplicable, match="lines as strong"):
        dft(Sequence(bytes(1000), 8000))
    assert dft(Sequence(data, 8000)).p_values
    assert spectrum._nearest(2**32) == 2**32
    assert spectrum._nearest(2**32 - 1) == 4_246_732_800


@pytest.mark.parametrize("n", [1000, 16_384, 30_000])
def test_peaks_of_sequences_with_structure(n: int) -> None:
    for bits in (
        np.zeros(n, np.int64),
        np.arange(n) % 2,
        np.arange(n) // (n // 2),
        np.arange(n) % 10 == 3,
        np.random.default_rng(1).random(n) < 0.9,
    ):
        assert dft(Sequence(np.packbits(bits), n), "corrected").statistics["N1"] == peaks(np.asarray(bits))


def test_corrected_variance_is_that_of_good_sequences() -> None:
    """n * 0.95 * 0.05 / 3.790: NIST's divisor, 4, is refuted by 4000 sequences of 1024 bits."""
    bits = np.random.default_rng(12).integers(0, 2, (4000, 1024), dtype=np.int8)
    power = np.abs(np.fft.rfft(2.0 * bits - 1, axis=1)[:, :512]) ** 2
    divisor = 1024 * 0.95 * 0.05 / np.var(np.sum(power < 1024 * math.log(20), axis=1))
    assert divisor == pytest.approx(3.79030, abs=5 * 3.79 * math.sqrt(2 / 4000))
    ours = dft(Sequence(np.packbits(bits[0])), "corrected")
    sd = (ours.statistics["N1"] - ours.statistics["N0"]) / ours.statistics["d"]
    assert 1024 * 0.95 * 0.05 / sd**2 == pytest.approx(3.79030132194714, rel=1e-12)


def test_correction_shows_on_pi(constants: dict[str, Sequence]) -> None:
    assert dft(constants["pi"], "nist").p_values[0] == pytest.approx(0.010186, abs=5e-7)
    assert dft(constants["pi"], "corrected").p_values[0] == pytest.approx(0.012377, abs=5e-7)


def test_a_period_is_found() -> None:
    bits = np.random.default_rng(5).integers(0, 2, 100_000)
    repeated = np.tile(bits[:100], 1000) ^ (np.random.default_rng(6).random(100_000) < 0.3)
    assert dft(Sequence(np.packbits(repeated))).p_values[0] < 1e-6
