"""The orestream export service."""
