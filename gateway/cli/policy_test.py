"""`pointsman policy test`."""
