"""The Python blocks of the pages run as they stand, page by page, from the first to the last."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GIVEN = {
    "assessment.md": """
        import numpy as np
        symbols = np.random.default_rng(1).integers(0, 256, 20_000, dtype=np.uint8)
        symbols.tofile("capture.bin")
        import qrng
        stream = [qrng.Samples.from_symbols(symbols[i:i + 5000] & 1, 1) for i in range(0, 20_000, 5000)]
    """,
    "extractors.md": "import os; raw = os.urandom(8 * (1 << 17))",
    "health.md": """
        import qrng
        source = qrng.open_source("sim:?qubits=32")
        chunks = [source.read(1 << 16) for _ in range(4)]
    """,
    "scale.md": """
        import numpy as np
        np.random.default_rng(1).integers(0, 2, 20_000, dtype=np.uint8).tofile("a.bin")
        captures = ["a.bin"]
    """,
    "privacy-amplification.md": """
        import os
        from pathlib import Path
        from qrng.extractors import ModifiedToeplitz
        for name in ("bob.bin", "alice.key.seed"):
            Path(name).write_bytes(os.urandom(12_500))
        ends = ModifiedToeplitz(100_000, 50_616)
        alice = ends.extract(Path("bob.bin").read_bytes(), Path("alice.key.seed").read_bytes())
        Path("alice.key").write_bytes(alice)
    """,
    "sts.md": "import os; packed = os.urandom(125_000)",
}
"""What a page takes for granted: its reader's data, here simulated."""


def python_of(page: Path) -> str:
    return "\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.S | re.M))


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if python_of(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    given = re.sub(r"^ {8}", "", GIVEN.get(page.name, ""), flags=re.M)
    env = {key: value for key, value in os.environ.items() if not key.startswith("QRNG_")}
    done = subprocess.run(
        [sys.executable, "-c", f"{given}\n{python_of(page)}"],
        env=env | {"XDG_CONFIG_HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_pages_with_python_are_found() -> None:
    assert {"README.md", "start.md", *GIVEN} <= {page.name for page in PAGES}
