"""What a generator does with an alarm beside stopping: it tells of it, and leaves a lane out where that is allowed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from qrng import EntropyClaim, RandomBitGenerator, Samples, Source
from qrng.errors import HealthAlarm, HealthFailure, ParameterError, SourceExhausted
from qrng.extractors import Toeplitz
from qrng.health.allowance import Allowance
from qrng.health.base import Alarm
from qrng.rbg import LaneDroppedWarning

BLOCK, QUARANTINE, LANES = 4096, 8192, 8


class Lanes8(Source):
    """Eight lanes of fair bits that play once; some are stuck from a round on."""

    spec, lanes = "test:lanes", LANES

    def __init__(self, *stuck: tuple[int, int], rounds: int = 100_000, twice: bool = False) -> None:
        bits = np.random.default_rng(5).integers(0, 2, (rounds, LANES), dtype=np.uint8)
        for lane, at in stuck:
            bits[at:, lane] = 1
        self.bits, self.at, self.twice, self.finite = bits.reshape(-1), 0, twice, twice

    def read(self, count: int) -> Samples:
        if self.at == self.bits.size:
            raise SourceExhausted("the tape has ended")
        part = self.bits[self.at : self.at + count]
        self.at += part.size
        return Samples.from_symbols(part, first=self.at - part.size, lanes=LANES)

    def whole(self) -> Iterator[Samples] | None:
        return iter([Samples.from_symbols(self.bits, lanes=LANES)]) if self.twice else None

    def claim(self) -> EntropyClaim:
        return EntropyClaim(0.875, None, ("a test",), "a test")

    def provenance(self) -> dict[str, Any]:
        return {"source": self.spec}

    def close(self) -> None:
        pass


def generator(source: Source, **options: Any) -> RandomBitGenerator:
    return RandomBitGenerator(source, **{"block_bits": BLOCK, "quarantine": QUARANTINE, "pure": True, **options})


def test_an_alarm_is_told_once_outside_the_lock_and_after_everything_is_wiped() -> None:
    told: list[tuple[Alarm, Any]] = []

    def on_alarm(alarm: Alarm) -> None:
        assert not any(buffer)
        assert not rbg._path._raw.any()
        seen: list[Any] = []
        # Another thread can use the generator meanwhile: nobody holds its lock.
        other = threading.Thread(target=lambda: seen.append(rbg.status()["health"]["state"]))
        other.start()
        other.join(20)
        told.append((alarm, *seen))

    rbg = generator(Lanes8((3, 4000)), on_alarm=on_alarm)
    buffer = bytearray(b"\xff" * 20_000)
    for _ in range(3):
        with pytest.raises(HealthFailure, match="lane 3"):
            rbg.readinto(buffer)
    assert len(told) == 1
    alarm, state = told[0]
    assert (alarm.test, alarm.lane, state) == ("rct", 3, "FAILED")
    assert (alarm.at_sample - 3) % LANES == 0
    assert abs(alarm.at_sample // LANES - 4000) < 60


@pytest.mark.parametrize("drop", [0, 1])
@pytest.mark.parametrize("error", [OSError("x"), KeyboardInterrupt()])
def test_where_telling_fails_nothing_passes_any_more(error: BaseException, drop: int) -> None:
    def on_alarm(alarm: Alarm) -> None:
        raise error

    rbg = generator(Lanes8((3, 4000)), on_alarm=on_alarm, drop_lanes=drop)
    buffer = bytearray(b"\xff" * 20_000)
    with pytest.raises(HealthFailure if isinstance(error, Exception) else type(error)):
        rbg.readinto(buffer)
    assert not any(buffer)
    for attempt in (lambda: rbg.random_bytes(1), rbg.restart, lambda: rbg.random_bytes(1)):
        with pytest.raises(HealthFailure, match="telling of an alarm raised"):
            attempt()


def test_a_callback_that_restarts_and_reads_gets_through_and_the_read_still_raises() -> None:
    got = []

    def on_alarm(alarm: Alarm) -> None:
        rbg.restart()
        got.append(rbg.random_bytes(10))

    source = Lanes8()
    source.bits[100_000:100_060] = 1
    rbg = generator(source, on_alarm=on_alarm)
    with pytest.raises(HealthAlarm):
        rbg.random_bytes(40_000)
    assert len(got) == 1


def test_a_capture_that_alarms_is_told_of_too() -> None:
    told: list[Alarm] = []
    with pytest.raises(HealthFailure):
        generator(Lanes8((3, 4000), twice=True), on_alarm=told.append, allow_reproducible=True)
    assert [alarm.lane for alarm in told] == [3]


@pytest.mark.parametrize("twice", [False, True])
def test_a_bad_lane_is_left_out_and_every_byte_after_it_comes_from_the_others(
    monkeypatch: pytest.MonkeyPatch, twice: bool
) -> None:
    monkeypatch.setattr("os.urandom", _known)
    told: list[Alarm] = []
    source = Lanes8((3, 10_000), twice=twice)
    rbg = generator(source, drop_lanes=1, on_alarm=told.append, allow_reproducible=True, allowance=True)
    before = None if twice else rbg.provenance()["extractor"]
    got = rbg.random_bytes(20_000)
    assert [alarm.lane for alarm in told] == [3]
    status, facts = rbg.status(), rbg.provenance()
    assert [entry["lane"] for entry in status["dropped_lanes"]] == [3] == [told[0].lane]
    assert facts["dropped_lanes"] == status["dropped_lanes"] == [told[0].as_dict()]
    # The claim by hand: (8 * 0.875 - 1) / 7 = 6/7; the block: 585 rounds of 7 bits.
    assert facts["claim"]["bits_per_sample"] == pytest.approx(6 / 7)
    plan = facts["extractor"]
    assert plan["n"] == 4095
    used = 0 if before is None else 2**32 - plan["blocks"]
    hidden = Allowance.for_block(4095, claim_bits=0.875, bits_per_symbol=1, lanes=7, taken_off=True)
    assert hidden is not None
    assert facts["allowance"] == hidden.as_dict()
    assert plan["m"] == int(4095 * Fraction(6, 7) - hidden.bits + 2 - 2 * 96 - Fraction(1, 1000))
    if before is not None:
        assert (before["n"], before["m"]) == (4096, int(4096 * 0.875 - _hidden(8) + 2 - 2 * 96))
        assert used >= 1
        assert plan["log2_error"] <= -64
        assert status["blocks_used"] > used
    # And the bytes: blocks of the seven other lanes, without start-up if live.
    others = np.delete(source.bits.reshape(-1, LANES), 3, axis=1).reshape(-1)
    start = 0 if twice else _restarted(others, got, plan)
    at = 0
    for i in range(3):
        at = _end_of(_block(others, start + i * 4095, plan), np.unpackbits(np.frombuffer(got, np.uint8)), at)


def _hidden(lanes: int) -> int:
    found = Allowance.for_block(4096, claim_bits=0.875, bits_per_symbol=1, lanes=lanes, taken_off=True)
    assert found is not None
    return found.bits


def _known(n: int) -> bytes:
    """The seed: without a period, for one would be the output's, too, and blocks would look alike."""
    return np.random.default_rng(11).bytes(n)


