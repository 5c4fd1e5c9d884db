"""Templates to text (extra `report`)."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import qrng
from qrng.errors import MissingExtraError

__all__ = ["render", "require"]


def require() -> None:
    """Raise now what a page would raise after long work.

    Raises:
        MissingExtraError: matplotlib or jinja2 is not installed.
    """
    if not all(find_spec(name) for name in ("jinja2", "matplotlib")):
        raise MissingExtraError("the HTML report", "report")


def render(template: str, **values: Any) -> str:
    """The page that a template of this package makes; a name that it lacks is an error, and all text is escaped.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("the HTML report", "report") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_source))
    text: str = environment.get_template(template).render(version=qrng.__version__, **values)
    return text


def _source(name: str) -> str:
    return (files("qrng.report") / "templates" / name).read_text("utf-8")
