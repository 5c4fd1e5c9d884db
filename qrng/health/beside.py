"""What a caller adds to the tests in force: models of windows from files, side data, a look at every bit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qrng.errors import ParameterError
from qrng.health.registry import Maker
from qrng.source import Source

__all__ = ["Beside", "models_of", "side_data_of"]


@dataclass(frozen=True)
class Beside:
    """Loaded once, so that restarts use what was checked at the beginning.

    Attributes:
        more: makers of the models' tests, for `Gate` and `scan`.
        side_data: names of side data, for the same.
        every_bit: for the same.
        models: JSON-ready: the file of each model, its kind, its SHA-256 and what its bound assumes.
    """

    more: tuple[Maker, ...] = ()
    side_data: tuple[str, ...] = ()
    every_bit: bool = False
    models: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(
        cls,
        models: Iterable[str | os.PathLike[str]] = (),
        side_data: Iterable[str] = (),
        every_bit: bool = False,
        drop_lanes: int = 0,
    ) -> Beside:
        """Read the models' files.

        Args:
            models: files of `qrng health train`, each with its manifest beside it.
            side_data: names of side data, as a capture or a source has them.
            every_bit: whether the mixing of contexts and the coupling of lanes watch every bit.
            drop_lanes: lanes that may be left out.

        Raises:
            HealthFailure: a file is missing or altered, or holds no model.
            ParameterError: models and lanes to be left out together.
        """
        paths, names = [Path(model) for model in models], tuple(side_data)
        if not paths:
            return cls((), names, every_bit)
        if drop_lanes:
            raise ParameterError(
                "a model watches the lanes that it was fitted to, and can't go on without one of them: leave out the "
                "model, or let no lane be dropped"
            )
        from qrng.health.models.artefact import load, maker  # costs a start that uses none

        found = [load(path) for path in paths]
        return cls(
            tuple(maker(path, loaded) for path, loaded in zip(paths, found, strict=True)),
            names,
            every_bit,
            tuple(
                {
                    "file": str(path),
                    "kind": loaded.model.kind,
                    "sha256": loaded.sha256,
                    "assumes": loaded.calibration.assumes,
                }
                for path, loaded in zip(paths, found, strict=True)
            ),
        )

    @property
    def options(self) -> dict[str, Any]:
        """`more`, `side_data` and `every_bit`, as `Gate`, `scan` and `Allowance.for_block` take them."""
        return {"more": self.more, "side_data": self.side_data, "every_bit": self.every_bit}

    def refuse_without_side_data(self, source: Source) -> None:
        """ParameterError unless a live source says that it brings these side data with its symbols."""
        missing = [name for name in self.side_data if name not in source.side_names]
        if missing:
            there = ", ".join(source.side_names) or "none"
            raise ParameterError(
                f"{source.spec} brings no side data {', '.join(missing)} with its symbols; there are: {there}. "
                "Captures in the container layout and sources of protocols have some"
            )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: side_data, every_bit and models."""
        return {
            "side_data": list(self.side_data),
            "every_bit": self.every_bit,
            "models": [dict(model) for model in self.models],
        }


def models_of(tests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """JSON-ready: kind, SHA-256 and assumption of each model among described tests."""
    return [
        {"kind": test["name"], "sha256": test["sha256"], "assumes": test["assumes"]}
        for test in tests
        if "sha256" in test
    ]


def side_data_of(tests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the side data that described tests look at."""
    return [name for test in tests for name in test.get("side_data", ())]
