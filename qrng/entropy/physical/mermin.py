"""GHZ states: two of the three bits of a run, from the Mermin value.

M = ⟨XXX⟩ − ⟨XYY⟩ − ⟨YXY⟩ − ⟨YYX⟩, with b = (4 − M) / 16 the probability of guessing two of the bits is at most

    1/4 + 2b + √(3 (b − 4b²))  for b < 1/16,   1/2 + 4b  up to 1/8,   1 beyond (M ≤ 2).

This is a bound for one run: runs are taken as independent and alike, and M at its lower confidence limit (Hoeffding).
The maximum over all qubit strategies confirms it; Woodhead, Bourdoncle and Acín, Quantum 2, 82 (2018), derive it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from qrng.claim import EntropyClaim
from qrng.entropy.physical.limits import check_error, guessing
from qrng.errors import ParameterError

__all__ = ["guess_of_mermin", "mermin", "mermin_value"]

_SIGNS = (1, -1, -1, -1)


def guess_of_mermin(m: float) -> float:
    """Guessing probability of two of the three bits at Mermin value M.

    Raises:
        ParameterError: M above 4, which no device reaches.
    """
    if m > 4:
        raise ParameterError(f"M = {m} exceeds 4: no device does this")
    b = (4 - m) / 16
    if b < 1 / 16:
        return 0.25 + 2 * b + math.sqrt(3 * (b - 4 * b * b))
    return min(1.0, 0.5 + 4 * b)


def mermin_value(even: Sequence[int], runs: Sequence[int]) -> float:
    """M from counts of even parity among the runs of XXX, XYY, YXY, YYX, in that order."""
    if len(even) != 4 or len(runs) != 4 or any(not 0 <= k <= n or n < 1 for k, n in zip(even, runs, strict=True)):
        raise ParameterError("Mermin counts are even parities and runs of the settings XXX, XYY, YXY, YYX")
    return sum(sign * (2 * k / n - 1) for sign, k, n in zip(_SIGNS, even, runs, strict=True))


def mermin(even: Sequence[int], runs: Sequence[int], log2_error: float = -64.0) -> EntropyClaim:
    """Min-entropy of two of the three bits of a run (a symbol of two bits).

    Args:
        even, runs: as in `mermin_value`.

    Raises:
        EntropyError: nothing is left at this error.
    """
    spread = math.sqrt(-2 * check_error(log2_error) * math.log(2) * sum(1 / n for n in runs if n))
    m = mermin_value(even, runs)
    return EntropyClaim(
        min(2.0, guessing(guess_of_mermin(m - spread), f"Mermin: M = {m:.4f}")),
        log2_error,
        (
            "the three qubits don't signal to each other during a run; no locality loophole is closed",
            "settings were chosen at random, unknown to the device",
            "runs are independent and alike",
            "two of the three bits are used",
        ),
        "Mermin inequality; Woodhead, Bourdoncle, Acin, Quantum 2, 82 (2018); Hoeffding limit",
        2,
    )
