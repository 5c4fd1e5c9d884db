"""NIST SP 800-90B (January 2018): one file an estimator or section of the standard."""
