"""The health report and the trace that it draws; the page is skipped where the extra `report` is not installed."""

from __future__ import annotations

import numpy as np
import pytest

from qrng.health import HealthTest, Setting
from qrng.health.models.features import Shape
from qrng.health.models.model import Model
from qrng.health.scan import scan
from qrng.health.score import Calibration, ScoreTest
from qrng.report.health import LOOKS, Trace, health_html
from qrng.samples import Samples


def stream(p: float, n: int = 1 << 17) -> Samples:
    return Samples.from_symbols((np.random.default_rng(3).random(n) < p).astype(np.uint8), 1)


def test_the_trace_ends_where_the_scan_does_and_shows_its_evidence() -> None:
    trace = Trace()
    report = scan([stream(0.5)], bits_per_symbol=1, lanes=1, claim=1, observe=trace, every=1 << 12)
    assert [tested for tested, _ in trace.points] == list(range(1 << 12, (1 << 17) + 1, 1 << 12))
    assert max(trace.points[-1][1].values()) == report.log2_evidence
    assert set(trace.points[-1][1]) == {"bank", "learned", "sine", "lfsr", "prbs", "replay", "context"}


def test_the_trace_reaches_the_threshold_at_an_alarm() -> None:
    trace = Trace()
    report = scan([stream(0.56)], bits_per_symbol=1, lanes=1, claim=1, observe=trace, every=1 << 12)
    assert report.alarms
    assert trace.points[-1][0] == report.examined == report.alarms[0].at_sample + 1
    assert max(trace.points[-1][1].values()) >= report.run_length_log2


def test_looking_changes_no_verdict() -> None:
    for p in (0.5, 0.55):
        plain = scan([stream(p)], bits_per_symbol=1, lanes=1, claim=1)
        watched = scan([stream(p)], bits_per_symbol=1, lanes=1, claim=1, observe=Trace(), every=1 << 10)
        assert (plain.state, plain.alarms) == (watched.state, watched.alarms)


def test_a_long_trace_is_thinned_and_keeps_its_peaks() -> None:
    trace = Trace()
    for n in range(100_000):
        trace(n, {"a": 50.0 if n == 77_777 else n / 1e5})
    assert len(trace.points) <= 4 * LOOKS + 1
    assert max(held["a"] for _, held in trace.points) == 50.0
    assert trace.points[-1][0] == 99_999
    assert [n for n, _ in trace.points] == sorted({n for n, _ in trace.points})


@pytest.mark.parametrize("p", [0.5, 0.56])
def test_the_page_says_state_claim_and_alarms(p: float) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    trace = Trace()
    report = scan([stream(p)], bits_per_symbol=1, lanes=1, claim=1, observe=trace)
    page = health_html(report, trace, name="<raw>.bin", read_as="packed-msb", same_data=True)
    assert "&lt;raw&gt;.bin" in page
    assert f"<strong>{report.state}</strong>" in page
    assert "consistency check, not evidence" in page
    assert page.count("<svg") == 1
    assert "<script" not in page
    assert page.count('<tr class="bad">') == len(report.alarms) == (1 if p > 0.5 else 0)


def test_the_page_names_what_a_test_assumes_beyond_the_claim() -> None:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    model = Model("sum-of-squares", Shape(1, 1, 128), {"mean": np.zeros(8), "deviation": np.ones(8)})
    healthy = stream(0.5, 128 * 100).symbols().reshape(100, 128)

    def tests(setting: Setting) -> list[HealthTest]:
        return [ScoreTest(setting, "strange", model, Calibration.of(model, healthy))]

    for more, said in (([], False), ([tests], True)):
        report = scan([stream(0.5, 1 << 14)], bits_per_symbol=1, lanes=1, claim=1, more=more)
        page = health_html(report, Trace(), name="raw.bin", read_as="packed-msb", same_data=False)
        assert ("For strange this takes exchangeable windows too, which the claim does not imply." in page) is said
