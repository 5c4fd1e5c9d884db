"""Sources open by name, and what can't be opened says what could."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from qrng.cli import cli
from qrng.errors import MissingExtraError, ParameterError
from qrng.sources import available, open_source, registry
from qrng.sources.simulator import SimulatorSource


def test_options_come_from_the_spec_or_from_keywords() -> None:
    for source in (
        open_source("sim:?qubits=3&bias=0.01,0.02,-0.03&seed=5"),
        open_source("sim:", qubits=3, bias=[0.01, 0.02, -0.03], seed=5),
    ):
        assert (source.lanes, source.reproducible) == (3, True)
        assert source.provenance()["model"]["bias"] == [0.01, 0.02, -0.03]


@pytest.mark.parametrize(
    ("spec", "options", "says"),
    [
        ("nowhere:x", {}, "must start with one of file:, device:, ibm:, aer:, sim:"),
        ("sim", {}, "must start with one of file:, device:, ibm:, aer:, sim:"),
        ("sim:?qbits=3", {}, "no option named 'qbits'; there are circuit, readout_error, calibration, qubits"),
        ("sim:?qubits=many", {}, "qubits takes a whole number"),
        ("sim:", {"qubits": 2.5}, "qubits takes a whole number"),
        ("sim:?drift=0.1,0.2", {}, "drift takes one number"),
        ("sim:?bias=nan", {}, "bias takes finite numbers"),
        ("sim:?bias=a", {}, "bias takes a number"),
        ("sim:?qubits", {}, "written as"),
        ("sim:?qubits=3&qubits=4", {}, "given twice"),
        ("sim:?qubits=3", {"qubits": 4}, "given twice"),
        ("sim:ibm", {}, "takes options only"),
        ("file:", {}, "needs a path"),
        ("file:x?replay=perhaps", {}, "replay takes true or false"),
        ("file:x", {"layout": 3}, "layout takes a word"),
    ],
)
def test_a_bad_spec_says_what_would_work(spec: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(ParameterError) as caught:
        open_source(spec, **options)
    assert says in str(caught.value)


def test_a_bare_path_gets_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "capture.bin"
    path.write_bytes(b"x")
    with pytest.raises(ParameterError, match="a file is opened as file:"):
        open_source(str(path))


def test_what_is_available_is_listed_without_importing_it() -> None:
    rows = {row["scheme"]: row for row in available()}
    assert rows["sim"]["available"] and rows["file"]["needs"] is None
    for row in rows.values():
        assert set(row) == {"scheme", "example", "about", "available", "needs", "missing"}
        assert row["available"] == (row["needs"] is None and row["missing"] is None)


def test_an_account_that_is_missing_is_said_so(
    ibm_extra: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ibm() -> dict[str, object]:
        return next(row for row in available() if row["scheme"] == "ibm")

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    assert not ibm()["available"] and "no account: save one with" in str(ibm()["missing"])
    assert "[missing: no account" in CliRunner().invoke(cli, ["sources"]).stdout
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "not looked at")
    assert ibm()["available"] and ibm()["missing"] is None
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    (tmp_path / ".qiskit").mkdir()
    (tmp_path / ".qiskit" / "qiskit-ibm.json").write_text("{}")
    assert ibm()["available"]


def test_a_missing_extra_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = registry.Scheme("far", "far:", "needs much", "qrng.sources.far", "ibm", ("no_such_package",))
    monkeypatch.setattr(registry, "_BUILT_IN", (scheme,))
    assert available()[0]["needs"] == "qrng-toolkit[ibm]"
    with pytest.raises(MissingExtraError, match=r"qrng-toolkit\[ibm\]"):
        open_source("far:x")


def test_a_third_party_adds_a_scheme_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def entry_points(*, group: str) -> list[object]:
        assert group == "qrng.sources"
        dist = SimpleNamespace(name="lab-toolkit")
        point = SimpleNamespace(name="lab", value="lab:open", dist=dist, load=lambda: open_lab)
        return [point]

    def open_lab(target: str, options: object) -> SimulatorSource:
        assert target == "bench/3"
        return SimulatorSource(qubits=2)

    assert importlib.metadata.entry_points is registry.entry_points
    monkeypatch.setattr(registry, "entry_points", entry_points)
    assert open_source("lab:bench/3").lanes == 2
    row = next(row for row in available() if row["scheme"] == "lab")
    assert row["about"] == "from lab-toolkit"
