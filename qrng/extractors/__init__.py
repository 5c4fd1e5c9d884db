"""Randomness extractors: from raw bits of bounded min-entropy to nearly uniform ones."""
