"""A twin makes what its model learned, says that it is simulated, and serves to rehearse alarms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qrng.errors import ClosedError, HealthAlarm, HealthFailure, ParameterError, SourceError
from qrng.faults import inject, parse
from qrng.formats import open_capture
from qrng.health import Gate
from qrng.quantum import born
from qrng.sources import open_source
from qrng.training import capture as training
from qrng.training import gan


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two lanes, the first biased to 0.7, the second a copy of it three times in four."""
    monkeypatch.setattr(gan, "_STEPS", 150)
    rng = np.random.default_rng(1)
    first = (rng.random((20_000, 1)) < 0.7).astype(np.uint8)
    second = first ^ (rng.random((20_000, 1)) < 0.25)
    np.concatenate([first, second], axis=1).astype(np.uint8).tofile(tmp_path / "healthy.bin")
    with open_capture(tmp_path / "healthy.bin", layout="symbols", bits_per_symbol=1, lanes=2) as opened:
        training.adapt(opened, tmp_path / "twin.npz", "gan", 256)
    return tmp_path / "twin.npz"


def test_it_makes_words_with_the_probabilities_of_its_circuit_and_the_source_s_correlation(model: Path) -> None:
    with open_source(f"twin:{model}?seed=3") as source:
        assert (source.bits_per_symbol, source.lanes, source.simulated) == (1, 2, True)
        assert source.claim() is None
        symbols = np.concatenate([source.read(n).symbols() for n in (1, 7, 40_001, 59_991)])
    words = np.bincount(born.words(symbols, 1, 2), minlength=4) / 50_000
    from qrng.health.models.artefact import load

    exact = born.probabilities(2, load(model).model.parameters["angles"])
    assert words == pytest.approx(exact, abs=5 * np.sqrt(0.25 / 50_000))
    assert symbols[::2].mean() == pytest.approx(0.7, abs=0.12)
    assert (symbols[::2] == symbols[1::2]).mean() > 0.62


def test_however_it_is_read_the_bits_are_the_same_for_a_seed_and_fresh_without(model: Path) -> None:
    def read(spec: str, *counts: int) -> bytes:
        with open_source(spec) as source:
            parts = [source.read(n) for n in counts]
            assert [part.first for part in parts] == [sum(counts[:k]) for k in range(len(counts))]
            return np.concatenate([part.symbols() for part in parts]).tobytes()

    assert read(f"twin:{model}?seed=3", 1000) == read(f"twin:{model}?seed=3", 333, 1, 666)
    assert read(f"twin:{model}?seed=3", 1000) != read(f"twin:{model}?seed=4", 1000)
    assert read(f"twin:{model}", 1000) != read(f"twin:{model}", 1000)


def test_it_says_what_it_is_and_a_closed_or_forked_one_gives_nothing(model: Path) -> None:
    with open_source(f"twin:{model}") as source:
        facts = source.provenance()
        assert facts["simulated"] and not facts["reproducible"]
        assert "generative model of the capture" in facts["device"]
        source.read(3)
        source.reopen()
        assert source.read(1).first == 0
    with pytest.raises(ClosedError):
        source.read(1)
    with open_source(f"twin:{model}?seed=1") as seeded, pytest.raises(SourceError, match="forked"):
        seeded.reopen()


def test_an_alarm_can_be_rehearsed_on_it(model: Path) -> None:
    with inject(open_source(f"twin:{model}?seed=5"), parse("stuck_lane:lane=1,start=60000")) as source:
        gate = Gate(1, 2, 0.2, quarantine=4096)
        gate.push(source.read(60_000))
        with pytest.raises((HealthAlarm, HealthFailure), match="lane 1"):
            for _ in range(20):
                gate.push(source.read(1000))


def test_symbols_of_several_bits_are_made_whole(tmp_path: Path) -> None:
    np.random.default_rng(2).binomial(15, 0.5, 60_000).astype(np.uint8).tofile(tmp_path / "adc.bin")
    with open_capture(tmp_path / "adc.bin", layout="symbols", bits_per_symbol=4) as opened:
        training.adapt(opened, tmp_path / "adc.npz", "gan", 256)
    with open_source(f"twin:{tmp_path / 'adc.npz'}?seed=1") as source:
        assert source.bits_per_symbol == 4
        symbols = source.read(20_000).symbols()
    assert symbols.max() <= 15
    assert (np.abs(symbols.astype(float) - 7.5) < 4).mean() > 0.75  # 0.92 of the source, 0.5 of fair symbols


def test_what_is_no_model_of_a_twin_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="can't be used"):
        open_source(f"twin:{tmp_path / 'absent.npz'}")
    with open_capture(tmp_path / "healthy.bin", layout="symbols", bits_per_symbol=1, lanes=2) as opened:
        training.adapt(opened, tmp_path / "other.npz", "mahalanobis", 256)
    with pytest.raises(SourceError, match="generates nothing"):
        open_source(f"twin:{tmp_path / 'other.npz'}")
    content = bytearray(model.read_bytes())
    content[100] ^= 1
    model.write_bytes(content)
    with pytest.raises(SourceError, match="SHA-256"):
        open_source(f"twin:{model}")
    for spec, says in (("twin:", "needs a model"), (f"twin:{model}?seed=-1", "negative")):
        with pytest.raises(ParameterError, match=says):
            open_source(spec)
