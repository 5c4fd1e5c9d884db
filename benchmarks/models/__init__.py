"""What models of windows find, classical and quantum: `python -m benchmarks.models` from the root of the tree."""

import sys
from pathlib import Path

# The source tree has no extension module; the installed package is meant.
_ROOT = Path(__file__).resolve().parents[2]
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _ROOT]
