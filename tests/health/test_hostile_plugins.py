"""A hostile plug-in costs its own share of the false alarms, its time, and nothing else, whatever it does in a call."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from qrng import EntropyClaim, RandomBitGenerator, Samples, Source
from qrng.errors import HealthAlarm, HealthFailure, ReentryError
from qrng.health import Gate, Setting, State, predictor, registry
from qrng.health.base import HealthTest
from qrng.health.edetector import EDetector
from qrng.health.predictor import PredictorTest
from qrng.health.registry import build
from qrng.health.score import Calibration, ScoreTest
from qrng.health.window_table import WindowTableTest

WINDOW, PATIENCE = 128, 8
Window = npt.NDArray[Any]


def fair(n: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


class Plug:
    """A score and a predictor at once; `act` is what it does when it is asked."""

    def __init__(self, act: Callable[[Window], Any], window: int = WINDOW) -> None:
        self.act, self.window, self.block, self.asked = act, window, 8, 0

    def score(self, window: Window) -> Any:
        self.asked += 1
        return self.act(window)

    def predict(self, history: Window) -> Any:
        return self.score(history)


class Quit(BaseException):
    """What no `except Exception` catches."""


class Lying(list[float]):
    def __len__(self) -> int:
        return 2

    def __array__(self, *how: Any, **more: Any) -> Any:
        return np.ones(1000)


def raise_(error: BaseException) -> Any:
    raise error


def freeze(window: Window) -> Any:
    window[:] = 1
    window.setflags(write=False)
    base = window.base
    while isinstance(base, np.ndarray):
        base.setflags(write=False)
        base = base.base
    return None


def recursion(window: Window) -> Any:
    return recursion(window)


UNUSABLE: dict[str, Callable[[Window], Any]] = {
    "an exception that is none": lambda w: raise_(Quit()),
    "exits": lambda w: raise_(SystemExit(3)),
    "no memory": lambda w: raise_(MemoryError()),
    "recursion": recursion,
    "a huge array": lambda w: np.broadcast_to(np.float64(0.5), 1 << 40),  # 8 TiB once somebody copies it
    "a huge number": lambda w: 10**400,
    "another length than it says": lambda w: Lying(),
    "a generator": lambda w: (0.5 for _ in range(2)),
    "complex": lambda w: [0.5 + 1j, 0.5 - 1j],
    "freezes what it is shown": freeze,
    "text": lambda w: "half",
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_no_answer_costs_more_than_its_own_share(kind: str) -> None:
    """The other tests go on, alarm at the same symbol, and the gate fails for nothing that the plug-in does."""
    healthy = Plug(lambda w: float(w.sum()))
    calibration = Calibration.of(healthy, fair(100 * WINDOW, 2).reshape(-1, WINDOW))
    plugs = [Plug(UNUSABLE[kind]) for _ in range(2)] + [Plug(UNUSABLE[kind], 4)]

    def hostile(setting: Setting) -> list[HealthTest]:
        return [
            PredictorTest(setting, "predicts", plugs[0]),
            ScoreTest(setting, "scores", plugs[1], calibration),
            WindowTableTest(setting, "table", plugs[2]),
        ]

    def harmless(setting: Setting) -> list[HealthTest]:
        return [
            PredictorTest(setting, "predicts", Plug(lambda w: [0.5, 0.5])),
            ScoreTest(setting, "scores", Plug(lambda w: 0.0), Calibration.of(Plug(lambda w: 0.0), np.zeros((20, 128)))),
            WindowTableTest(setting, "table", Plug(lambda w: 0.0, 4)),
        ]

    stream = np.concatenate([fair(40_000, 3), (np.random.default_rng(4).random(20_000) < 0.6).astype(np.uint8)])
    alarms = []
    for maker in (hostile, harmless):
        gate = Gate(1, 1, 1.0, quarantine=0, more=[maker])
        gate.push(Samples.from_symbols(stream[:40_000]))
        assert gate.state is State.OK
        own = {name: gate.status()["evidence"][name] for name in ("predicts", "scores", "table")}
        assert max(own.values()) <= np.log2(40_000)  # what grows by itself: M is at most the symbols seen
        with pytest.raises(HealthAlarm):
            gate.push(Samples.from_symbols(stream[40_000:], first=40_000))
        alarms.append(gate.alarms)
    assert alarms[0] == alarms[1]
    assert [plug.asked for plug in plugs[:2]] == [PATIENCE, PATIENCE]
    assert plugs[2].asked == PATIENCE


def test_what_it_is_shown_is_wiped_whatever_it_keeps_or_freezes() -> None:
    kept: list[Window] = []

    def keep(window: Window) -> Any:
        kept.append(window)
        freeze(window) if len(kept) % 2 else None
        return [0.5, 0.5]

    gate = Gate(1, 1, 1.0, more=[lambda setting: [PredictorTest(setting, "keeps", Plug(keep))]])
    gate.push(Samples.from_symbols(np.ones(30, np.uint8)))
    assert len(kept) > 3
    assert max(len(window) for window in kept) >= 24
    assert not any(window.any() for window in kept)


def test_an_array_that_it_changes_afterwards_changes_no_stake() -> None:
    belief = np.array([0.4, 0.6])
    setting = Setting.of(1, 1, 1.0, run_length_log2=256)
    honest = PredictorTest(setting, "mine", Plug(lambda w: [0.4, 0.6]))
    other = PredictorTest(setting, "mine", Plug(lambda w: belief))
    stakes = []
    for test in (honest, other):
        stakes.append(test._log2_payoff.copy())
        belief[:] = [0.0, 1e300]
        assert (test._log2_payoff == stakes[0]).all()
    assert (stakes[0] == stakes[1]).all()


def test_an_answer_of_another_length_is_not_copied_first() -> None:
    class Huge:
        copied = False

        def __len__(self) -> int:
            return 1 << 40

        def __array__(self, *how: Any, **more: Any) -> Any:
            self.copied = True
            return np.zeros(2)

    answer = Huge()
    test = PredictorTest(Setting.of(1, 1, 1.0), "huge", Plug(lambda w: answer))
    assert test.patience.unusable == 1
    assert not answer.copied


def test_a_thread_that_changes_its_array_while_it_is_looked_at_changes_no_stake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The core reads a belief more than once: what it reads has to be ours."""
    belief = np.array([0.4, 0.6])
    real = predictor.lib

    class Meanwhile:
        def qrng_payoff(self, *arguments: Any) -> Any:
            belief[:] = [0.0, 1e300]
            return real.qrng_payoff(*arguments)

    monkeypatch.setattr(predictor, "lib", Meanwhile())
    test = PredictorTest(Setting.of(1, 1, 1.0), "mine", Plug(lambda w: belief))
    assert 2.0**test._log2_payoff == pytest.approx([0.8, 1.2])


