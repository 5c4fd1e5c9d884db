"""Models and side data in a generator: what they find stops it, so does what is wrong with them, and both are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qrng import EntropyClaim, RandomBitGenerator, Samples, Source, open_source
from qrng.container import ContainerWriter
from qrng.errors import HealthAlarm, HealthFailure, ParameterError
from qrng.faults import inject, parse
from qrng.formats import open_capture
from qrng.health import Gate
from qrng.health.beside import Beside
from qrng.health.lanes import Lanes
from qrng.report.live import Tapped
from qrng.sources.file import FileSource
from qrng.training.capture import adapt

LANES, N = 4, 400_000


class Lab(Source):
    """Fair bits in lanes; an entry a symbol, which foretells lane 1 from `leaks` on, and one a shot, beside them."""

    spec, lanes, side_names = "test:lab", LANES, ("monitor", "shot")

    def __init__(
        self, leaks: int = N, stuck: int = N, chance: float = 0.5, worse: int = N, brings: bool = True
    ) -> None:
        rng = np.random.default_rng(11)
        bits = (rng.random((N // LANES, LANES)) < chance).astype(np.uint8)
        bits[worse // LANES :] |= rng.random(bits[worse // LANES :].shape) < 0.3
        self.shot = rng.normal(size=N // LANES)
        self.monitor = rng.integers(0, 2, N)
        foretold = self.monitor.reshape(-1, LANES)[leaks // LANES :, 1]
        bits[leaks // LANES :, 1] = np.where(rng.random(foretold.size) < 0.95, foretold, 1 - foretold)
        bits[stuck // LANES :, 2] = 1
        self.bits, self.at, self.brings = bits.reshape(-1), 0, True

    def read(self, count: int) -> Samples:
        part = slice(self.at, self.at + count)
        self.at += count
        shots = slice(part.start // LANES, -(-part.stop // LANES))
        side = {"monitor": self.monitor[part], "shot": self.shot[shots]}
        bits = self.bits[part]
        return Samples.from_symbols(bits, first=part.start, lanes=LANES, side_data=side if self.brings else {})

    def claim(self) -> EntropyClaim:
        return EntropyClaim(0.9, None, ("a test",), "a test")

    def provenance(self) -> dict[str, Any]:
        return {"source": self.spec}


def generator(source: Source, **options: Any) -> RandomBitGenerator:
    return RandomBitGenerator(source, **{"block_bits": 4096, "quarantine": 8192, "pure": True, **options})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fitted to fair bits in LANES lanes."""
    folder = tmp_path_factory.mktemp("model")
    np.random.default_rng(1).integers(0, 2, 400_000, dtype=np.uint8).tofile(folder / "healthy.bin")
    with open_capture(folder / "healthy.bin", layout="symbols", lanes=LANES) as capture:
        adapt(capture, folder / "model.npz", "mahalanobis", None, 1, lambda n: None)
    return folder / "model.npz"


def test_side_data_that_foretell_a_lane_stop_a_generator_and_nothing_else_does() -> None:
    rbg = generator(Lab(leaks=100_000))
    rbg.random_bytes(20_000)
    rbg = generator(Lab(leaks=100_000), side_data=["monitor"])
    with pytest.raises(HealthAlarm, match="side alarmed"):
        rbg.random_bytes(20_000)
    (alarm,) = rbg.status()["health"]["alarms"]
    assert alarm["test"] == "side"
    assert 100_000 < alarm["at_sample"] < 108_000
    rbg = generator(Lab(), side_data=["monitor", "shot"])
    rbg.random_bytes(20_000)
    assert rbg.provenance()["tested_beside"] == {
        "side_data": ["monitor", "shot"],
        "every_bit": False,
        "models": [],
    }


