"""Faults change what they say they change, from their start on, and the same way however the stream is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng.errors import ParameterError, SourceExhausted
from qrng.faults import (
    FAULTS,
    Bias,
    Burst,
    CopyLane,
    Drift,
    Dropout,
    Fault,
    Markov,
    PeriodicLock,
    Replay,
    StuckLane,
    inject,
    parse,
)
from qrng.samples import Samples
from qrng.source import Source
from qrng.sources.simulator import SimulatorSource


class Fixed(Source):
    """Symbols that are known beforehand."""

    spec = "fixed:"
    finite = True

    def __init__(self, symbols: np.ndarray, lanes: int = 1, width: int = 8) -> None:
        self._symbols, self.lanes, self.bits_per_symbol, self._at = symbols, lanes, width, 0

    def read(self, count: int) -> Samples:
        part = self._symbols[self._at : self._at + count]
        if not part.size:
            raise SourceExhausted("the end")
        self._at += part.size
        return Samples.from_symbols(part, self.bits_per_symbol, lanes=self.lanes, first=self._at - part.size)

    def whole(self) -> Any:
        for at in range(0, self._symbols.size, 100):
            yield Samples.from_symbols(self._symbols[at : at + 100], self.bits_per_symbol, lanes=self.lanes, first=at)

    def provenance(self) -> dict[str, Any]:
        return {"source": "fixed"}


def through(symbols: np.ndarray, *faults: Fault, lanes: int = 1, width: int = 8) -> np.ndarray:
    return inject(Fixed(symbols, lanes, width), *faults).read(symbols.size).symbols().astype(np.int64)


COUNT = np.arange(2000) % 251
BITS = np.random.default_rng(0).integers(0, 2, 200_000)


def test_a_stuck_lane_gives_one_value_and_the_others_are_untouched() -> None:
    out = through(COUNT, StuckLane(start=100, lane=2, value=7), lanes=3)
    index = np.arange(COUNT.size)
    hit = (index >= 100) & (index % 3 == 2)
    assert (out[hit] == 7).all() and (out[~hit] == COUNT[~hit]).all()


def test_a_copied_lane_gives_the_other_lanes_symbol_of_the_same_shot() -> None:
    out = through(COUNT, CopyLane(start=100, lane=2, source=0), lanes=4)
    index = np.arange(COUNT.size)
    hit = (index >= 100) & (index % 4 == 2)
    assert (out[hit] == COUNT[index[hit] - 2]).all() and (out[~hit] == COUNT[~hit]).all()


def test_a_bias_sets_the_share_it_names() -> None:
    out = through(BITS, Bias(start=1000, amount=0.2), width=1)
    assert (out[:1000] == BITS[:1000]).all()
    assert out[1000:].mean() == pytest.approx(0.6, abs=0.006)
    assert (through(BITS, Bias(amount=1.0, value=0), width=1) == 0).all()


def test_a_drift_grows_from_nothing_and_stays() -> None:
    out = through(BITS, Drift(start=0, amount=0.4, length=100_000), width=1)
    assert out[:5000].mean() == pytest.approx(0.5, abs=0.04)
    assert out[47_500:52_500].mean() == pytest.approx(0.6, abs=0.04)
    assert out[100_000:].mean() == pytest.approx(0.7, abs=0.01)


def test_markov_repeats_the_symbol_before_in_its_lane() -> None:
    out = through(BITS, Markov(amount=0.3), lanes=3, width=1)
    assert (out[3:] == out[:-3]).mean() == pytest.approx(0.65, abs=0.006)
    assert (out[1:] == out[:-1]).mean() == pytest.approx(0.5, abs=0.006)
    frozen = through(COUNT, Markov(start=300, amount=1.0), lanes=3)
    assert (frozen[:300] == COUNT[:300]).all()
    assert frozen[300:306].tolist() == [COUNT[297], COUNT[298], COUNT[299]] * 2


def test_a_periodic_lock_repeats_its_first_period() -> None:
    out = through(COUNT, PeriodicLock(start=500, period=10))
    assert (out[:510] == COUNT[:510]).all()
    assert (out[510:] == np.resize(COUNT[500:510], 1490)).all()
    half = through(BITS, PeriodicLock(period=8, amount=0.5), width=1)
    assert (half[8:] == half[:-8]).mean() == pytest.approx(0.5 + 0.5 * 0.25, abs=0.01)


def test_a_replay_gives_each_block_twice() -> None:
    out = through(COUNT, Replay(start=100, length=50))
    assert (out[:150] == COUNT[:150]).all()
    assert (out[150:200] == COUNT[100:150]).all()
    assert (out[200:250] == COUNT[200:250]).all()
    assert (out[250:300] == COUNT[200:250]).all()


def test_a_burst_is_as_long_and_as_frequent_as_it_says() -> None:
    once = through(COUNT + 1, Burst(start=100, length=5))
    assert np.flatnonzero(once == 0).tolist() == [100, 101, 102, 103, 104]
    again = through(COUNT + 1, Burst(start=100, length=1, every=500))
    assert np.flatnonzero(again == 0).tolist() == [100, 600, 1100, 1600]


def test_a_dropout_loses_symbols_and_moves_the_rest_up() -> None:
    source = inject(Fixed(BITS, width=1), Dropout(start=100, amount=0.5))
    out = source.read(50_000)
    assert out.count == 50_000
    assert out.symbols(0, 100).tolist() == BITS[:100].tolist()
    rest = source.read(10**6)
    assert rest.first == 50_000
    assert 50_000 + rest.count == pytest.approx(100_050, abs=1500)
    with pytest.raises(SourceExhausted):
        source.read(1)


def test_a_dropout_of_everything_left_is_the_end() -> None:
    source = inject(Fixed(COUNT[:20]), Dropout(amount=0.999999))
    with pytest.raises(SourceExhausted):
        source.read(5)


@given(st.sampled_from(sorted(FAULTS)), st.lists(st.integers(1, 400), max_size=4), st.integers(0, 300))
def test_the_cut_of_the_stream_changes_nothing(name: str, sizes: list[int], start: int) -> None:
    fault = FAULTS[name](start=start)
    lanes = 5
    want = inject(Fixed(COUNT, lanes), fault).read(COUNT.size).symbols()
    source = inject(Fixed(COUNT, lanes), fault)
    parts = [source.read(n) for n in sizes]
    got = Samples.join(parts).symbols() if parts else np.zeros(0, np.uint8)
    assert got.tolist() == want[: got.size].tolist()
    whole = source.whole()
    assert whole is not None
    assert Samples.join(whole).symbols().tolist() == want.tolist()


def test_faults_follow_one_another() -> None:
    out = through(COUNT, StuckLane(lane=0, value=9), CopyLane(lane=1, source=0), lanes=2)
    assert (out == 9).all()


def test_an_injected_source_keeps_claim_and_says_its_faults() -> None:
    inner = SimulatorSource(qubits=2, seed=1)
    source = inject(inner, StuckLane(lane=1), parse("burst:start=5,length=2"))
    assert source.claim() == inner.claim()
    assert (source.lanes, source.simulated, source.reproducible, source.finite) == (2, True, True, False)
    assert [fault["fault"] for fault in source.provenance()["faults"]] == ["stuck_lane", "burst"]
    assert source.whole() is None
    live = inject(SimulatorSource(qubits=2), StuckLane(lane=1))
    live.read(10)
    live.reopen()
    assert live.read(10).first == 0


def test_text_makes_the_fault_it_names() -> None:
    assert parse("stuck_lane:lane=3,start=1000") == StuckLane(start=1000, lane=3)
    assert parse("drift:amount=0.25,length=10,seed=4") == Drift(amount=0.25, length=10, seed=4)
    assert parse("replay") == Replay()
    for name, kind in FAULTS.items():
        assert parse(name) == kind()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gremlin", "choose one of stuck_lane, copy_lane"),
        ("bias:much=1", "expected start=…, seed=…, amount=…"),
        ("bias:amount=1,amount=1", "each once"),
        ("bias:amount=x", "amount takes a number"),
        ("bias:amount=2", "amount is a probability"),
        ("stuck_lane:lane=1.5", "lane takes a number"),
        ("stuck_lane:start=-1", "must not be negative"),
        ("dropout:amount=1", "below 1"),
        ("burst:length=9,every=5", "every must be 0 or at least the length"),
        ("copy_lane:lane=1,source=1", "copies one before it"),
        ("periodic_lock:period=0", "period must be at least 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse(text)
    assert says in str(caught.value)


def test_a_fault_that_does_not_fit_the_source_is_refused() -> None:
    for fault in (StuckLane(lane=1), CopyLane(lane=1), StuckLane(value=2), Bias(value=2), Burst(value=2)):
        with pytest.raises(ParameterError, match=r"not among the 1|needs more than 1 bits"):
            inject(Fixed(BITS, width=1), fault)
