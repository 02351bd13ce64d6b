"""The demo: a first mixed shipment is made live on a genuine Kafka, and everything is checked afterwards."""
