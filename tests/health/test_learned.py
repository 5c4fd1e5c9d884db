"""The learned bettor: within the bound whatever its weights, and worth its share where bets must move."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng._native import ffi, lib
from qrng.errors import HealthError, HealthFailure
from qrng.health import Gate, Setting
from qrng.health.bank import BankTest
from qrng.health.base import Piece
from qrng.health.edetector import EDetector
from qrng.health.learned import artefact, bettor
from qrng.health.learned.bettor import LearnedTest
from qrng.health.registry import build
from qrng.training.network import HIDDEN, INPUTS, SCALES, inputs, stakes


def first_alarm(test: EDetector, bits: npt.NDArray[np.uint8]) -> int | None:
    return test.update(Piece(Samples.from_symbols(bits)), 0)


def sine(n: int, period: float, amplitude: float, seed: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    chance = 0.5 + amplitude * np.sin(2 * np.pi * np.arange(n) / period)
    return (rng.random(n) < chance).astype(np.uint8)


def test_a_swinging_bias_is_found_sooner_than_by_any_fixed_bet() -> None:
    setting = Setting.of(1, 1, 1.0, run_length_log2=30)
    for seed in range(3):
        stream = sine(1 << 18, 1000, 0.1, seed)
        learned, bank = LearnedTest(setting), BankTest(setting)
        at, bank_at = first_alarm(learned, stream), first_alarm(bank, stream)
        assert at is not None
        assert at < 10_000
        assert bank_at is None or bank_at > 2 * at
        alarm = learned.alarm(at)
        assert (alarm.test, alarm.detail, alarm.lane) == ("learned", "moving bias", None)
        assert alarm.onset_estimate < 4000


@pytest.mark.parametrize("claim", [1.0, 0.9])
@pytest.mark.parametrize("hostile", [False, True])
def test_false_alarms_stay_within_the_bound_whatever_the_weights(
    monkeypatch: pytest.MonkeyPatch, claim: float, hostile: bool
) -> None:
    if hostile:
        wild = np.random.default_rng(1).normal(0, 50, artefact.load().size)
        monkeypatch.setattr(bettor, "load", lambda: wild)
    n, runs = 1 << 15, 48
    setting = Setting.of(1, 1, claim, run_length_log2=18)  # P(alarm) <= 2^15 / 2^18 a run
    p, alarms = 2.0**-claim, 0
    for seed in range(runs):
        stream = (np.random.default_rng(seed).random(n) < p).astype(np.uint8)
        alarms += first_alarm(LearnedTest(setting), stream) is not None
    assert alarms <= 15  # a binomial of mean 6 exceeds that with probability below 0.001


def test_c_in_single_precision_and_numpy_agree_on_every_stake() -> None:
    weights = artefact.load()
    ones = np.random.default_rng(4).binomial(64, 0.52, (1, 300)).astype(float)
    z = inputs(ones)[0]
    unit = np.sqrt((1 - (1 - 2.0 ** -np.arange(SCALES)) ** 2) / 64)
    unit = np.concatenate([unit, np.full(INPUTS - SCALES, unit[0])])
    pointer = ffi.from_buffer("double[]", weights)
    for row in z:
        recent = np.ascontiguousarray(row / unit)
        stake = lib.qrng_learned_stake(pointer, ffi.from_buffer("double[]", recent))
        assert stake == pytest.approx(float(stakes(weights, row[None])[0]), rel=1e-4, abs=1e-6)
    assert len(weights) == HIDDEN * (INPUTS + 1)


def test_turning_every_bit_over_turns_the_stake_over() -> None:
    z = np.random.default_rng(5).normal(size=(50, INPUTS))
    assert np.array_equal(stakes(artefact.load(), -z), -stakes(artefact.load(), z))
    assert np.abs(stakes(artefact.load(), z)).max() < 0.49


def test_the_detectors_in_force_share_the_false_alarms() -> None:
    for setting in (Setting.of(1, 1, 1.0), Setting.of(1, 32, 1.0), Setting.of(8, 1, 6.0)):
        detectors = [test for test in build(setting) if isinstance(test, EDetector)]
        assert sum(test.share for test in detectors) == pytest.approx(1.0 if detectors else 0.0)


@pytest.mark.parametrize("lanes", [1, 32, 16384])
def test_the_states_of_one_stream_take_at_most_32_mb(lanes: int) -> None:
    gate = Gate(1, lanes, 1.0)
    states = [test.save() for test in gate._monitor.tests if isinstance(test, EDetector) and test.name != "replay"]
    assert sum(map(len, states)) + lib.qrng_replay_state_bytes() <= 32_000_000


def test_restarts_leave_the_bound_on_false_alarms() -> None:
    # Over all restarts together: each begins with evidence 0, so P(any alarm) <= (bits seen) / A still.
    n, alarms = 1 << 13, 0
    for seed in range(64):
        gate = Gate(1, 1, 0.8, quarantine=0, run_length_log2=16)
        stream = (np.random.default_rng(seed).random(n) < 2.0**-0.8).astype(np.uint8)
        for at in range(0, n, 1 << 11):
            try:
                gate.push(Samples.from_symbols(stream[at : at + (1 << 11)], first=at))
            except HealthError:
                break
            gate.restart()
        alarms += bool(gate.alarms)
    assert alarms <= 19  # at most 1/8 a run; a binomial of mean 8 exceeds 19 with probability below 0.001


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("weights.npz", "manifest.json"):
        shutil.copy(artefact.FOLDER / name, tmp_path)
    return tmp_path


def test_the_shipped_artefact_loads_and_says_how_it_was_made(folder: Path) -> None:
    assert np.array_equal(artefact.load(folder), artefact.load())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["families"] == ["bias", "drift", "markov", "lag", "sine"]
    assert abs(manifest["null_mean_payoff"] - 1) <= 3 * manifest["null_mean_payoff_standard_error"]


@pytest.mark.parametrize(
    "damage", ["weights gone", "manifest gone", "one byte", "manifest unreadable", "other weights", "another family"]
)
def test_an_altered_or_missing_artefact_is_a_failure_and_no_fall_back(
    folder: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, manifest = folder / "weights.npz", folder / "manifest.json"
    if damage == "weights gone":
        weights.unlink()
    elif damage == "manifest gone":
        manifest.unlink()
    elif damage == "manifest unreadable":
        manifest.write_text("{")
    elif damage == "one byte":
        content = bytearray(weights.read_bytes())
        content[300] ^= 1
        weights.write_bytes(content)
    elif damage == "another family":
        manifest.write_text(manifest.read_text().replace('"sine"', '"XOR"'))
    else:
        np.savez(weights, weights=np.zeros(3))
    with pytest.raises(HealthFailure, match="artefact"):
        artefact.load(folder)
    monkeypatch.setattr(bettor, "load", lambda: artefact.load(folder))
    with pytest.raises(HealthFailure, match="artefact"):
        Gate(1, 1, 1.0)
