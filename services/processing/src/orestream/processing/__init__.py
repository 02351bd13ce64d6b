"""The orestream processing service."""
