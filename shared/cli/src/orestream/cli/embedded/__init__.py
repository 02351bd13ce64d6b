"""Kafka and PostgreSQL on this machine from Python packages alone: no container engine, no system Java."""
