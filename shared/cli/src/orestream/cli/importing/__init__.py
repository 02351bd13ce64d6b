"""Commands from files: JSONL and CSV, read, checked by row and column, and made ready to send."""
