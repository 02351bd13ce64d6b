"""One verb of the `orestream` command a file."""
