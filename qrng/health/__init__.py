"""Health tests of the raw bits, and the gate that they guard."""
