"""Extraction of a capture file, from Python: what the command can't show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qrng.errors import QrngError
from qrng.extraction import extract_file


def test_a_file_that_changes_between_the_passes_gives_no_output(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(1).bytes(10_000))

    def change(what: str, n: int) -> None:
        if what == "health tests":
            content = bytearray(raw.read_bytes())
            content[9_000] ^= 1
            raw.write_bytes(content)

    with pytest.raises(QrngError, match="changed between"):
        extract_file(str(raw), tmp_path / "out", min_entropy=0.9, progress=change)
    assert [path.name for path in tmp_path.iterdir()] == ["raw.bin"]


def test_a_progress_callback_hears_of_every_raw_bit_in_both_passes(tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.random.default_rng(1).bytes(10_000))
    heard: dict[str, int] = {}

    def count(what: str, n: int) -> None:
        heard[what] = heard.get(what, 0) + n

    extract_file(str(raw), tmp_path / "out", input_bits=1000, output_bits=10, progress=count)
    assert heard == {"health tests": 80_000, "extraction": 80_000}
