"""Side data that foretell the bits are found and named; those that do not cost nothing; what is the bit is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.container import ContainerWriter
from qrng.errors import HealthAlarm, HealthFailure, ParameterError
from qrng.health import Gate, Setting, State, resume, scan
from qrng.health.monitor import Monitor
from qrng.health.side import SideDataTest, columns, piece_of

N = 1 << 16


def leaking(n: int, onset: int, size: float, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Fair bits, and a binary record that foretells each with probability 1/2 + size from `onset` on."""
    rng = np.random.default_rng(seed)
    record = rng.integers(0, 2, n)
    bits = np.where(rng.random(n) < 0.5 + size * (np.arange(n) >= onset), record, 1 - record)
    return bits.astype(np.uint8), record.astype(np.float64)


def test_a_leak_is_found_within_the_page_s_delay_and_named() -> None:
    delays = []
    for seed in range(7):
        bits, record = leaking(N, N // 2, 0.05, seed)
        setting = Setting.of(1, 1, 1.0, run_length_log2=30, side_data=("neighbour",))
        test = SideDataTest(setting)
        at = test.update(piece_of(setting, Samples.from_symbols(bits, side_data={"neighbour": record}), 0, N), 0)
        assert at is not None
        delays.append(at - N // 2)
        alarm = test.alarm(at)
        assert (alarm.test, alarm.detail) == ("side", "foretold by neighbour")
    assert min(delays) > 0
    assert sorted(delays)[3] < 8500


def test_false_alarms_stay_within_the_bound_for_a_source_at_its_claim_given_the_side_data() -> None:
    n, alarms = 1 << 13, 0
    setting = Setting.of(1, 1, 0.7, run_length_log2=16, side_data=("record",))  # P(alarm) <= 2^13 / 2^16 a run
    for seed in range(48):
        rng = np.random.default_rng(seed)
        record = rng.integers(0, 2, n)
        bits = np.where(rng.random(n) < 2.0**-0.7, record, 1 - record).astype(np.uint8)
        samples = Samples.from_symbols(bits, side_data={"record": record})
        alarms += SideDataTest(setting).update(piece_of(setting, samples, 0, n), 0) is not None
    assert alarms <= 15  # a binomial of mean 6 exceeds that with probability below 0.001


def test_the_gate_alarms_on_a_leak_that_the_bits_alone_do_not_show() -> None:
    bits, record = leaking(N, 0, 0.2, 3)
    assert scan([Samples.from_symbols(bits)], bits_per_symbol=1, lanes=1, claim=1.0).passed
    gate = Gate(1, 1, 1.0, side_data=("record",))
    with pytest.raises(HealthAlarm, match="side alarmed"):
        gate.push(Samples.from_symbols(bits, side_data={"record": record}))


def test_samples_without_their_side_data_are_a_failure() -> None:
    bits, record = leaking(4096, 0, 0.0, 4)
    for side in ({}, {"record": record[:-1]}):
        gate = Gate(1, 1, 1.0, side_data=("record",))
        with pytest.raises(HealthFailure):
            gate.push(Samples.from_symbols(bits, side_data=side))
        assert gate.state is State.FAILED


def test_an_entry_a_shot_is_repeated_over_its_lanes() -> None:
    samples = Samples.from_symbols(np.zeros(10, np.uint8), 1, lanes=4, first=2, side_data={"t": np.array([5.0, 6, 7])})
    assert columns(samples, ("t",), 1, 10)[:, 0].tolist() == [5, 6, 6, 6, 6, 7, 7, 7, 7]
    assert columns(samples, ("t",), 0, 2)[:, 0].tolist() == [5, 5]


@pytest.mark.parametrize("name", ["iq", "IQ", "meas_i", "raw value", "adc", "Voltage", "detector-level"])
def test_what_the_bit_is_made_from_is_refused_by_name(name: str) -> None:
    with pytest.raises(ParameterError, match="made from"):
        Gate(1, 1, 1.0, side_data=(name,))


def test_too_many_columns_twice_the_same_or_wide_symbols_are_refused() -> None:
    for names, width in ((tuple(f"c{chr(97 + k)}" for k in range(15)), 1), (("a", "a"), 1), (("a",), 2)):
        with pytest.raises(ParameterError, match="side data"):
            Gate(width, 1, 0.9, side_data=names)


def test_a_monitor_resumes_with_its_side_data() -> None:
    setting = Setting.of(1, 1, 1.0, side_data=("record",))
    bits, record = leaking(N, 0, 0.05, 5)
    whole = Samples.from_symbols(bits, side_data={"record": record})
    one, two = Monitor(setting), Monitor(setting)
    for start, stop in ((0, 1000), (1000, 5000)):
        for monitor in (one, two):
            assert monitor.update(piece_of(setting, whole, start, stop), start, lambda i, n: bits[:0]) is None
        two = resume.load(resume.save(two))
    ends = [m.update(piece_of(setting, whole, 5000, N), 5000, lambda i, n: bits[:0].copy()) for m in (one, two)]
    assert ends[0] == ends[1]
    assert ends[0] is not None
    assert one.alarms == two.alarms


def test_the_command_reads_side_data_from_a_container(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from qrng.cli.health import command

    bits, record = leaking(N, 0, 0.2, 6)
    path = tmp_path / "leak.qrng"
    with path.open("wb") as file:
        writer = ContainerWriter(file, 1, 1)
        writer.write(Samples.from_symbols(bits, side_data={"record": record}))
        writer.finish()
    run = CliRunner().invoke(command, [str(path), "--claim", "1", "--side", "record"], standalone_mode=False)
    assert run.return_value == 3
    assert "foretold by record" in run.output
    run = CliRunner().invoke(command, [str(path), "--claim", "1"], standalone_mode=False)
    assert run.return_value == 0
