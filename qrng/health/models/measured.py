"""The two quantum models with their circuits measured on a device: a fake backend, or hardware of IBM's.

    from qrng.quantum.qiskit_runner import SampledRunner
    model = MeasuredModel(loaded.model, SampledRunner(FakeTorino(), shots=4096))
    calibration = Calibration.of(model, healthy_windows, repeatable=False)

One job of as many circuits as there are support vectors for each window (kind `fidelity`), or of one (`variational`):
for a capture, not for a stream of megabits. Scores are sampled and carry the device's noise; the calibration has to be
measured on the same device.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qrng.errors import ParameterError
from qrng.health.models.features import FEATURES, features
from qrng.health.models.maps import ansatz, feature_map
from qrng.health.models.model import Model, standardised
from qrng.quantum.circuits import signs
from qrng.quantum.qiskit_runner import SampledRunner

__all__ = ["MeasuredModel"]


class MeasuredModel:
    """A score plug-in (`qrng.health.score.ScoreModel`) whose answers are measured.

    Attributes:
        model: the fitted model.
        window: symbols of a window.
    """

    def __init__(self, model: Model, runner: SampledRunner) -> None:
        """ParameterError for a model that is no circuit."""
        if model.kind not in ("fidelity", "variational"):
            raise ParameterError(f"a {model.kind} model has no circuit to measure: fidelity and variational ones have")
        self.model, self.window = model, model.window
        self._runner = runner

    def score(self, window: npt.NDArray[Any]) -> float:
        """See ScoreModel."""
        p = self.model.parameters
        z = standardised(features(window[None], self.model.shape), p)
        if self.model.kind == "fidelity":
            bandwidth = float(p["bandwidth"])
            others = feature_map(p["support"], bandwidth)
            found = self._runner.fidelities(FEATURES, feature_map(z, bandwidth), others, len(p["support"]))
            return float(-found @ p["weights"])
        shares = self._runner.probabilities(FEATURES, ansatz(z, p["angles"], float(p["scale"])))[0]
        observable = p["readout"] @ np.stack([signs(FEATURES, q) for q in range(FEATURES)])
        return float(shares @ observable + p["bias"])
