"""What is published for readers in any language, made from the models and the topic catalogue."""
