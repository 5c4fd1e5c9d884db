"""Noise sources: one file a source, and the registry that opens them."""

from __future__ import annotations

from qrng.sources.registry import available, open_source

__all__ = ["available", "open_source"]
