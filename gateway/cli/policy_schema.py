"""`pointsman policy schema`."""