def test_a_generator_watches_every_bit_where_it_is_told_to_also_without_a_lane_and_after_a_restart() -> None:
    rbg = generator(Lab(stuck=60_000), every_bit=True, drop_lanes=1)
    rbg.random_bytes(4_000)
    assert rbg.provenance()["tested_beside"] == {"side_data": [], "every_bit": True, "models": []}
    for lanes in (LANES, LANES - 1, LANES - 1):
        health = rbg.status()["health"]
        assert (health["lanes"], health["every_bit"]) == (lanes, True)
        watched = [(test["name"], test["of_every"]) for test in health["tests"] if "of_every" in test]
        assert watched == [("context", 4096), ("coupling", 4096)]  # and no second one beside
        if lanes == LANES:
            with pytest.warns(UserWarning, match="lane 2 is left out"):
                rbg.random_bytes(8_000)
        else:
            rbg.restart()
            rbg.random_bytes(1_000)


def test_side_data_that_a_live_source_does_not_bring_are_refused_before_a_bit_is_read() -> None:
    source = Lab()
    with pytest.raises(ParameterError, match=r"no side data temperature with its symbols; there are: monitor, shot"):
        generator(source, side_data=["monitor", "temperature"])
    assert source.at == 0
    with pytest.raises(ParameterError, match="there are: none"):
        generator(open_source("sim:"), side_data=["settings"])
    with pytest.raises(ParameterError, match="one-bit symbols"):
        generator(open_source("sim:?circuit=chsh"), claim=0.5, side_data=["settings"])
    with pytest.raises(ParameterError, match="made from"):
        generator(Lab(), side_data=["iq"])


def test_a_source_that_no_longer_brings_what_it_said_is_failed() -> None:
    source = Lab()
    rbg = generator(source, side_data=["monitor"])
    rbg.random_bytes(100)
    source.brings = False
    with pytest.raises(HealthFailure, match="carry no side data 'monitor'; there are: none"):
        rbg.random_bytes(20_000)
    with pytest.raises(HealthFailure):
        rbg.restart()


