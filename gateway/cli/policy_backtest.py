"""`pointsman policy backtest`."""
