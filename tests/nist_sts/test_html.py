"""The report as HTML: well formed, nothing loaded, nothing that the data's name could inject."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

import nist_sts
from nist_sts import TESTS
from nist_sts.html import page, section


@pytest.fixture(scope="module", params=[1, 60])
def report(request: pytest.FixtureRequest) -> nist_sts.Report:
    return nist_sts.run(np.random.default_rng(3).bytes(200_000), sequences=request.param)


def test_section_is_well_formed_with_one_row_a_test(report: nist_sts.Report) -> None:
    root = ElementTree.fromstring(section(report))
    names = [row.find("td").text for row in root.iter("tr") if row.find("td") is not None]
    assert names == list(TESTS)


def test_every_judged_test_has_its_plots(report: nist_sts.Report) -> None:
    root = ElementTree.fromstring(section(report))
    judged = sum(test.passed is not None for test in report.tests)
    assert len(list(root.iter("svg"))) == judged * (1 if report.sequences == 1 else 2)
    for svg in root.iter("svg"):
        xs = [float(x) for x in re.findall(r'(?:cx|x)="([\d.-]+)"', ElementTree.tostring(svg, "unicode"))]
        assert all(0 <= x <= 200 for x in xs)


def test_verdict_and_its_meaning_are_told(report: nist_sts.Report) -> None:
    text = page(report)
    assert "PASS" in text
    assert "says nothing about min-entropy" in text
    assert "The verdict is Holm's" in text
    assert "FAIL" in page(nist_sts.run(bytes(1000)))
    assert "NOT JUDGED" in page(nist_sts.run(bytes(2)))


def test_nothing_is_loaded_or_injected(report: nist_sts.Report) -> None:
    named = replace(report, input={"file": "<script>x</script>.bin", "read_as": "packed"})
    text = page(named)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"https?://|src=|@import", text)