def _block(bits: np.ndarray, at: int, plan: dict[str, Any]) -> np.ndarray:
    extractor = Toeplitz(plan["n"], plan["m"])
    out = extractor.extract(np.packbits(bits[at : at + plan["n"]]), _known(extractor.seed_bytes))
    return np.unpackbits(np.frombuffer(out, np.uint8))[: plan["m"]]


def _end_of(block: np.ndarray, out: np.ndarray, at: int) -> int:
    """Where a block ends in the output that comes next at bit `at`, or where a last byte begins that was dropped."""
    for begin in (at, at // 8 * 8):
        if np.array_equal(out[begin : begin + block.size // 8 * 8], block[: block.size // 8 * 8]):
            return begin + block.size
    raise AssertionError("what follows is not the next block of the lanes that were left")


def _restarted(others: np.ndarray, got: bytes, plan: dict[str, Any]) -> int:
    """Where the stream without the lane began again: at a reading's border after the alarm, and its start-up."""
    for rounds in range(10_240, 100_000 - 585, 512):
        at = rounds * 7 + 1024
        if got.startswith(np.packbits(_block(others, at, plan)[:128]).tobytes()):
            return at
    raise AssertionError("the output is no block of the lanes that were left")


def test_no_more_lanes_are_dropped_than_allowed_and_never_unsaid() -> None:
    rbg = generator(Lanes8((3, 4000), (5, 30_000)), drop_lanes=1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        rbg.random_bytes(1000)
        with pytest.raises(HealthFailure, match="lane 5"):
            rbg.random_bytes(200_000)
    assert [entry.category for entry in said] == [LaneDroppedWarning]
    assert "lane 3 is left out" in str(said[0].message)
    with pytest.raises(HealthFailure):
        rbg.restart()


def test_a_warning_made_an_error_stops_for_good() -> None:
    rbg = generator(Lanes8((3, 4000)), drop_lanes=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(HealthFailure, match="LaneDroppedWarning"):
            rbg.random_bytes(20_000)
    with pytest.raises(HealthFailure):
        rbg.random_bytes(1)


def test_what_cannot_be_planned_for_without_the_lane_stays_stopped() -> None:
    rbg = generator(Lanes8((3, 4000)), drop_lanes=1, claim=0.14)  # (8 * 0.14 - 1) / 7: too little for a block
    told: list[Alarm] = []
    rbg._on_alarm = told.append
    for attempt in (lambda: rbg.random_bytes(20_000), lambda: rbg.random_bytes(1), rbg.restart):
        with pytest.raises(HealthFailure):
            attempt()
    assert [alarm.lane for alarm in told] == [3]


def test_trouble_of_the_whole_stream_drops_no_lane() -> None:
    source = Lanes8()
    source.bits[100_000:] = 0
    rbg = generator(source, drop_lanes=7)
    with pytest.raises(HealthFailure):
        rbg.random_bytes(100_000)
    assert rbg.status()["dropped_lanes"] == []


def test_a_negative_number_of_lanes_is_refused() -> None:
    with pytest.raises(ParameterError):
        generator(Lanes8(), drop_lanes=-1)


def test_the_allowance_is_taken_off_a_default_block_and_can_be_left() -> None:
    # 2^16 bits at 0.875: m = floor(57344 - a + 2 - 2 * (64 + 32)).
    with (
        generator(Lanes8(), block_bits=1 << 16) as with_it,
        generator(Lanes8(), block_bits=1 << 16, allowance=False) as without,
    ):
        taken, left = with_it.provenance(), without.provenance()
    assert taken["allowance"]["taken_off"]
    assert not left["allowance"]["taken_off"]
    assert left["extractor"]["m"] == 57344 + 2 - 192
    assert taken["extractor"]["m"] == left["extractor"]["m"] - taken["allowance"]["bits"]
    assert 3000 < taken["allowance"]["bits"] < 4000
    with generator(Lanes8()) as small:
        assert not small.provenance()["allowance"]["taken_off"]
