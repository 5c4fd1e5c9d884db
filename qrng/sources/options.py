"""Options of a source: from the query of its spec, as text, or from keywords, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from qrng.errors import ParameterError

__all__ = ["Options"]

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class Options:
    """Options not yet taken. Each method takes one, by name, and gives `default` if it is absent."""

    def __init__(self, scheme: str, query: str, keywords: Mapping[str, Any]) -> None:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        except ValueError:
            raise ParameterError(f"{scheme}: options are written as ?name=value&name=value, not {query!r}") from None
        names = [name for name, _ in pairs] + list(keywords)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ParameterError(f"{scheme}: the option {twice[0]} is given twice")
        self._scheme = scheme
        self._values: dict[str, Any] = {**dict(pairs), **keywords}
        self._known: list[str] = []

    def _take(self, name: str) -> Any:
        self._known.append(name)
        return self._values.pop(name, None)

    def _bad(self, name: str, what: str, value: Any) -> ParameterError:
        return ParameterError(f"{self._scheme}: the option {name} takes {what}, not {value!r}")

    def text(self, name: str, default: str | None = None) -> str | None:
        """A word."""
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self._bad(name, "a word", value)
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number."""
        value = self._take(name)
        if value is None:
            return default
        try:
            if isinstance(value, bool | float):
                raise ValueError
            return int(value)
        except (TypeError, ValueError):
            raise self._bad(name, "a whole number", value) from None

    def flag(self, name: str) -> bool:
        """true or false; absent is false."""
        value = self._take(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value).lower()
        if word not in _TRUE + _FALSE:
            raise self._bad(name, "true or false", value)
        return word in _TRUE

    def numbers(self, name: str, default: float | Sequence[float]) -> tuple[float, ...]:
        """One finite number, or several: with commas between them in a spec, a sequence as a keyword."""
        value = self._take(name)
        if value is None:
            value = default
        parts = value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else [value]
        try:
            found = tuple(float(part) for part in parts)
        except (TypeError, ValueError):
            raise self._bad(name, "a number, or several with commas between them", value) from None
        if not found or not all(map(math.isfinite, found)):
            raise self._bad(name, "finite numbers", value)
        return found

    def number(self, name: str, default: float) -> float:
        """One finite number."""
        found = self.numbers(name, default)
        if len(found) != 1:
            raise self._bad(name, "one number", found)
        return found[0]

    def unknown(self) -> str | None:
        """One line on an option that nobody took, or None."""
        if not self._values:
            return None
        return f"{self._scheme}: no option named {next(iter(self._values))!r}; there are {', '.join(self._known)}"
