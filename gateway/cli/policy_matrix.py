"""`pointsman policy matrix`."""
