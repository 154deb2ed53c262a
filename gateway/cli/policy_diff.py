"""`pointsman policy diff`."""
