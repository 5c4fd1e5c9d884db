"""Makes the learned artefact of the health tests: `python -m qrng.training`, deterministic."""
