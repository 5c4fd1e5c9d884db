"""A plug-in inside a generator: it can't use what runs it, and a fork in its midst gives no byte twice."""

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
from qrng.errors import ReentryError
from qrng.health import registry
from qrng.health.predictor import PredictorTest

Window = npt.NDArray[Any]


def fair(n: int, seed: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 2, n, dtype=np.uint8)


class Plug:
    """A predictor; `act` is what it does when it is asked."""

    block = 4096

    def __init__(self, act: Callable[[Window], Any]) -> None:
        self.act = act

    def predict(self, history: Window) -> Any:
        return self.act(history)


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
