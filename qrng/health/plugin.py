"""Asking a plug-in: whatever it raises, however long it takes, it costs its own share and nothing else.

What can't be guarded against in one process is code that never returns, which holds the gate shut, or that
reaches into this package: install plug-ins with the care that any package asks for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from qrng._native import wipe
from qrng.bits import Symbols

__all__ = ["PATIENCE", "SLOW", "Patience"]

PATIENCE = 8
"""Unusable answers in a row after which a plug-in is no longer asked."""
SLOW = 1.0
"""Seconds: an answer that takes longer is unusable."""

_Answer = TypeVar("_Answer")


class Patience:
    """Asks one plug-in, and gives up on it after PATIENCE unusable answers in a row.

    Attributes:
        unusable: questions without a usable answer so far.
    """

    def __init__(self, unusable: int = 0, in_a_row: int = 0) -> None:
        self.unusable = unusable
        self._in_a_row = in_a_row

    @property
    def counts(self) -> tuple[int, int]:
        """What a new one takes to go on: questions without a usable answer, and those in a row."""
        return self.unusable, self._in_a_row

    @property
    def lost(self) -> bool:
        """Whether the plug-in is no longer to be asked."""
        return self._in_a_row >= PATIENCE

    def ask(self, question: Callable[[Symbols], _Answer | None], shown: Symbols) -> _Answer | None:
        """The answer about a copy of `shown`, wiped afterwards; None if there is none that is usable.

        A KeyboardInterrupt alone passes: that is the user's.
        """
        copy = bytearray(shown.tobytes())  # whatever flags an array over it is given, this stays writable
        began = time.perf_counter()
        try:
            with np.errstate():  # what it sets for all of NumPy ends with its answer
                answer = question(np.frombuffer(copy, shown.dtype))  # type: ignore[arg-type]
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - whatever it raises, it gave no answer
            answer = None
        finally:
            wipe(copy)
        if answer is not None and time.perf_counter() - began > SLOW:
            answer = None
        self._in_a_row = 0 if answer is not None else self._in_a_row + 1
        self.unusable += answer is None
        return answer
