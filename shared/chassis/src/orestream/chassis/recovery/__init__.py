"""Takes visible records back into a database that is behind them: a restored backup, or an empty one."""
