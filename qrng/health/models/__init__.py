"""Models that score windows, classical and quantum, fitted to a healthy source: score plug-ins, none in the default."""
