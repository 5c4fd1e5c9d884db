"""The assessment report; skipped where the extra `report` is not installed."""

import re

import numpy as np
import pytest

import qrng
from qrng.report.measures import autocorrelation, ones_by_position, run_lengths
from qrng.samples import Samples


def report(samples: Samples, name: str = "raw.bin", **options) -> str:
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    from qrng.report.assessment import assessment_html

    segments = options.pop("segments", None)
    return assessment_html(qrng.assess(samples, **options), samples, name=name, segments=segments)


def noise(width: int = 4, n: int = 8000, **known) -> Samples:
    return Samples.from_symbols(np.random.default_rng(1).integers(0, 2**width, n), width, **known)


def test_the_report_is_one_file_that_fetches_nothing(one_page):
    html = report(noise())
    one_page(html)
    assert html.count("<svg") == 4


def test_it_says_what_was_assessed_and_what_may_be_claimed():
    samples = noise()
    result = qrng.assess(samples)
    html = report(samples)
    assert "raw.bin" in html
    assert "8000 samples of 4 bits" in html
    assert f"<strong>{result.claim.bits_per_sample:.6f}</strong>" in html
    for estimate in result.estimators:
        assert f"{estimate.min_entropy:.6f}" in html
    assert "no adversary" in html


def test_names_are_escaped():
    assert "<b>x</b>" not in report(noise(), name="<b>x</b>")


def test_lanes_and_segments_are_drawn():
    samples = noise(1, 40_000, lanes=8)
    segments = qrng.assess_segments(samples, 8000)
    html = report(samples, segments=segments)
    assert html.count("<svg") == 5
    assert "5 segments of 8000 samples" in html
    assert "by lane" in html


@pytest.mark.parametrize(
    ("width", "lanes", "shown", "not_shown"),
    [
        (1, 1, ["all bits"], ["lane"]),
        (1, 8, ["lane", "+"], ["most significant"]),
        (1, 100, ["lane", "0 +", "32 +", "96 +"], ["most significant"]),
        (4, 1, ["bit of a symbol", "ones, in"], ["lane"]),
        (4, 100, ["bit of a symbol", "lane"], ["32 +"]),
    ],
)
def test_the_heat_map_labels_what_it_shows(width, lanes, shown, not_shown):
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    from qrng.report.figures import heat_map

    svg = heat_map(noise(width, lanes=lanes))
    texts = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    assert all(text in texts for text in shown), texts
    assert not any(text in texts for text in not_shown), texts
    height = float(re.search(r'viewBox="0 0 \S+ ([0-9.]+)"', svg)[1])
    assert height <= 72 * 9


def test_the_heat_map_says_values_in_standard_deviations():
    """3 of 4 ones among 100 bits: (0.75 − 0.5) / (0.5 / √100) = 5."""
    pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    from qrng.report.figures import heat_map

    svg = heat_map(Samples.from_symbols([0b11, 0b10, 0b10, 0b00] * 25, 2))
    assert re.findall(r"<text[^>]*>([+\u2212-][0-9.]+)</text>", svg)[:2] == ["+5.0", "-5.0"]


def test_what_decided_stands_out():
    result = qrng.assess(noise())
    marked = re.findall(r'<tr class="decides"><td>([^<]*)</td><td>([^<]*)</td>', report(noise()))
    assert marked == [(result.decisive.section, result.decisive.name)]


def test_a_constant_capture_awards_nothing_and_still_makes_a_report():
    html = report(Samples.from_symbols(np.full(5000, 3), 2))
    assert "No min-entropy is awarded" in html


def test_failed_iid_tests_award_nothing_and_show_which():
    walk = np.cumsum(np.random.default_rng(1).integers(0, 2, 600)) % 16
    html = report(Samples.from_symbols(walk, 4), track="iid", seed=3)
    assert "IID tests: FAILED" in html
    assert "seed 3" in html
    assert "No min-entropy is awarded" in html


def test_every_iid_test_is_shown_with_what_it_found():
    samples = noise(1, 2000)
    verdict = qrng.assess(samples, track="iid", seed=3).iid
    html = report(samples, track="iid", seed=3)
    for test in (verdict.independence, verdict.goodness_of_fit):
        freedom, p = test.degrees_of_freedom, test.p_value
        assert f'<td class="number">{freedom}</td><td class="number">{p:.6f}</td>' in html
    repeat = verdict.repeated_substring
    assert f'<td class="number">{repeat.w}</td><td></td><td class="number">{repeat.probability:.6f}</td>' in html
    assert all(f"<td>{value.name}</td>" in html for value in verdict.permutation.ranked)


def test_the_same_data_give_the_same_report():
    assert report(noise()) == report(noise())


def test_ones_are_counted_at_each_position_of_each_lane():
    samples = Samples.from_symbols([0b10, 0b01, 0b11, 0b01, 0b10, 0b00], 2, lanes=2)
    assert ones_by_position(samples).tolist() == [[1.0, 1 / 3], [0.0, 2 / 3]]


def test_autocorrelation_shows_a_period():
    found = autocorrelation(Samples.from_symbols(np.arange(10_000) % 10, 4))
    assert found[9] > 0.99
    assert found[4] < -0.4
    assert not autocorrelation(Samples.from_symbols(np.full(100, 2), 2)).any()


def test_runs_of_equal_bits_are_counted_by_length():
    counts, expected = run_lengths(Samples.from_symbols([0, 0, 1, 0, 1, 1, 1, 1]), longest=3)
    assert counts.tolist() == [2.0, 1.0, 1.0]
    assert expected[0] == 2.0
