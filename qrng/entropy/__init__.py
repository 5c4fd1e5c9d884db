"""Min-entropy estimation: statistics of SP 800-90B and bounds from physics."""
