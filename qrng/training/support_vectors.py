"""One-class support vectors for any kernel (Schölkopf et al., Neural Computation 13, 1443, 2001), by pairs of weights.

    minimise ½ αᵀ K α    with 0 ≤ α ≤ 1/(ν n), Σ α = 1

so that a share of about ν of the healthy windows lies outside what the vectors enclose.
"""

from __future__ import annotations

import numpy as np

from qrng.health.models.features import Floats

__all__ = ["NU", "one_class"]

NU = 0.2
_STEPS = 100_000
_GAP = 1e-7


def one_class(kernel: Floats, nu: float = NU) -> Floats:
    """The weights α for a kernel matrix (n, n); the same for the same matrix."""
    n = len(kernel)
    most = 1 / (nu * n)
    alpha = np.zeros(n)
    alpha[: int(nu * n)] = most
    alpha[int(nu * n)] = 1 - alpha.sum()
    gradient = kernel @ alpha
    for _ in range(_STEPS):
        up = int(np.argmin(np.where(alpha < most - 1e-15, gradient, np.inf)))
        down = int(np.argmax(np.where(alpha > 1e-15, gradient, -np.inf)))
        gap = gradient[down] - gradient[up]
        if gap < _GAP:
            break
        curve = kernel[up, up] + kernel[down, down] - 2 * kernel[up, down]
        step = min(gap / max(curve, 1e-12), most - alpha[up], alpha[down])
        alpha[up] += step
        alpha[down] -= step
        gradient += step * (kernel[:, up] - kernel[:, down])
    return alpha
