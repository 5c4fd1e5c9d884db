"""The learned bettor and its artefact: weights.npz and manifest.json, made by `python -m qrng.training`."""
