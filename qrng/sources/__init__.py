"""Noise sources: one file a source, and the registry that opens them."""
