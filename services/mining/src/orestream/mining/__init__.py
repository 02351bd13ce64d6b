"""The orestream mining service."""
