"""SP 800-22: statistical tests of random bits, right and fast; usable alone."""
