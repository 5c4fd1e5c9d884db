"""Which qubits or pairs to use next, learned from calibration and from past data: Thompson sampling.

Each arm (a qubit, a pair) has a Beta posterior of its success probability: its share of known answers that came out
right, or of CHSH trials won. The calibration is the prior, worth a stated number of trials; past trials fade, so that
drift is followed. To choose, a success probability is drawn from each posterior and the best draws win, so that arms of
which little is known are tried (Thompson, Biometrika 25, 285 (1933); Russo et al., Found. Trends ML 11, 1 (2018)).

A choice is never evidence: it looks at past data only, and a claim must be computed from data taken after it. Then no
choice, however it was made, can make a claim false.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError

__all__ = ["ThompsonSelector"]


class ThompsonSelector:
    """Chooses arms, and learns from what came of them.

    Args:
        prior: success probability of each arm by the calibration, in (0, 1).
        prior_trials: how many trials the calibration is worth; few if it is old.
        memory: trials of an arm after which older ones count 1/e; None to forget nothing.
        exclusive: for each arm, what it occupies (the two qubits of a pair); arms that share anything are not chosen
            together. None: arms don't exclude each other.
        seed: of the draws, None for fresh ones. They decide what is measured, not what it is worth.

    Raises:
        ParameterError: a prior out of range, or lists of different lengths.
    """

    def __init__(
        self,
        prior: Sequence[float],
        prior_trials: float = 100.0,
        memory: float | None = None,
        exclusive: Sequence[Sequence[int]] | None = None,
        seed: int | None = None,
    ) -> None:
        self._prior = np.asarray(prior, np.float64)
        if self._prior.ndim != 1 or not self._prior.size or not ((self._prior > 0) & (self._prior < 1)).all():
            raise ParameterError("selection: the prior is one success probability in (0, 1) for each arm")
        if not prior_trials > 0 or not (memory is None or memory > 0):
            raise ParameterError("selection: prior_trials and memory must be positive")
        if exclusive is not None and len(exclusive) != self._prior.size:
            raise ParameterError(f"selection: {len(exclusive)} exclusions for {self._prior.size} arms")
        self._weight = prior_trials
        self._memory = memory
        self._occupied = None if exclusive is None else [frozenset(uses) for uses in exclusive]
        self._rng = np.random.default_rng(seed)
        self._wins = np.zeros(self._prior.size)
        self._losses = np.zeros(self._prior.size)

    def choose(self, count: int) -> list[int]:
        """Up to `count` arms, best draw first; fewer where the others are excluded by those chosen.

        Raises:
            ParameterError: more arms than there are, or none.
        """
        if not 1 <= count <= self._prior.size:
            raise ParameterError(f"selection: from 1 to {self._prior.size} arms can be chosen, not {count}")
        draws = self._rng.beta(self._weight * self._prior + self._wins, self._weight * (1 - self._prior) + self._losses)
        chosen: list[int] = []
        taken: set[int] = set()
        for arm in np.argsort(-draws).tolist():
            if self._occupied is not None:
                if taken & self._occupied[arm]:
                    continue
                taken |= self._occupied[arm]
            chosen.append(arm)
            if len(chosen) == count:
                break
        return chosen

    def update(self, arm: int, wins: int, trials: int) -> None:
        """Learn that an arm won `wins` of `trials`.

        Raises:
            ParameterError: counts that don't fit, or no such arm.
        """
        if not 0 <= arm < self._prior.size or not 0 <= wins <= trials:
            raise ParameterError(f"selection: {wins} of {trials} for arm {arm}")
        if self._memory is not None:
            fade = float(np.exp(-trials / self._memory))
            self._wins[arm] *= fade
            self._losses[arm] *= fade
        self._wins[arm] += wins
        self._losses[arm] += trials - wins

    def expected(self) -> npt.NDArray[np.float64]:
        """Mean success probability of each arm, as it is believed now."""
        wins, losses = self._weight * self._prior + self._wins, self._weight * (1 - self._prior) + self._losses
        return np.asarray(wins / (wins + losses))