def test_a_thread_of_its_own_sees_zeros_afterwards() -> None:
    seen: list[int] = []
    asked, wiped = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def spy(window: Window) -> Any:
        def look() -> None:
            asked.set()
            wiped.wait(20)
            seen.append(int(window.sum()))

        if len(window) and not asked.is_set():
            threads.append(threading.Thread(target=look))
            threads[0].start()
            asked.wait(20)
        return [0.5, 0.5]

    Gate(1, 1, 1.0, more=[lambda setting: [PredictorTest(setting, "spy", Plug(spy))]]).push(
        Samples.from_symbols(np.ones(30, np.uint8))
    )
    wiped.set()
    threads[0].join(20)
    assert seen == [0]


def test_what_it_sets_for_all_of_numpy_ends_with_its_answer() -> None:
    def strict(window: Window) -> Any:
        np.seterr(all="raise")
        return [0.5, 0.5]

    before = np.geterr()
    gate = Gate(1, 1, 1.0, more=[lambda setting: [PredictorTest(setting, "strict", Plug(strict))]])
    gate.push(Samples.from_symbols(fair(5000)))
    assert gate.state is State.OK
    assert np.geterr() == before


def test_the_gate_that_asks_it_is_not_its_to_use() -> None:
    refused: list[type[BaseException]] = []

    def meddle(window: Window) -> Any:
        for use in (gate.restart, gate.drop_lane, gate.close, lambda: gate.push(mine)):
            try:
                use()
            except ReentryError as error:
                refused.append(type(error))
        return [0.5, 0.5]

    mine = Samples.from_symbols(fair(100, 9), first=5000)
    plug = Plug(lambda w: [0.5, 0.5])
    gate = Gate(1, 1, 1.0, quarantine=0, more=[lambda setting: [PredictorTest(setting, "meddles", plug)]])
    plug.act = meddle
    stream = fair(5000)
    out = gate.push(Samples.from_symbols(stream))
    assert np.concatenate([part.symbols() for part in out]).tolist() == stream[1024:].tolist()
    assert len(refused) == 4 * (5000 // 8)
    assert (gate.state, gate.status()["samples"]) == (State.OK, 5000)
    assert mine.packed.any()  # refused, not taken


def test_a_gate_that_is_failed_while_it_tests_passes_nothing() -> None:
    plug = Plug(lambda w: [0.5, 0.5])
    gate = Gate(1, 1, 1.0, quarantine=0, more=[lambda setting: [PredictorTest(setting, "fails", plug)]])
    plug.act = lambda w: gate.fail("somebody said so")
    bits = Samples.from_symbols(fair(5000))
    with pytest.raises(HealthFailure, match="somebody said so"):
        gate.push(bits)
    assert not bits.packed.any()


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 0.0, -1.0, 1.5])
def test_a_weight_that_would_silence_the_others_is_a_failure(weight: float) -> None:
    def greedy(setting: Setting) -> list[HealthTest]:
        test = PredictorTest(setting, "greedy", Plug(lambda w: [0.5, 0.5]))
        test.weight = weight
        return [test]

    with pytest.raises(HealthFailure, match="greedy asks for a weight"):
        Gate(1, 1, 1.0, more=[greedy])


