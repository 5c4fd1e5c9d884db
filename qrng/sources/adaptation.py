"""How to run a protocol next, learned from what came of it: share of test rounds, shots a setting, block length.

Each way to run it is an arm. What is learned is the rate of an arm in a context: what it brought (certified bits) over
the seconds that it took, both summed over past rounds. A context is what is known before the choice, put into few
classes: the share of trials that was won of late, say. Two learners have the same face:

- `RateBandit`, a contextual bandit: Thompson sampling of each arm's rate, with a model's rates as prior;
- `RateQLearner`, a reinforcement learner: average-reward Q-learning for tasks whose steps last differently long (Das,
  Gosavi, Mahadevan, Marchalleck, Management Science 45, 560 (1999)), which also weighs what a choice leads to.

A choice is never evidence, as in `qrng.sources.selection`: thresholds are fixed before the data, claims computed from
the data after the choice. `python -m benchmarks.adaptation` compares both with simpler ways.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError

__all__ = ["RateBandit", "RateQLearner"]

Table = npt.NDArray[np.float64]


def _prior(prior: Sequence[Sequence[float]]) -> Table:
    table = np.array(prior, np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise ParameterError("adaptation: the prior is a table of finite rates, one row a context, one column an arm")
    return table


class RateBandit:
    """Chooses the arm whose rate, drawn from what is believed of it, is highest.

    Args:
        prior: rate of each arm in each context, table (contexts, arms): a model's, or all alike.
        prior_rounds: rounds that the prior is worth.
        spread: standard deviation of what one round brings, as a share of the largest prior rate.
        memory: rounds of a context after which older ones count 1/e; None to forget nothing.
        seed: of the draws. They decide what is done, not what it is worth.

    Raises:
        ParameterError: a table that is none, or numbers out of range.
    """

    def __init__(
        self,
        prior: Sequence[Sequence[float]],
        prior_rounds: float = 3.0,
        spread: float = 0.1,
        memory: float | None = 100.0,
        seed: int | None = None,
    ) -> None:
        self._rates = _prior(prior)
        if not prior_rounds > 0 or not spread > 0 or not (memory is None or memory > 0):
            raise ParameterError("adaptation: prior_rounds, spread and memory must be positive")
        self._weight = prior_rounds
        self._scale = spread * max(float(np.abs(self._rates).max()), 1e-12)
        self._keep = 1.0 if memory is None else float(np.exp(-1 / memory))
        self._rng = np.random.default_rng(seed)
        self._rounds = np.zeros_like(self._rates)
        self._brought = np.zeros_like(self._rates)
        self._seconds = np.zeros_like(self._rates)

    def expected(self, context: int) -> Table:
        """Rate of each arm in that context, as it is believed now."""
        n = self._rounds[context]
        seen = np.divide(self._brought[context], self._seconds[context], out=np.zeros_like(n), where=n > 0)
        believed: Table = (self._weight * self._rates[context] + n * seen) / (self._weight + n)
        return believed

    def choose(self, context: int) -> int:
        """The arm to use next."""
        width = self._scale / np.sqrt(self._weight + self._rounds[context])
        return int(np.argmax(self._rng.normal(self.expected(context), width)))

    def update(self, context: int, arm: int, brought: float, seconds: float, after: int | None = None) -> None:
        """Learn what an arm brought, and how long it took; `after`, the context it led to, is nothing to a bandit.

        Raises:
            ParameterError: no time, or what is no number.
        """
        _check(brought, seconds)
        for table in (self._rounds, self._brought, self._seconds):
            table[context] *= self._keep
        self._rounds[context, arm] += 1
        self._brought[context, arm] += brought
        self._seconds[context, arm] += seconds


class RateQLearner:
    """Average-reward Q-learning: values what a choice brings beyond the average rate, and where it leads.

    Args:
        prior: as in `RateBandit`; the best arm of each row is tried first.
        explore: share of choices at random at first; it falls as n^(−1/3).
        step: learning rate.
        seed: of the draws.

    Raises:
        ParameterError: a table that is none, or numbers out of range.
    """

    def __init__(
        self, prior: Sequence[Sequence[float]], explore: float = 0.1, step: float = 0.2, seed: int | None = None
    ) -> None:
        rates = _prior(prior)
        if not 0 <= explore <= 1 or not 0 < step <= 1:
            raise ParameterError("adaptation: explore lies in [0, 1], step in (0, 1]")
        self._rate = float(rates.max(axis=1).mean())
        self._scale = max(abs(self._rate), 1e-12)
        self._value: Table = (rates - rates.max(axis=1, keepdims=True)) / self._scale
        self._explore, self._step = explore, step
        self._rng = np.random.default_rng(seed)
        self._count = 0
        self._brought, self._seconds = self._rate, 1.0

    def choose(self, context: int) -> int:
        """The arm to use next."""
        self._count += 1
        if self._rng.random() < self._explore / np.cbrt(self._count):
            return int(self._rng.integers(self._value.shape[1]))
        return int(np.argmax(self._value[context]))

    def update(self, context: int, arm: int, brought: float, seconds: float, after: int | None = None) -> None:
        """Learn what an arm brought in so many seconds, and the context that it led to (None: the same).

        Raises:
            ParameterError: no time, or what is no number.
        """
        _check(brought, seconds)
        self._brought, self._seconds = 0.98 * self._brought + brought, 0.98 * self._seconds + seconds
        self._rate = self._brought / self._seconds
        gain = (brought / seconds - self._rate) / self._scale  # by the second: else long arms drown the rest
        ahead = float(self._value[context if after is None else after].max())
        self._value[context, arm] += self._step * (gain + 0.5 * ahead - self._value[context, arm])


def _check(brought: float, seconds: float) -> None:
    if not (np.isfinite(brought) and np.isfinite(seconds) and seconds > 0):
        raise ParameterError(f"adaptation: a round brings a number in a positive time, not {brought} in {seconds} s")
