"""`qrng monitor`: a look a line, Prometheus text that parses, an alarm that ends it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import qrng
from qrng.report.live import Tapped, prometheus, snapshot

Run = Callable[..., subprocess.CompletedProcess[bytes]]

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?[0-9.e+-]+|NaN)')
"""A sample in Prometheus' exposition format 0.0.4."""


def figures(text: str) -> dict[str, list[tuple[str, float]]]:
    """Metric to labels and values; every line must be a comment or a sample, every sample described before."""
    found: dict[str, list[tuple[str, float]]] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in ("gauge", "counter")
            assert kind == "gauge" or name.endswith("_total")
            found[name] = []
        elif line and not line.startswith("# HELP "):  # an empty line parts two looks
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            found[sample[1]].append((sample[2], float(sample[3])))
    return found


def test_each_look_is_a_line_where_there_is_no_terminal(run_qrng: Run) -> None:
    done = run_qrng("monitor", "sim:?qubits=8", "--interval", "0.1", "--looks", "3")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 3
    assert all(re.match(r"OK +raw +[0-9.]+ Mbit/s  out +[0-9.]+ MB/s  evidence 2\^[0-9.]+  alarms 0", x) for x in lines)
    assert b"simulated" in done.stderr


def test_the_same_figures_for_prometheus(run_qrng: Run, tmp_path: Path) -> None:
    done = run_qrng("monitor", "sim:?qubits=8", "--interval", "0.1", "--looks", "2", "--prometheus", "qrng.prom")
    assert done.returncode == 0, done.stderr
    found = figures((tmp_path / "qrng.prom").read_text())
    assert found["qrng_source_simulated"][0][1] == 1
    assert [value for labels, value in found["qrng_health_state"] if 'state="OK"' in labels] == [1]
    assert sum(value for _, value in found["qrng_health_state"]) == 1
    assert len(found["qrng_lane_ones_ratio"]) == 8
    assert found["qrng_raw_bits_total"][0][1] > 8 * found["qrng_output_bytes_total"][0][1] > 0


def test_an_alarm_is_shown_and_ends_it(run_qrng: Run, tmp_path: Path) -> None:
    fault = ["--fault", "stuck_lane:lane=1,start=200000"]
    done = run_qrng("monitor", "sim:?qubits=4", "--interval", "60", "--prometheus", "-", *fault)
    assert done.returncode == 4
    found = figures(done.stdout.decode())
    assert found["qrng_alarms_total"][0][1] == 1
    assert [value for labels, value in found["qrng_health_state"] if 'state="OK"' in labels] == [0]
    assert b"lane 1" in done.stderr


def test_the_end_of_a_capture_ends_it(run_qrng: Run, tmp_path: Path) -> None:
    np.random.default_rng(1).integers(0, 2, 400_000, dtype=np.uint8).tofile(tmp_path / "raw.bin")
    done = run_qrng("monitor", "file:raw.bin", "--claim", "0.8", "--interval", "60")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert b"no symbol" in done.stderr or b"end" in done.stderr


def test_the_source_is_named_once(run_qrng: Run) -> None:
    assert run_qrng("monitor", "sim:", "--source", "sim:").returncode == 2


@pytest.mark.filterwarnings("ignore::qrng.SimulatedSourceWarning")
@pytest.mark.filterwarnings("ignore::qrng.SimulatedSourceWarning")
def test_labels_are_escaped() -> None:
    with qrng.open_source("sim:?qubits=2&seed=1") as source:
        tapped = Tapped(source)
        tapped.spec = 'file:a"b\\c\nd'
        with qrng.RandomBitGenerator(tapped, allow_reproducible=True) as generator:
            generator.random_bytes(100)
            text = prometheus(snapshot(generator, tapped, 1.0))
    assert 'source="file:a\\"b\\\\c\\nd"' in text
    figures(text)


@pytest.mark.filterwarnings("ignore::qrng.SimulatedSourceWarning")
def test_rates_are_of_the_time_since_the_look_before() -> None:
    with qrng.open_source("sim:?qubits=2&seed=1") as source:
        tapped = Tapped(source)
        with qrng.RandomBitGenerator(tapped, allow_reproducible=True) as generator:
            generator.random_bytes(100)
            first = snapshot(generator, tapped, 2.0)
            generator.random_bytes(500_000)
            second = snapshot(generator, tapped, 4.0, first)
    assert first.raw_rate == first.raw_bits / 2 and first.output_rate == 50
    assert second.raw_rate == (second.raw_bits - first.raw_bits) / 4 > 0
    assert second.output_rate == 125_000


def test_a_tapped_source_gives_the_same_bits_and_counts_them() -> None:
    with qrng.open_source("sim:?qubits=3&seed=5") as plain, qrng.open_source("sim:?qubits=3&seed=5") as source:
        tapped = Tapped(source)
        expected = plain.read(30_000)
        assert np.array_equal(tapped.read(30_000).symbols(), expected.symbols())
    assert tapped.symbols == 30_000
    assert np.allclose(tapped.ones, [expected.lane(k).mean() for k in range(3)])
