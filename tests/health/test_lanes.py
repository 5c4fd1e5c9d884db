"""A stream without some of its lanes, and the way back to the whole stream's numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng import EntropyClaim, Samples
from qrng.errors import EntropyError, ParameterError
from qrng.health import scan
from qrng.health.base import Alarm
from qrng.health.lanes import Lanes
from qrng.health.scan import scan_dropping


@given(st.data())
def test_what_is_left_is_the_stream_without_those_lanes_however_it_is_cut(data: st.DataObject) -> None:
    total = data.draw(st.integers(2, 9))
    lanes = Lanes(total, data.draw(st.lists(st.integers(0, total - 1), unique=True, max_size=total - 1)))
    stream = np.arange(data.draw(st.integers(0, 60)))
    left = [i for i in stream if i % total not in lanes.dropped]
    at, out = 0, []
    while at < stream.size:
        part = stream[at : at + data.draw(st.integers(1, 20))]
        found = lanes.select(Samples.from_symbols(part, 8, lanes=total, first=at))
        assert (found.first, found.lanes) == (len(out), len(lanes.kept))
        out += found.symbols().tolist()
        at += part.size
    assert out == left
    assert [lanes.original(i) for i in range(len(left))] == left
    assert [lanes.before(i) for i in left] == list(range(len(left)))


def test_what_was_left_out_is_wiped() -> None:
    whole = Samples.from_symbols(np.ones(800, np.uint8), lanes=8)
    left = Lanes(8, [1]).select(whole)
    assert left.symbols().tolist() == [1] * 700
    assert not whole.packed.any()


def test_an_alarm_is_told_in_the_whole_streams_numbers() -> None:
    # Of lanes 0 1 2 3 without 1, the symbol 7 left is round 2, second of 0 2 3: index 10, lane 2.
    told = Lanes(4, [1]).alarm(Alarm("rct", 7, 1, 4))
    assert (told.at_sample, told.lane, told.onset_estimate) == (10, 2, 6)


@pytest.mark.parametrize("dropped", [[4], [0, 0], [0, 1, 2, 3], [-1]])
def test_only_lanes_that_are_there_are_dropped_and_one_is_left(dropped: list[int]) -> None:
    with pytest.raises(ParameterError):
        Lanes(4, dropped)


def test_a_lost_lane_is_counted_at_its_full_width() -> None:
    claim = EntropyClaim(0.875, -70.0, ("a test",), "a test")
    left = Lanes(8, [3]).claim(claim)
    assert Fraction(left.bits_per_sample) <= Fraction(6, 7)  # (8 * 0.875 - 1) / 7
    assert left.bits_per_sample == pytest.approx(6 / 7)
    assert left.log2_error == -70
    assert "lanes 3" in left.assumptions[-1]
    assert Lanes(8).claim(claim) is claim
    with pytest.raises(EntropyError, match="without 1 of them"):
        Lanes(2, [0]).claim(EntropyClaim(0.5, None, ("a test",), "a test"))


def stuck(*lanes: int, n: int = 40_000) -> np.ndarray:
    bits = np.random.default_rng(2).integers(0, 2, (n // 8, 8), dtype=np.uint8)
    for lane in lanes:
        bits[1000:, lane] = 1
    return bits.reshape(-1)


def how(bits: np.ndarray) -> dict[str, object]:
    return {"whole": lambda: [Samples.from_symbols(bits, lanes=8)], "claim": 0.9, "bits_per_symbol": 1, "lanes": 8}


def test_a_scan_leaves_out_as_many_lanes_as_it_may_and_no_more() -> None:
    report, dropped = scan_dropping(drop_lanes=2, **how(stuck(6, 2)))
    assert sorted(alarm.lane for alarm in dropped) == [2, 6]
    assert report.passed
    assert (report.samples, report.dropped) == (30_000, tuple(alarm.lane for alarm in dropped))
    assert {entry["lane"] for entry in report.lanes_verdict() if entry["verdict"] == "DROPPED"} == {2, 6}
    report, dropped = scan_dropping(drop_lanes=1, **how(stuck(6, 2)))
    assert (len(dropped), report.passed) == (1, False)
    report, dropped = scan_dropping(drop_lanes=0, **how(stuck(6, 2)))
    assert (len(dropped), report.passed) == (0, False)


def test_the_false_alarm_bound_covers_every_scan() -> None:
    bits, once = stuck(6), []
    report, _ = scan_dropping(drop_lanes=1, **how(bits))
    for without in ((), (6,)):
        parts = [Samples.from_symbols(bits, lanes=8)]
        once.append(scan(parts, claim=0.9, bits_per_symbol=1, lanes=8, without=without).false_alarm_bound)
    assert report.false_alarm_bound == pytest.approx(sum(once), rel=1e-12)


def test_trouble_of_the_whole_stream_is_no_lanes_fault() -> None:
    bits = np.random.default_rng(3).integers(0, 2, 40_000, dtype=np.uint8)
    bits[20_000:20_300] = 0
    report, dropped = scan_dropping(drop_lanes=7, **how(bits))
    assert dropped == []
    assert [alarm.lane for alarm in report.alarms] == [None]


def test_each_lane_has_a_verdict() -> None:
    report = scan([Samples.from_symbols(stuck(6), lanes=8)], claim=0.9, bits_per_symbol=1, lanes=8)
    verdicts = report.lanes_verdict()
    assert [entry["verdict"] for entry in verdicts] == ["UNFINISHED"] * 6 + ["ALARM", "UNFINISHED"]
    assert verdicts[6]["first_alarm"] == report.alarms[0].at_sample
    whole = scan([Samples.from_symbols(stuck(), lanes=8)], claim=0.9, bits_per_symbol=1, lanes=8)
    assert [entry["verdict"] for entry in whole.lanes_verdict()] == ["OK"] * 8