def test_the_greatest_weight_costs_the_others_at_most_two_bits() -> None:
    def greedy(setting: Setting) -> list[HealthTest]:
        test = PredictorTest(setting, "greedy", Plug(lambda w: [0.5, 0.5]))
        test.weight = 1.0
        return [test]

    setting = Setting.of(1, 20, 1.0)
    alone = {test.name: test.log2_threshold for test in build(setting) if isinstance(test, EDetector)}
    beside = {test.name: test.log2_threshold for test in build(setting, [greedy]) if isinstance(test, EDetector)}
    assert all(0 < beside[name] - alone[name] < 2 for name in alone)


def test_what_is_no_health_test_is_a_failure() -> None:
    with pytest.raises(HealthFailure, match="dict is no health test"):
        Gate(1, 1, 1.0, more=[lambda setting: [{}]])  # type: ignore[list-item]


@pytest.mark.parametrize("begin", ["restart", "drop_lane"])
def test_one_that_cannot_be_set_up_again_is_failed_and_never_left_out(begin: str) -> None:
    made: list[int] = []

    def once(setting: Setting) -> list[HealthTest]:
        made.append(setting.lanes)
        if len(made) > 1:
            raise OSError("the second time it can't")
        return [PredictorTest(setting, "once", Plug(lambda w: [0.5, 0.5]))]

    gate = Gate(1, 8, 1.0, quarantine=0, more=[once])
    stream = fair(16_000).reshape(-1, 8)
    stream[500:541, 5] = 1
    stream[[499, 541], 5] = 0
    with pytest.raises(HealthAlarm):
        gate.push(Samples.from_symbols(stream.reshape(-1), lanes=8))
    with pytest.raises(HealthFailure, match="the second time"):
        getattr(gate, begin)()
    assert gate.state is State.FAILED
    late = Samples.from_symbols(fair(16_000, 2), lanes=8, first=16_000)
    with pytest.raises(HealthFailure, match="can't be set up again"):
        gate.push(late)
    assert not late.packed.any()


def test_numbers_are_read_once() -> None:
    """A window or block that is in range when it is checked is the one that is used."""

    class Growing(Plug):
        sizes = 0

        @property
        def block(self) -> int:
            self.sizes += 1
            return 8 if self.sizes == 1 else 1 << 40

        @block.setter
        def block(self, value: int) -> None:
            pass

    plug = Growing(lambda w: [0.5, 0.5])
    assert PredictorTest(Setting.of(1, 1, 1.0), "grows", plug)._block == 8
    assert plug.sizes == 1


