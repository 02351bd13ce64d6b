"""The relay: publishes what the intake has committed, once, in order, whole decisions at a time."""
