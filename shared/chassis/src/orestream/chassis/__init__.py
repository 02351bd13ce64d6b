"""Exactly-once between Kafka and a service's database."""
