"""Start-up testing, SP 800-90B section 4.3, item 4: at least 1024 samples in a row pass before any is used.

They are counted over the stream, not over each lane, and are never released.
"""

from __future__ import annotations

from qrng.errors import ParameterError

__all__ = ["STARTUP_SYMBOLS", "Startup"]

STARTUP_SYMBOLS = 1024
"""The least that the standard allows."""


class Startup:
    """Counts the symbols that the continuous tests have yet to pass before the first may be used."""

    def __init__(self, symbols: int = STARTUP_SYMBOLS) -> None:
        """`symbols`: length of the start-up, at least 1024."""
        if symbols < STARTUP_SYMBOLS:
            raise ParameterError(f"start-up takes at least {STARTUP_SYMBOLS} symbols (SP 800-90B 4.3), not {symbols}")
        self.symbols = symbols
        self.left = symbols

    @property
    def passed(self) -> bool:
        """Whether the start-up is over."""
        return self.left == 0

    def take(self, symbols: int) -> int:
        """Count symbols that passed; returns how many of them belong to the start-up."""
        used = min(symbols, self.left)
        self.left -= used
        return used