@pytest.mark.parametrize("width", [1, 3])
def test_a_lost_lane_takes_its_side_data_with_it_however_the_stream_is_cut(width: int) -> None:
    """Per symbol and per shot, of chunks that begin and end within a shot: entry by entry those of the rest."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        total, first, count = int(rng.integers(2, 6)), int(rng.integers(0, 12)), int(rng.integers(0, 20))
        lanes = Lanes(total, rng.permutation(total)[: int(rng.integers(1, total))].tolist())
        index = first + np.arange(count)
        shots = np.unique(index // total)
        side = {"own": 1000 + index, "shot": 2000 + shots, "neither": np.zeros(count + 50)}
        left = lanes.select(Samples.from_symbols(index % 2, width, lanes=total, first=first, side_data=side))
        stays = ~np.isin(index % total, lanes.dropped)
        for name, wanted in (("own", 1000 + index), ("shot", 2000 + index // total)):
            found = left.by_symbol(left.side_data[name]) if count else left.side_data[name]
            assert found is not None
            assert found.tolist() == wanted[stays].tolist()
        assert "neither" not in left.side_data  # with a lane less it could pass for what it is not


@pytest.mark.parametrize("names", [["monitor"], ["shot"], ["monitor", "shot"]])
def test_a_generator_drops_a_lane_and_goes_on_testing_the_side_data_of_the_rest(names: list[str]) -> None:
    rbg = generator(Lab(stuck=60_000, leaks=200_000), side_data=names, drop_lanes=1)
    with pytest.warns(UserWarning, match="lane 2 is left out"):
        rbg.random_bytes(8_000)
    assert rbg.status()["health"]["lanes"] == LANES - 1
    if "monitor" in names:
        with pytest.raises(HealthFailure, match="side alarmed"):
            rbg.random_bytes(30_000)
        assert 200_000 < rbg.status()["health"]["alarms"][-1]["at_sample"] < 212_000
    else:
        rbg.random_bytes(10_000)


def test_a_gate_cut_within_shots_drops_a_lane_and_keeps_its_side_data() -> None:
    lab = Lab(stuck=20_000, leaks=100_000)
    gate = Gate(1, LANES, 0.9, side_data=("shot", "monitor"))
    sizes, told = iter([3, 1, 1021, 2, 5, 8191] * 100), []
    while not told or len(told) < 2:
        try:
            gate.push(lab.read(next(sizes)))
        except (HealthAlarm, HealthFailure):
            told.append(gate.alarms[-1])
            if len(told) == 1:
                assert gate.drop_lane() == 2
    assert told[1].test == "side"
    assert 100_000 < told[1].at_sample < 116_000


def test_a_model_in_a_generator_stops_what_the_default_lets_pass(model: Path) -> None:
    worse = {"claim": 0.6, "allowance": False}
    rbg = generator(Lab(worse=100_000), **worse)
    rbg.random_bytes(16_000)  # P(1) = 0.65: 0.62 bits
    rbg = generator(Lab(worse=100_000), models=[model], **worse)
    with pytest.raises(HealthAlarm, match="mahalanobis alarmed"):
        rbg.random_bytes(16_000)
    said = rbg.provenance()["tested_beside"]["models"]
    manifest = json.loads(model.with_suffix(".json").read_text())
    assert said == [
        {"file": str(model), "kind": "mahalanobis", "sha256": manifest["sha256"], "assumes": "exchangeable windows"}
    ]
    (row,) = [row for row in rbg.status()["health"]["tests"] if row["name"] == "mahalanobis"]
    assert (row["sha256"], row["assumes"]) == (manifest["sha256"], "exchangeable windows")


def test_a_model_has_its_share_of_the_false_alarms_and_the_allowance_pays_for_that(model: Path) -> None:
    bare, beside = generator(Lab(), allowance=True), generator(Lab(), allowance=True, models=[model])
    one, two = (rbg.provenance()["allowance"]["log2_evidence"] for rbg in (bare, beside))
    assert 0 < two - one < 0.2
    assert two == pytest.approx(beside.status()["health"]["allowance_log2_evidence"])
    with_side = generator(Lab(), allowance=True, side_data=["shot"])
    assert with_side.provenance()["allowance"]["log2_evidence"] == pytest.approx(
        with_side.status()["health"]["allowance_log2_evidence"]
    )


@pytest.mark.parametrize("damage", ["absent", "altered", "no manifest", "another shape"])
def test_a_model_that_is_not_what_it_was_is_a_failure_and_no_fall_back(
    model: Path, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy.npz"
    content, manifest = bytearray(model.read_bytes()), model.with_suffix(".json").read_text()
    if damage == "altered":
        content[len(content) // 2] ^= 1
    if damage != "absent":
        copy.write_bytes(content)
    if damage != "no manifest":
        copy.with_suffix(".json").write_text(manifest)
    source: Source = open_source("sim:?qubits=3") if damage == "another shape" else Lab()
    with pytest.raises(HealthFailure, match="copy"):
        generator(source, models=[copy])


def test_a_model_and_lanes_to_drop_are_refused_together(model: Path) -> None:
    with pytest.raises(ParameterError, match="can't go on without one of them"):
        generator(Lab(), models=[model], drop_lanes=1)
    gate = Gate(1, LANES, 0.9, more=Beside.of([model]).more)
    lab = Lab(stuck=4000)
    with pytest.raises((HealthAlarm, HealthFailure)):
        gate.push(lab.read(20_000))
    with pytest.raises(HealthFailure, match="can't watch"):
        gate.drop_lane()
    with pytest.raises(HealthFailure):
        gate.push(lab.read(20_000))


def test_a_file_altered_after_it_was_loaded_changes_nothing(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes(model.read_bytes())
    copy.with_suffix(".json").write_text(model.with_suffix(".json").read_text())
    rbg = generator(Lab(), models=[copy])
    copy.unlink()
    rbg.random_bytes(1000)
    rbg.restart()
    rbg.random_bytes(1000)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Source]]:
    """A capture in the test's folder, closed at its end."""
    with ExitStack() as held:
        yield lambda name: held.enter_context(FileSource(tmp_path / name))


