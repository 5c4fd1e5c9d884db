"""`qrng.random_bytes`: QRNG_SOURCE, then the configuration file, then the simulator, and failures that stay."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import qrng
from qrng import admission, default
from qrng.errors import EntropyError, HealthError, ParameterError, SourceError


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No default generator, no configuration but what the test writes."""
    monkeypatch.delenv("QRNG_SOURCE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(admission, "_warned", False)
    qrng.reset()
    yield
    qrng.reset()


def configure(tmp_path: Path, text: str) -> None:
    (tmp_path / "qrng").mkdir()
    (tmp_path / "qrng" / "config.toml").write_text(text)


def test_the_simulator_is_the_last_resort_and_says_so_once_a_process() -> None:
    with pytest.warns(qrng.SimulatedSourceWarning, match="simulated"):
        first = qrng.random_bytes(32)
    assert len(first) == 32
    qrng.reset()
    assert qrng.random_bytes(32) != first  # and no second warning, which would be an error here


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, 'source = "sim:?qubits=3"\n')
    assert default.configured_source() == ("sim:?qubits=3", None)
    monkeypatch.setenv("QRNG_SOURCE", "sim:?qubits=5")
    assert default.configured_source() == ("sim:?qubits=5", None)


@pytest.mark.parametrize(
    "text", ["source = 3", "sauce = 'sim:'", "source = ", "claim = 'much'", "\x00", 'source = "sim:"\nclaim = true']
)
def test_a_broken_configuration_is_an_error_not_passed_over(tmp_path: Path, text: str) -> None:
    configure(tmp_path, text)
    with pytest.raises(ParameterError, match=r"config\.toml"):
        qrng.random_bytes(1)


def test_a_file_is_no_default_source_unless_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = tmp_path / "capture.bin"
    capture.write_bytes(np.random.default_rng(1).bytes(100_000))
    monkeypatch.setenv("QRNG_SOURCE", f"file:{capture}")
    with pytest.raises(SourceError, match="replay=true"):
        qrng.random_bytes(1)
    monkeypatch.setenv("QRNG_SOURCE", f"file:{capture}?replay=true")
    with pytest.raises(EntropyError, match="claim"):
        qrng.random_bytes(1)
    monkeypatch.delenv("QRNG_SOURCE")
    configure(tmp_path, f'source = "file:{capture}?replay=true"\nclaim = 0.9\n')
    assert len(qrng.random_bytes(16)) == 16


def test_a_failed_default_generator_stays_failed_until_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(qrng.SimulatedSourceWarning):
        qrng.random_bytes(1)
    generator = default._generator
    assert generator is not None
    monkeypatch.setattr(generator, "_stopped", (HealthError, "an alarm"))
    for _ in range(2):
        with pytest.raises(HealthError):
            qrng.random_bytes(1)
    qrng.reset()
    assert len(qrng.random_bytes(1)) == 1


def test_the_interpreter_ends_without_a_word_and_wipes_first() -> None:
    work = """
import atexit, warnings
@atexit.register  # runs after what was registered later
def look():
    print(any(pool.data), default._generator.status()["health"]["state"])
warnings.simplefilter("ignore")
import qrng
from qrng import default
qrng.random_bytes(8)
pool = default._generator._pool
assert any(pool.data)
"""
    done = subprocess.run([sys.executable, "-P", "-c", work], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False CLOSED\n", "")
