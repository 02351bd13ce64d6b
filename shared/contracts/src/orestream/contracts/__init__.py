"""Messages, topics and wire format of orestream."""
