"""Pure metallurgical arithmetic: quantities, assays, balances, recovery."""
