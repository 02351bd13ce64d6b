"""The Kafka side of the chassis: connections, topics, the subscription and the relay's producer."""