class Tape(Source):
    """Fair bits, each once."""

    spec = "test:tape"

    def __init__(self) -> None:
        self.at = 0

    def read(self, count: int) -> Samples:
        self.at += count
        return Samples.from_symbols(fair(count, self.at), first=self.at - count)

    def claim(self) -> EntropyClaim:
        return EntropyClaim(0.9, None, ("a test",), "a test")

    def provenance(self) -> dict[str, Any]:
        return {"source": self.spec}


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> tuple[RandomBitGenerator, Plug]:
    """With a plug-in that an installed package brings."""
    plug = Plug(lambda w: [0.5, 0.5])
    plug.block = 4096
    added = registry._makers() | {"mine": lambda setting: [PredictorTest(setting, "mine", plug)]}
    monkeypatch.setattr(registry, "_makers", lambda: added)
    return RandomBitGenerator(Tape(), block_bits=4096, quarantine=8192, pure=True), plug


def test_the_generator_that_runs_it_is_not_its_to_use(generator: tuple[RandomBitGenerator, Plug]) -> None:
    rbg, plug = generator
    refused = []

    def meddle(window: Window) -> Any:
        for use in (rbg.close, rbg.restart, lambda: rbg.random_bytes(8), lambda: rbg.readinto(bytearray(9))):
            with pytest.raises(ReentryError):
                use()
            refused.append(use)
        return [0.5, 0.5]

    plug.act = meddle
    assert len(rbg.random_bytes(3000)) == 3000
    assert refused
    assert rbg.status()["health"]["state"] == "OK"
    rbg.close()


class Reel(Tape):
    """As Tape, but it ends, and can be read twice."""

    finite = True

    def whole(self) -> Iterator[Samples] | None:
        return iter([Samples.from_symbols(fair(200_000, 6))])

    def reopen(self) -> None:
        """Nothing is refused here: the generator has to."""


@pytest.mark.parametrize("where", ["plug-in", "source", "extractor", "finite source", "path", "pool"])
def test_a_fork_in_the_middle_leaves_the_parent_alone_and_the_child_without_a_byte(
    where: str, generator: tuple[RandomBitGenerator, Plug], monkeypatch: pytest.MonkeyPatch
) -> None:
    rbg, plug = generator
    if where == "finite source":
        rbg = RandomBitGenerator(Reel(), block_bits=4096, pure=True)
    parent, children = os.getpid(), []
    reader, writer = os.pipe()

    def forking(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **more: Any) -> Any:
            out = call(*arguments, **more)
            if not children and os.getpid() == parent:
                children.append(os.fork())
            return out

        return called

    target, name = {
        "plug-in": (plug, "act"),
        "source": (rbg._source, "read"),
        "extractor": (rbg._path._extractor, "extract_blocks"),
        "finite source": (rbg._source, "read"),
        "path": (rbg._path, "refill"),
        "pool": (rbg._pool, "take_into"),
    }[where]
    monkeypatch.setattr(target, name, forking(getattr(target, name)))
    buffer = bytearray(100)  # of one refill, so that nothing later finds out

    def asked(read: Callable[[], object]) -> str:
        try:
            read()
        except Exception as error:  # noqa: BLE001 - the child says which
            return f"{type(error).__name__}: {error}"
        return "bytes"

    said = asked(lambda: rbg.readinto(buffer))
    if os.getpid() != parent:
        again = asked(lambda: rbg.random_bytes(8))
        held = bool(rbg._path._raw.any() or rbg._pool.left or any(buffer))
        os.write(writer, json.dumps([said, again, held]).encode())
        os._exit(0)
    os.waitpid(children[0], 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        first, then, held = json.loads(pipe.read())
    assert said == "bytes"
    for refused in (first, then):
        assert "forked in the middle" in refused
        assert refused.startswith(("HealthFailure", "SourceError"))
    assert not held
    assert len(rbg.random_bytes(3000)) == 3000
    assert rbg.status()["health"]["state"] == "OK"
    rbg.close()


def test_a_fork_while_another_thread_reads_leaves_the_child_a_generator(
    generator: tuple[RandomBitGenerator, Plug],
) -> None:
    """The thread is not there in the child; what it held is wiped."""
    rbg, plug = generator
    inside, go, parent = threading.Event(), threading.Event(), os.getpid()

    def wait(window: Window) -> Any:
        if os.getpid() == parent:
            inside.set()
            go.wait(20)
        return [0.5, 0.5]

    plug.act = wait
    thread = threading.Thread(target=lambda: rbg.random_bytes(3000))
    thread.start()
    assert inside.wait(20)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, b"%d" % len(rbg.random_bytes(3000)))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    go.set()
    thread.join(20)
    rbg.close()
    assert said == b"3000"
