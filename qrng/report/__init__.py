"""Reports for people: one HTML file with everything inside."""
