"""A hand-written consume, transform, produce loop with transactions, after confluent-kafka's own example.

Its state is a dictionary: a crash loses it. Writing it down within the same transaction would need a
changelog topic and its replay, or a database whose commit can differ from Kafka's.
"""

from confluent_kafka import Consumer, KafkaException, Message, Producer

from tests.bench.peers.arguments import Arguments, arguments, with_state

_BATCH, _WAIT_S = 1_000, 0.01


def main(given: Arguments) -> None:
    """Run until killed."""
    consumer = Consumer(
        {
            "bootstrap.servers": given.bootstrap,
            "group.id": "transactions",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    producer = Producer(
        {"bootstrap.servers": given.bootstrap, "transactional.id": "transactions", "linger.ms": 5}
    )
    producer.init_transactions()
    consumer.subscribe([given.input])
    states: dict[bytes, bytes] = {}
    while True:
        batch = consumer.consume(_BATCH, _WAIT_S)
        if batch:
            _answer(consumer, producer, given.output, states, batch)


def _answer(
    consumer: Consumer, producer: Producer, output: str, states: dict[bytes, bytes], batch: list[Message]
) -> None:
    producer.begin_transaction()
    for message in batch:
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        key, value = message.key(), message.value()
        assert isinstance(key, bytes)
        assert isinstance(value, bytes)
        states[key], answer = with_state(states.get(key), value)
        _send(producer, output, key, answer)
    producer.send_offsets_to_transaction(
        consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
    )
    producer.commit_transaction()


def _send(producer: Producer, output: str, key: bytes, value: bytes) -> None:
    while True:
        try:
            producer.produce(output, value, key)
        except BufferError:  # the queue is full: let it drain, then once more
            producer.poll(0.1)
        else:
            return


if __name__ == "__main__":
    main(arguments())
