"""What the examples say happens, happens: each step of them on numbers that leave no doubt."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import qrng
from qrng.errors import ParameterError

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def simulated_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.delenv("QRNG_SOURCE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    qrng.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qrng.SimulatedSourceWarning)
        yield
    qrng.reset()


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"examples.{name}", EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_bb84_gives_both_ends_one_key_or_none_at_all() -> None:
    bb84 = load("bb84")
    alice, bob = bb84.run(eavesdropper=False)
    assert alice == bob
    assert len(alice) > 1000
    assert any(alice)
    assert bb84.run(eavesdropper=True) is None


@pytest.mark.parametrize("errors", [0, 1, 2, 500, 1500])
def test_bb84_reconciliation_finds_every_error(errors: int) -> None:
    bb84, random = load("bb84"), np.random.default_rng(3)
    alice = random.integers(2, size=20_000, dtype=np.uint8)
    bob = alice.copy()
    bob[random.permutation(alice.size)[:errors]] ^= 1
    corrected, disclosed = bb84.reconcile(alice, bob, errors / alice.size)
    assert (corrected == alice).all()
    assert bb84.same(alice, corrected)
    assert disclosed >= 30
    rate = errors / alice.size
    if rate > 0.01:  # no code discloses less than h(Q) a bit on average (Slepian, Wolf 1973)
        assert disclosed > -alice.size * (rate * np.log2(rate) + (1 - rate) * np.log2(1 - rate))


def test_bb84_notices_keys_that_differ_in_one_bit() -> None:
    bb84 = load("bb84")
    alice = np.random.default_rng(4).integers(2, size=5000, dtype=np.uint8)
    bob = alice.copy()
    bob[4999] ^= 1
    assert not bb84.same(alice, bob)


def test_bb84_watch_is_silent_on_a_healthy_link_and_quick_on_an_attacked_one() -> None:
    bb84, random = load("bb84"), np.random.default_rng(5)
    assert bb84.watch(random.random(100_000) < bb84.HEALTHY) is None
    assert bb84.watch(random.random(100_000) < 0.25) < 500
    late = np.concatenate([random.random(50_000) < bb84.NOISE, random.random(1000) < 0.25])
    assert 50_000 < bb84.watch(late) < 50_500


def test_bb84_keeps_less_with_more_errors_or_fewer_tests_and_nothing_at_eleven_percent() -> None:
    bb84 = load("bb84")
    assert bb84.secret_bits(50_000, 1000, 50_000, 0) > bb84.secret_bits(50_000, 2000, 50_000, 0)
    assert bb84.secret_bits(50_000, 1000, 50_000, 0) > bb84.secret_bits(50_000, 100, 5_000, 0)
    # 1 - 2 h(0.11) = 0: with what reconciliation must disclose nothing is left (Shor, Preskill 2000).
    leak = 0.5 * 50_000
    assert bb84.secret_bits(50_000, 5500, 50_000, leak) < 0
    with pytest.raises(ParameterError):
        bb84.shorten(np.zeros(50_000, np.uint8), np.zeros(50_000, np.uint8), -1.0)


def test_e91_keeps_the_key_of_entangled_pairs_only() -> None:
    e91 = load("e91")
    free, tapped = e91.run(eavesdropper=False), e91.run(eavesdropper=True)
    assert free.entangled
    assert not tapped.entangled
    # Visibility V gives S = 2√2 V; intercept-resend at 0° or 45° leaves at most √2.
    assert abs(free.bell.s - 2 * np.sqrt(2) * e91.VISIBILITY) < 6 * free.spread
    assert tapped.bell.s < np.sqrt(2) + 6 * tapped.spread
    assert free.error_rate < 0.05 < tapped.error_rate
    assert free.alice.size + free.bell.trials < e91.PAIRS


def test_chsh_certifies_entangled_qubits_and_no_list() -> None:
    chsh_bits = load("chsh_bits")
    certified = chsh_bits.certify(chsh_bits.entangled)
    assert len(certified) > 20_000
    ones = np.unpackbits(np.frombuffer(certified, np.uint8)).mean()
    assert abs(ones - 0.5) < 6 * 0.5 / np.sqrt(8 * len(certified))
    assert chsh_bits.certify(chsh_bits.cheating) is None


def test_a_source_of_your_own_takes_thirty_lines_and_feeds_everything() -> None:
    own = load("own_source")
    assert len(inspect.getsource(own.BeamSplitter).splitlines()) <= 30
    with qrng.RandomBitGenerator(own.BeamSplitter()) as rbg:
        assert len(set(rbg.random_bytes(1000))) > 200
        assert rbg.provenance()["source"]["source"] == "beam splitter"
        assert rbg.status()["simulated"]
        assert rbg.status()["health"]["state"] == "OK"
    bits = own.BeamSplitter(0.9).read(10_000)
    assert 0.85 < bits.symbols().mean() < 0.95


def test_a_side_channel_shows_beside_the_diode_and_nowhere_else() -> None:
    side = load("side_channel")
    samples = side.LeakyHomodyne().read(100_000)
    assert side.verdict(samples, 0.85).startswith("OK: no alarm")
    assert "side alarmed at sample" in side.verdict(samples, 0.85, "laser_monitor")
    shuffled = {"laser_monitor": np.random.default_rng(1).permutation(samples.side_data["laser_monitor"])}
    unrelated = qrng.Samples.from_symbols(samples.symbols(), side_data=shuffled)
    assert side.verdict(unrelated, 0.85, "laser_monitor").startswith("OK: no alarm")
