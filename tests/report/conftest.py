"""What every page of a report is."""

import re
from html.parser import HTMLParser

import pytest


class Balanced(HTMLParser):
    """Every element that is opened is closed, in order."""

    VOID = frozenset({"meta", "br", "use", "path", "image"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture
def one_page():
    """Check that a page is one well-formed file without scripts or anything fetched."""

    def check(html: str) -> None:
        parser = Balanced()
        parser.feed(html)
        assert parser.open == []
        assert "<script" not in html
        assert not re.search(r"(src|href)=\"(?!#|data:)", html)

    return check
