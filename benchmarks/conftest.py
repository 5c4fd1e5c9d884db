"""Modules beside the benchmarks are importable, without the source tree in front of the installed package."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
