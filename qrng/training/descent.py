"""Adam (Kingma, Ba, ICLR 2015), for the networks and circuits that are fitted here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qrng.health.models.features import Floats

__all__ = ["Adam", "descend"]


class Adam:
    """Steps of one vector of parameters along gradients."""

    def __init__(self, size: int, rate: float) -> None:
        self._mean, self._square = np.zeros(size), np.zeros(size)
        self._rate, self._steps = rate, 0

    def step(self, parameters: Floats, gradient: Floats, share: float = 1.0) -> Floats:
        """The parameters after one step against the gradient, at this share of the rate."""
        self._steps += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean = self._mean / (1 - 0.9**self._steps)
        root = np.sqrt(self._square / (1 - 0.999**self._steps)) + 1e-8
        return np.asarray(parameters - share * self._rate * mean / root, np.float64)


def descend(parameters: Floats, slope: Callable[[Floats], Floats], steps: int, rate: float) -> Floats:
    """Parameters after so many steps, the rate falling to zero."""
    adam = Adam(len(parameters), rate)
    for step in range(steps):
        parameters = adam.step(parameters, slope(parameters), 1 - step / steps)
    return parameters
