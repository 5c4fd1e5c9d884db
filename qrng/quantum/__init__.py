"""Small quantum circuits: simulated exactly with numpy, or run by Qiskit on a simulator, a fake backend or hardware."""
