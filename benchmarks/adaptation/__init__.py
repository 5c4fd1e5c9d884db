"""What adapting a Bell test to a drifting device brings: `python -m benchmarks.adaptation`."""
