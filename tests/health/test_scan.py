"""A finite capture is judged whole: every alarm the restarts allow, across chunk borders, before anything is used."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest

from qrng import Samples
from qrng.errors import FormatError, ParameterError
from qrng.health import HealthReport, State, scan


def good(n: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


def with_runs(n: int, *places: int, length: int = 41) -> npt.NDArray[np.uint8]:
    bits = good(n)
    for at in places:
        bits[at : at + length] = 1 - bits[at - 1]
        bits[at + length] = bits[at - 1]
    return bits


def judge(bits: npt.NDArray[np.uint8], chunk: int = 1 << 20, restarts: int = 0, lanes: int = 1) -> HealthReport:
    parts = (Samples.from_symbols(bits[i : i + chunk], 1, lanes=lanes, first=i) for i in range(0, len(bits), chunk))
    return scan(parts, bits_per_symbol=1, lanes=lanes, claim=1.0, restarts=restarts)


def test_a_fair_capture_passes() -> None:
    report = judge(good(200_000))
    assert (report.state, report.alarms, report.samples, report.examined) == (State.OK, (), 200_000, 200_000)
    assert report.passed
    assert 0 < report.false_alarm_bound < 1e-6


def test_without_restarts_the_first_alarm_ends_the_scan_but_not_the_count() -> None:
    report = judge(with_runs(200_000, 70_000, 150_000), chunk=4096)
    assert [alarm.at_sample for alarm in report.alarms] == [70_040]
    assert (report.state, report.examined, report.samples) == (State.INTERMITTENT, 70_041, 200_000)
    assert report.summary() == "INTERMITTENT: rct alarmed at sample 70040"


@pytest.mark.parametrize("chunk", [1000, 4096, 1 << 20])
def test_restarts_go_on_after_an_alarm_and_a_second_one_is_a_failure(chunk: int) -> None:
    bits = with_runs(200_000, 70_000, 150_000, 190_000)
    one = judge(bits, chunk, restarts=1)
    assert [alarm.at_sample for alarm in one.alarms] == [70_040, 150_040]
    assert one.state is State.FAILED
    all_of_them = judge(bits, chunk, restarts=9)
    assert [alarm.at_sample for alarm in all_of_them.alarms] == [70_040, 150_040, 190_040]
    assert all_of_them.state is State.FAILED
    assert all_of_them.examined == 200_000
    assert all_of_them.summary() == "FAILED: rct alarmed at sample 70040, and 2 more"


def test_one_alarm_then_a_passed_start_up_ends_ok_with_the_alarm_on_record() -> None:
    report = judge(with_runs(200_000, 70_000), restarts=1)
    assert report.state is State.OK
    assert len(report.alarms) == 1
    assert not report.passed


def test_an_alarm_too_late_for_another_start_up_ends_intermittent() -> None:
    report = judge(with_runs(20_000, 19_500), restarts=1)
    assert report.state is State.INTERMITTENT
    assert report.examined == 20_000


@pytest.mark.parametrize("chunk", [8, 64, 1 << 20])
def test_a_run_that_goes_on_to_alpha_squared_fails_across_chunk_borders(chunk: int) -> None:
    assert judge(with_runs(20_000, 5_000, length=81), chunk).state is State.FAILED
    assert judge(with_runs(20_000, 5_000, length=80), chunk).state is State.INTERMITTENT


def test_a_constant_capture_fails_and_a_stuck_lane_is_named() -> None:
    assert judge(np.zeros(5000, np.uint8)).state is State.FAILED
    bits = good(32 * 500).reshape(-1, 32)
    bits[:, 9] = 1
    report = judge(bits.reshape(-1), chunk=512, lanes=32)
    assert report.state is State.FAILED
    assert [(alarm.test, alarm.lane) for alarm in report.alarms] == [("rct", 9)]


def test_a_capture_shorter_than_the_start_up_never_reaches_ok() -> None:
    report = judge(good(1023))
    assert (report.state, report.alarms) == (State.STARTUP, ())
    assert judge(good(1024)).state is State.OK


def test_the_report_is_json_in_the_shape_of_the_contract() -> None:
    data = json.loads(json.dumps(judge(with_runs(9000, 3000)).as_dict()))
    assert data["schema"] == "qrng.health/1"
    assert data["alarms"] == [
        {"test": "rct", "at_sample": 3040, "lane": None, "onset_estimate": 3000, "log2_evidence": None, "detail": None}
    ]
    assert (data["claim"], data["samples"], data["state"]) == (1.0, 9000, "INTERMITTENT")
    assert 0 < data["false_alarm_bound"] < 1


def test_chunks_out_of_order_or_of_another_width_are_refused() -> None:
    for second in (Samples.from_symbols(good(100), 1, first=99), Samples.from_symbols(good(100), 2, first=100)):
        chunks = [Samples.from_symbols(good(100), 1), second]
        with pytest.raises(FormatError, match="from 100 were due"):
            scan(chunks, bits_per_symbol=1, lanes=1, claim=1.0)
    with pytest.raises(ParameterError, match="restarts"):
        scan([], bits_per_symbol=1, lanes=1, claim=1.0, restarts=-1)


def test_the_real_capture_of_32_qubits_is_read_lane_by_lane(test_data: object) -> None:
    from pathlib import Path

    from qrng.formats import open_capture

    path = Path(str(test_data)) / "captures" / "ibmquantum_ibm_fez_20260223_122743.json"
    with open_capture(path) as capture:
        report = scan(
            capture.chunks(), bits_per_symbol=capture.bits_per_symbol, lanes=capture.lanes, claim=0.9, restarts=5
        )
    assert (report.samples, report.lanes) == (320_000, 32)
    assert report.state is not State.STARTUP