def test_a_capture_is_tested_whole_with_its_side_data(tmp_path: Path, opened: Callable[[str], Source]) -> None:
    for leaks, name in ((N, "fine.qrng"), (100_000, "leak.qrng")):
        with (tmp_path / name).open("wb") as file:
            writer = ContainerWriter(file, 1, LANES)
            writer.write(Lab(leaks=leaks).read(200_000))
            writer.finish()
    fine = generator(opened("fine.qrng"), claim=0.9, side_data=["monitor", "shot"])
    fine.random_bytes(1000)
    with pytest.raises(HealthAlarm, match="side alarmed"):
        generator(opened("leak.qrng"), claim=0.9, side_data=["monitor"])
    generator(opened("leak.qrng"), claim=0.9)
    with pytest.raises(ParameterError, match="no side data 'temperature'; there are: monitor, shot"):
        generator(opened("fine.qrng"), claim=0.9, side_data=["temperature"])


def around(source: Callable[[], Source]) -> Iterator[Source]:
    yield Tapped(source())
    yield inject(source(), parse("burst:start=150000,length=3"))


def test_what_is_put_around_a_source_keeps_its_side_data(tmp_path: Path, opened: Callable[[str], Source]) -> None:
    with (tmp_path / "lab.qrng").open("wb") as file:
        writer = ContainerWriter(file, 1, LANES)
        writer.write(Lab().read(8000))
        writer.finish()
    plain = Lab().read(8000)
    for wrapped in around(Lab):
        assert wrapped.side_names == Lab.side_names
        read = wrapped.read(8000)
        assert {name: a.tolist() for name, a in read.side_data.items()} == {
            name: a.tolist() for name, a in plain.side_data.items()
        }
    for wrapped in around(lambda: opened("lab.qrng")):
        recording = wrapped.recording()
        assert recording is not None
        assert recording.side_data["monitor"].tolist() == plain.side_data["monitor"].tolist()
        assert recording.symbols().tolist() == plain.symbols().tolist()
    stuck = inject(opened("lab.qrng"), parse("stuck_lane:lane=1,start=4000")).recording()
    assert stuck is not None
    assert not stuck.symbols()[4001::LANES].any()


def test_where_symbols_are_lost_there_are_no_side_data_to_be_shifted(monkeypatch: pytest.MonkeyPatch) -> None:
    losing = inject(Lab(), parse("dropout:amount=0.01"))
    assert losing.side_names == ()
    assert losing.read(8000).side_data == {}
    lab = Lab()
    monkeypatch.setattr(lab, "recording", lambda: Lab().read(8000))
    kept, lost = (inject(lab, parse(fault)).recording() for fault in ("bias:amount=0.1", "dropout:amount=0.01"))
    assert kept is not None
    assert lost is not None
    assert (set(kept.side_data), set(lost.side_data)) == (set(Lab.side_names), set())
    with pytest.raises(ParameterError, match="no side data"):
        generator(losing, side_data=["monitor"])


@pytest.mark.filterwarnings("ignore::qrng.SimulatedSourceWarning")
def test_a_protocol_s_settings_are_tested_as_they_come() -> None:
    """They foretell the rounds that measure X: a claim on every symbol, given the settings, does not hold there."""
    source = open_source("sim:?circuit=source-independent&test_share=0.5&seed=3")
    assert source.side_names == ("settings",)
    rbg = generator(source, claim=0.3, allow_reproducible=True, allowance=False, block_bits=6000)
    rbg.random_bytes(100)
    with pytest.raises((HealthAlarm, HealthFailure), match="side alarmed"):
        generator(
            open_source("sim:?circuit=source-independent&test_share=0.5&seed=3"),
            claim=0.3,
            allow_reproducible=True,
            allowance=False,
            block_bits=6000,
            side_data=["settings"],
        ).random_bytes(100)
