"""Extractors and products against what the machine can do and what others do, in one table: see test_reach.py."""
