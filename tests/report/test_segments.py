"""The page of an assessment by segments; skipped where the extra `report` is not installed."""

import re

import numpy as np
import pytest

import qrng
from qrng.samples import Samples

SEGMENT = 8000


def page(samples: Samples, segment: int = SEGMENT, name: str = "raw.bin", **options) -> str:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    from qrng.report.segments import segments_html

    return segments_html(qrng.assess_segments(samples, segment, **options), name=name)


def noise(segments: int = 4, width: int = 2, tail: int = 100, **known) -> Samples:
    symbols = np.random.default_rng(1).integers(0, 2**width, segments * SEGMENT + tail)
    return Samples.from_symbols(symbols, width, **known)


def weak_in_the_third(n: int = 5 * SEGMENT) -> Samples:
    symbols = np.random.default_rng(1).integers(0, 4, n)
    symbols[2 * SEGMENT : 3 * SEGMENT : 2] = 0
    return Samples.from_symbols(symbols, 2)


def test_the_page_is_one_file_with_two_figures(one_page):
    html = page(noise())
    one_page(html)
    assert html.count("<svg") == 2
    assert "32100 samples of 2 bits: 4 segments of 8000; the last 100 samples were not assessed" in html


def test_the_verdict_is_the_smallest_segment_and_says_where_it_begins():
    found = qrng.assess_segments(weak_in_the_third(), SEGMENT)
    html = page(weak_in_the_third())
    assert f"at least <strong>{found.min_entropy:.6f}</strong> bits" in html
    assert "The weakest is segment 2, which begins at sample 16000" in html
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        assert f">{found.quantile(share):.6f}</td>" in html


def test_the_smallest_is_marked_where_it_is():
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    from qrng.report.figures import segments_figure

    places = []
    for weak in range(3):
        symbols = np.random.default_rng(1).integers(0, 4, 3 * SEGMENT)
        symbols[weak * SEGMENT : (weak + 1) * SEGMENT : 2] = 0
        svg = segments_figure(qrng.assess_segments(Samples.from_symbols(symbols, 2), SEGMENT))
        marker = re.search(r'<use [^>]*x="([0-9.]+)"[^>]*fill: #a40000', svg[svg.index("</defs>") :])
        places.append(float(marker[1]))
    assert places[2] - places[1] == pytest.approx(places[1] - places[0], rel=0.1)
    assert places[1] - places[0] > 50


def test_every_estimator_has_its_smallest_and_largest_and_how_often_it_decided():
    found = qrng.assess_segments(weak_in_the_third(), SEGMENT)
    html = page(weak_in_the_third())
    assert len(found.estimators()) == 17
    for e in found.estimators():
        numbers = (f"{e.smallest:.6f}", e.weakest, f"{e.median:.6f}", f"{e.largest:.6f}", e.decided, e.left_out)
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        assert f"<td>{e.name}</td><td>{e.on}</td>{cells}" in html


def test_a_segment_without_entropy_is_counted_and_says_why():
    symbols = np.random.default_rng(1).integers(0, 4, 3 * SEGMENT)
    symbols[SEGMENT : 2 * SEGMENT] = 3
    html = page(Samples.from_symbols(symbols, 2))
    assert "1 of 3 segments has no min-entropy" in html
    assert "begins at sample 8000" in html
    assert "all samples are the same symbol" in html
    assert "at least <strong>" not in html


def test_lanes_lower_the_result_where_their_average_is_smaller():
    samples = noise(2, 1, 0, lanes=1000)
    found = qrng.assess_segments(samples, SEGMENT)
    html = page(samples)
    assert found.claimed_min_entropy == min(a.lane_average for a in found.segments) < found.min_entropy
    assert f"at least <strong>{found.claimed_min_entropy:.6f}</strong>" in html
    assert "lanes, average" in html


def test_segments_that_fail_the_iid_tests_are_counted():
    walk = np.cumsum(np.random.default_rng(1).integers(0, 2, 1600)) % 16
    html = page(Samples.from_symbols(walk, 4), 800, track="iid", seed=3)
    assert "2 of 2 segments failed the IID tests" in html
    assert "IID tests: " in html


def test_many_segments_share_columns_and_the_page_stays_small(one_page):
    symbols = np.random.default_rng(1).integers(0, 2, 16 * 700)
    html = page(Samples.from_symbols(symbols, 1), 16)
    one_page(html)
    assert "range of 2 segments" in html
    assert len(html) < 300_000


def test_a_preview_says_that_it_is_one_and_names_are_escaped():
    html = page(noise(), first=2 * SEGMENT, name="<b>x</b>")
    assert "a preview: only the first 16000 samples" in html
    assert "2 segments of 8000" in html
    assert "<b>x</b>" not in html


def test_the_same_data_give_the_same_page():
    assert page(noise()) == page(noise())
