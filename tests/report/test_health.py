"""The health report and the trace that it draws; the page is skipped where the extra `report` is not installed."""

from __future__ import annotations

import numpy as np
import pytest

from qrng.health.scan import scan
from qrng.report.health import LOOKS, Trace, health_html
from qrng.samples import Samples


def stream(p: float, n: int = 1 << 17) -> Samples:
    return Samples.from_symbols((np.random.default_rng(3).random(n) < p).astype(np.uint8), 1)


def test_the_trace_ends_where_the_scan_does_and_shows_its_evidence() -> None:
    trace = Trace()
    report = scan([stream(0.5)], bits_per_symbol=1, lanes=1, claim=1, observe=trace, every=1 << 12)
    assert [tested for tested, _ in trace.points] == list(range(1 << 12, (1 << 17) + 1, 1 << 12))
    assert max(trace.points[-1][1].values()) == report.log2_evidence
    assert set(trace.points[-1][1]) == {"bank", "learned", "lfsr"}


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
